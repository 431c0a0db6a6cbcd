"""Calls that are meant to be right are put right where a schema cannot say what the server looks at: that one
field goes with another, that a name stands for something that is there. Calls that are meant to be wrong
stay as they are."""

import schemathesis

MADE_UP = "made.up"
# These have workers here, which look at their args.
WITH_WORKERS = ("noop", "sleep", "channel_download")


@schemathesis.hook
def before_call(ctx, case, kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    repair_query(case)
    if isinstance(case.body, dict):
        repair_body(case.operation.label, case.body)


def repair_query(case):
    query = case.query
    if not query:
        query = case.query = {}
    # A cursor is what a list gave out; no other text is one.
    query.pop("cursor", None)
    # By priority, only some filters can be used together.
    query.pop("order", None)
    if "tail" in query:
        query.pop("offset", None)
        query.pop("limit", None)
    if case.operation.label in ("POST /api/dead-letters/retry", "DELETE /api/dead-letters"):
        query["all"] = "true"
        query.pop("state", None)
    if case.operation.label == "GET /api/dead-letters":
        query.pop("state", None)
    if case.operation.label == "POST /api/jobs/{id}":
        if case.path_parameters.get("id") in WITH_WORKERS:
            case.path_parameters["id"] = MADE_UP
        # JSON in text, and jobs that are there.
        for name in ("metadata", "unique", "backoff", "depends_on", "parent_job_id", "tag"):
            query.pop(name, None)
        query.pop("delay_secs", None)


def repair_body(label, body):
    if label in ("POST /api/jobs", "POST /api/jobs/bulk"):
        for job in body.get("jobs", [body]):
            repair_job(job)
    elif label in ("POST /api/workflows", "POST /api/workflows/{id}/jobs"):
        repair_workflow(body)
    elif label in ("POST /api/schedules", "PUT /api/schedules/{name}"):
        repair_job(body)
        body.pop("cron", None)
        body.update(every_secs=3600, timezone="UTC")
        if label.startswith("PUT"):
            body.pop("name", None)
    elif label == "POST /api/workflows/{id}/retry":
        # The name of a job that is there.
        body.pop("from", None)
    elif label == "POST /api/jobs/actions":
        if "ids" in body:
            body.pop("filter", None)
        else:
            body.setdefault("filter", {})["all"] = True
    elif label in ("POST /api/plans/{id}/approve", "POST /api/plans/{id}/reject"):
        body["all"] = True


def repair_job(job):
    # Parents that are there are for calls that follow from each other.
    job.pop("parent_job_id", None)
    job.pop("depends_on", None)
    if job.get("run_at") is not None:
        job.pop("delay_secs", None)
    # No time lies beyond the year 9999.
    if isinstance(job.get("delay_secs"), (int, float)):
        job["delay_secs"] = min(job["delay_secs"], 1e9)
    if job.get("job_type") in WITH_WORKERS:
        job["job_type"] = MADE_UP
    # What was to be refused, is: with 409.
    unique = job.get("unique")
    if isinstance(unique, dict):
        unique.pop("on_conflict", None)


def repair_workflow(workflow):
    # All jobs of a workflow and of those inside it count together.
    workflow["jobs"] = workflow.get("jobs", [])[:50]
    for at, node in enumerate(workflow.get("jobs", [])):
        if "workflow" in node:
            repair_workflow(node["workflow"])
        else:
            repair_job(node)
        node["name"] = f"node {at}"
        node["depends_on"] = []
    callback = workflow.get("callback")
    if callback:
        repair_job(callback)
    if "added_by" in workflow or "join" in workflow:
        workflow.pop("added_by", None)
        workflow.pop("join", None)
