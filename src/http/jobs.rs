//! Jobs, one by one and listed.

use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::board::Board;
use super::body::{Body, NoBody};
use super::given::Given;
use super::openapi::{bodies, parameters};
use super::path::{JobId, Name};
use super::problem::Problem;
use super::query::{self, NoQuery};
use super::reply::{self, Reply};
use super::{filter, job_patch, new_job, resource};
use crate::domain::{Job, Json, NewJob};
use crate::runtime::Callboard;
use crate::runtime::callboard::{Enqueued, Page};

/// Jobs on a page, unless said otherwise.
const PAGE: i64 = 50;

/// The most jobs on a page.
const MAX_PAGE: i64 = 500;

/// The longest that a caller may wait for the end of a job: proxies give up on a silent answer after
/// a minute or so.
const MAX_WAIT_SECS: f64 = 60.0;

/// The longest cursor that is looked at.
const MAX_CURSOR: usize = 1000;

/// Mounts the collection; it has to come before the paths beneath it.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/jobs").get(list).post(enqueue).mount(config);
}

/// Mounts single jobs; these paths match any word, so they come after the fixed ones.
pub(super) fn single_routes(config: &mut ServiceConfig) {
    resource::at("/api/jobs/{id}/retry").post(retry).mount(config);
    resource::at("/api/jobs/{id}").get(show).patch(change).delete(cancel).post(enqueue_typed).mount(config);
}

/// Enqueue a job
///
/// It is on disk when this answers. With a `key`, or where it is unique, a job that is there already is
/// the answer.
#[utoipa::path(
    post, path = "/api/jobs", tag = "jobs", operation_id = "enqueueJob",
    request_body = bodies::NewJobBody,
    responses(
        (status = 201, description = "The new job", body = Job, headers(("Location" = String, description = "Where it is."))),
        (status = 200, description = "The job that was there already", body = Job, headers(("Duplicate" = String, description = "`true`."), ("Location" = String, description = "Where it is."))),
        (status = 409, description = "A job like it is there, and that was to be refused."),
    ),
)]
pub(super) async fn enqueue(callboard: Data<Callboard>, _: NoQuery, body: Body) -> Reply {
    let mut fields = body.fields()?;
    let job = new_job::whole(&mut fields, &**callboard);
    query::finish(fields)?;
    store(&callboard, job).await
}

/// Enqueue a job of a type
///
/// As `POST /api/jobs`; the path names the job type, the body is the args alone, and the other fields
/// are parameters.
#[utoipa::path(
    post, path = "/api/jobs/{id}", tag = "jobs", operation_id = "enqueueJobOfType",
    params(("id" = String, Path, description = "The job type.", pattern = "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$"), parameters::JobFields),
    request_body(content = inline(bodies::Args), description = "The args; `{}` unless there is a body"),
    responses(
        (status = 201, description = "The new job", body = Job, headers(("Location" = String, description = "Where it is."))),
        (status = 200, description = "The job that was there already", body = Job, headers(("Duplicate" = String, description = "`true`."), ("Location" = String, description = "Where it is."))),
        (status = 409, description = "A job like it is there, and that was to be refused."),
    ),
)]
pub(super) async fn enqueue_typed(
    callboard: Data<Callboard>,
    job_type: Name,
    request: HttpRequest,
    body: Body,
) -> Reply {
    let args = typed_args(body.text()?)?;
    let mut fields = query::fields(request.query_string())?;
    let job = match args {
        Ok(args) => new_job::around(&mut fields, job_type.0, args, &**callboard),
        Err(message) => {
            fields.fault("args", message);
            new_job::around(&mut fields, job_type.0, Json::empty_object(), &**callboard)
        }
    };
    query::finish(fields)?;
    store(&callboard, job).await
}

/// The args that are a whole body; none is `{}`. The inner error is a fault of the args, the outer
/// one of the body.
fn typed_args(text: &str) -> Result<Result<Json, String>, Problem> {
    if text.trim_ascii().is_empty() {
        return Ok(Ok(Json::empty_object()));
    }
    Json::checked(text).map(Ok).or_else(|message| {
        match serde_json::from_str::<&serde_json::value::RawValue>(text) {
            Ok(_) => Ok(Err(message)),
            Err(e) => Err(Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {e}"))),
        }
    })
}

async fn store(callboard: &Callboard, job: NewJob) -> Reply {
    enqueued(&callboard.enqueue(job).await?)
}

/// The answer to an enqueue.
pub(super) fn enqueued(enqueued: &Enqueued) -> Reply {
    let body = reply::bytes(&enqueued.job)?;
    let mut answer = if enqueued.duplicate {
        let mut answer = HttpResponse::Ok();
        answer.insert_header(("Duplicate", "true"));
        answer
    } else {
        HttpResponse::Created()
    };
    answer.insert_header((header::LOCATION, format!("/api/jobs/{}", enqueued.job.id)));
    Ok(answer.content_type("application/json").body(body))
}

/// Jobs, listed
///
/// The newest come first unless `order` says otherwise. What one-job reads tell beside (attempts,
/// steps, signals, what it waits for) is left out.
#[utoipa::path(
    get, path = "/api/jobs", tag = "jobs", operation_id = "listJobs",
    params(parameters::Filter, parameters::Ordered, parameters::Page),
    responses(
        (status = 200, description = "A page of jobs", body = Page),
    ),
)]
pub(super) async fn list(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
    let fields = query::fields(request.query_string())?;
    reply::ok(&page(&callboard, fields, filter::read).await?)
}

/// Reads a page of the jobs that a query asks for.
pub(super) async fn page(
    callboard: &Callboard,
    mut fields: super::fields::Fields<'_>,
    read: impl Fn(&mut super::fields::Fields<'_>) -> crate::domain::JobFilter,
) -> Result<Page, Problem> {
    let filter = read(&mut fields);
    let order = fields.read("order", |g| g.text()?.parse()).unwrap_or_default();
    let limit = fields.read("limit", |g| g.integer(1..=MAX_PAGE)).unwrap_or(PAGE);
    let cursor = fields.read("cursor", cursor);
    if let Err(why) = filter.check_order(order) {
        fields.fault("order", why);
    }
    query::finish(fields)?;
    let limit = usize::try_from(limit).unwrap_or_default();
    Ok(callboard.list(filter, order, cursor, limit).await?)
}

/// A cursor as a list gave it.
pub(super) fn cursor(given: &Given<'_>) -> Result<String, String> {
    match given.text()? {
        text if text.is_empty() || text.len() > MAX_CURSOR => Err("is not a cursor from here".into()),
        text => Ok(text.into_owned()),
    }
}

/// A job
///
/// With its attempts, steps and signals, and with what it waits for.
#[utoipa::path(
    get, path = "/api/jobs/{id}", tag = "jobs", operation_id = "getJob",
    params(parameters::JobPath, parameters::Wait),
    responses(
        (status = 200, description = "The job", body = Job),
    ),
)]
pub(super) async fn show(callboard: Data<Callboard>, id: JobId, request: HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let patience = fields.read("wait_secs", patience);
    query::finish(fields)?;
    reply::ok(&match patience {
        Some(patience) => callboard.job_at_end(id.0, patience).await?,
        None => callboard.job(id.0).await?,
    })
}

/// How long somebody wants to wait.
pub(super) fn patience(given: &Given<'_>) -> Result<Duration, String> {
    let secs = given.number()?;
    match (0.0..=MAX_WAIT_SECS).contains(&secs) {
        true => Ok(Duration::from_secs_f64(secs)),
        false => Err(format!("must be from 0 to {MAX_WAIT_SECS} seconds, got {}", given.shown())),
    }
}

/// Change a job that waits
///
/// One that runs or is over cannot be changed.
#[utoipa::path(
    patch, path = "/api/jobs/{id}", tag = "jobs", operation_id = "changeJob",
    params(parameters::JobPath),
    request_body = bodies::JobPatchBody,
    responses(
        (status = 200, description = "The job as it is now", body = Job),
        (status = 409, description = "It runs, or it is over."),
    ),
)]
pub(super) async fn change(callboard: Board, id: JobId, _: NoQuery, body: Body) -> Reply {
    let mut fields = body.fields()?;
    let patch = job_patch::read(&mut fields);
    query::finish(fields)?;
    reply::ok(&callboard.patch(id.0, patch).await?)
}

/// Try a job again
///
/// One that is over, or waits for its next try. Its retries are counted anew; its history stays.
#[utoipa::path(
    post, path = "/api/jobs/{id}/retry", tag = "jobs", operation_id = "retryJob",
    params(parameters::JobPath),
    request_body = bodies::RetryBody,
    responses(
        (status = 200, description = "The job as it is now", body = Job),
        (status = 409, description = "It is waiting or running already."),
    ),
)]
pub(super) async fn retry(callboard: Board, id: JobId, _: NoQuery, body: Body) -> Reply {
    let fresh = match body.len() {
        0 => false,
        _ => {
            let mut fields = body.fields()?;
            let fresh = fields.read("fresh", Given::flag);
            query::finish(fields)?;
            fresh.unwrap_or_default()
        }
    };
    reply::ok(&match fresh {
        true => callboard.retry_fresh(id.0).await?,
        false => callboard.retry(id.0).await?,
    })
}

/// Cancel a job
///
/// What waits is cancelled at once. What runs is told to stop; that it was told is on disk.
#[utoipa::path(
    delete, path = "/api/jobs/{id}", tag = "jobs", operation_id = "cancelJob",
    params(parameters::JobPath),
    responses(
        (status = 200, description = "It is cancelled", body = Job),
        (status = 202, description = "Its worker was told", body = Job),
        (status = 409, description = "It is over already."),
    ),
)]
pub(super) async fn cancel(callboard: Board, id: JobId, _: NoQuery, _: NoBody) -> Reply {
    let cancelled = callboard.cancel(id.0).await?;
    let status = if cancelled.at_once { StatusCode::OK } else { StatusCode::ACCEPTED };
    reply::json(status, &cancelled.job)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn args_alone_may_be_empty_but_not_broken() {
        assert_eq!(typed_args("").unwrap().unwrap().as_str(), "{}");
        assert_eq!(typed_args(" \n").unwrap().unwrap().as_str(), "{}");
        assert_eq!(typed_args("[1e2]").unwrap().unwrap().as_str(), "[1e2]");
        for fault in [r#"{"a":"\u0000"}"#, r#"["\ud800"]"#, "[1e400]", &("[".repeat(101) + &"]".repeat(101))]
        {
            assert!(typed_args(fault).unwrap().is_err(), "{fault}");
        }
        for broken in ["{", "{}x", "nul", "\u{0}"] {
            assert_eq!(typed_args(broken).unwrap_err().status().as_u16(), 400, "{broken}");
        }
    }
}
