//! Requests that are wrong, and how each has to be answered. None of them may reach the store.

/// A wrong request and its answer.
pub struct Case {
    pub method: &'static str,
    pub path: String,
    pub content_type: Option<&'static str>,
    pub body: Vec<u8>,
    pub status: u16,
    /// The wrong fields, in any order; all of them.
    pub fields: Vec<&'static str>,
}

impl Case {
    fn at(self, field: &'static str) -> Self {
        Self { fields: vec![field], ..self }
    }

    /// What to print when it is answered otherwise.
    pub fn name(&self) -> String {
        let body: String = String::from_utf8_lossy(&self.body).chars().take(80).collect();
        let path: String = self.path.chars().take(80).collect();
        format!("{} {path} {:?} {body}", self.method, self.content_type)
    }
}

fn json(
    method: &'static str,
    path: &str,
    body: impl Into<Vec<u8>>,
    status: u16,
    fields: &[&'static str],
) -> Case {
    let fields = fields.to_vec();
    Case {
        method,
        path: path.into(),
        content_type: Some("application/json"),
        body: body.into(),
        status,
        fields,
    }
}

fn bare(method: &'static str, path: &str, status: u16, fields: &[&'static str]) -> Case {
    Case { content_type: None, ..json(method, path, "", status, fields) }
}

/// A job with one field that is wrong.
fn field(name: &'static str, value: &str) -> Case {
    let job_type = if name == "job_type" { "" } else { r#""job_type":"t","# };
    json("POST", "/api/jobs", format!(r#"{{{job_type}"{name}":{value}}}"#), 422, &[name])
}

/// Every case.
pub fn cases() -> Vec<Case> {
    let mut all = enqueue();
    all.extend(fields());
    all.extend(other_bodies());
    all.extend(queries());
    all.extend(nowhere());
    all.extend(wrong_methods());
    all
}

fn enqueue() -> Vec<Case> {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let typed = |content_type, body: &str| Case { content_type, ..json("POST", "/api/jobs", body, 415, &[]) };
    vec![
        json("POST", "/api/jobs", "", 400, &[]),
        json("POST", "/api/jobs", "{", 400, &[]),
        json("POST", "/api/jobs", "{\"job_type\":\"t\"} {}", 400, &[]),
        json("POST", "/api/jobs", "{'job_type':'t'}", 400, &[]),
        json("POST", "/api/jobs", b"{\"job_type\":\"\xff\"}", 400, &[]),
        json("POST", "/api/jobs", b"\xef\xbb\xbf{}", 400, &[]),
        json("POST", "/api/jobs", "[]", 422, &["body"]),
        json("POST", "/api/jobs", "null", 422, &["body"]),
        json("POST", "/api/jobs", deep.clone(), 422, &["body"]),
        json("POST", "/api/jobs", format!("{{\"job_type\":\"t\",\"args\":{deep}}}"), 422, &["args"]),
        json("POST", "/api/jobs", "{}", 422, &["job_type"]),
        json("POST", "/api/jobs", r#"{"job_type":"t","job_type":"t"}"#, 422, &["job_type"]),
        json(
            "POST",
            "/api/jobs",
            r#"{"job_type":"a b","priority":0,"x":1}"#,
            422,
            &["job_type", "priority", "x"],
        ),
        json("POST", "/api/jobs", r#"{"job_type":"t","args":{"a":1e400}}"#, 422, &["args"]),
        json("POST", "/api/jobs?dry_run=1", r#"{"job_type":"t"}"#, 422, &["dry_run"]),
        json("POST", "/api/jobs", vec![b' '; 3 * 1024 * 1024], 413, &[]),
        typed(None, "{}"),
        typed(Some("text/plain"), "{}"),
        typed(Some("application/x-www-form-urlencoded"), "job_type=t"),
        typed(Some("application/json; charset=utf-16"), "{}"),
        json("POST", "/api/jobs/queue", "{}", 422, &["job_type"]),
        json("POST", "/api/jobs/logs", "{}", 422, &["job_type"]),
        json("POST", "/api/jobs/a%20b", "{}", 422, &["job_type"]),
        json("POST", "/api/jobs/a%2Fb", "{}", 422, &["job_type"]),
        json("POST", "/api/jobs/a%00", "{}", 422, &["job_type"]),
        json("POST", "/api/jobs/%ff", "{}", 422, &["job_type"]),
        json("POST", "/api/jobs/t", "{", 400, &[]),
        json("POST", "/api/jobs/t", "5", 422, &["args"]),
        json("POST", "/api/jobs/t", "[\"\\u0000\"]", 422, &["args"]),
        json("POST", "/api/jobs/t?priority=11&tags=a", "{}", 422, &["priority", "tags"]),
        json("POST", "/api/jobs/t?unique=%7B%22by%22%3A5%7D", "{}", 422, &["unique.by"]),
        json("POST", "/api/jobs/t?key=%ff", "{}", 400, &["key"]),
    ]
}

fn fields() -> Vec<Case> {
    vec![
        field("job_type", "\"a/b\""),
        field("job_type", "\"a\\u0000\""),
        field("job_type", "\"bulk\""),
        field("job_type", "5"),
        field("key", "\"\""),
        field("priority", "-1"),
        field("priority", "99999999999999999999999"),
        field("max_retries", "1001"),
        field("timeout_secs", "-0.5"),
        field("timeout_secs", "1e99"),
        field("run_at", "\"2030-02-30T00:00:00Z\""),
        field("run_at", "\"10000-01-01T00:00:00Z\""),
        field("run_at", "\"noon\""),
        field("delay_secs", "1e300"),
        field("parent_job_id", "9223372036854775808"),
        field("depends_on", "[1,1e30]").at("depends_on[1]"),
        field("tags", "[7]").at("tags[0]"),
        field("metadata", "[]"),
        field("unique", "\"yes\""),
        field("backoff", r#"{"jitter":2}"#).at("backoff.jitter"),
        field("colour", "\"red\""),
    ]
}

fn other_bodies() -> Vec<Case> {
    vec![
        json("POST", "/api/jobs/bulk", "[]", 422, &["body"]),
        json("POST", "/api/jobs/bulk", "{}", 422, &["jobs"]),
        json(
            "POST",
            "/api/jobs/bulk",
            r#"{"jobs":[{},{"job_type":"t","priority":"1"}]}"#,
            422,
            &["jobs[0].job_type", "jobs[1].priority"],
        ),
        json("POST", "/api/jobs/bulk", vec![b' '; 33 * 1024 * 1024], 413, &[]),
        json("POST", "/api/workflows", "", 400, &[]),
        json("POST", "/api/workflows", "[]", 422, &["body"]),
        json("POST", "/api/workflows", vec![b' '; 33 * 1024 * 1024], 413, &[]),
        json("POST", "/api/workflows/1/retry", r#"{"from":5,"x":1}"#, 422, &["from", "x"]),
        json("DELETE", "/api/workflows/1", r#"{"x":1}"#, 422, &["x"]),
        json("PATCH", "/api/jobs/1", r#"{"priority":null,"state":"failed"}"#, 422, &["priority", "state"]),
        json("PATCH", "/api/jobs/1", "", 400, &[]),
        json("POST", "/api/jobs/1/retry", r#"{"after":5}"#, 422, &["after"]),
        json("DELETE", "/api/jobs/1", r#"{"force":true}"#, 422, &["force"]),
        json("POST", "/api/queues/slow/pause", "x", 400, &[]),
        json("POST", "/api/queues/slow/resume", r#"{"x":1}"#, 422, &["x"]),
        json("POST", "/api/job-types/noop/pause", r#"{"x":1}"#, 422, &["x"]),
        json("DELETE", "/api/dead-letters?all=true", r#"{"queue":"a"}"#, 422, &["queue"]),
        json("POST", "/api/maintenance/recover-stale", r#"{"all":true}"#, 422, &["all"]),
        json("POST", "/api/jobs/actions", "{}", 422, &["action", "ids"]),
        json("POST", "/api/jobs/actions", r#"{"action":"cancel","filter":{}}"#, 422, &["filter.all"]),
        json("PATCH", "/api/job-types/t", r#"{"concurrency":0,"name":"x"}"#, 422, &["concurrency", "name"]),
        json("POST", "/api/maintenance/cleanup", "{}", 422, &["older_than_days"]),
        json("POST", "/api/maintenance/cleanup", r#"{"older_than_days":-1}"#, 422, &["older_than_days"]),
    ]
}

fn queries() -> Vec<Case> {
    let many = format!("/api/jobs?{}", "a&".repeat(2000));
    let long = format!("/api/jobs?q={}", "a".repeat(33_000));
    vec![
        bare("GET", "/api/jobs?stat=failed", 422, &["stat"]),
        bare("GET", "/api/jobs?state=asleep&limit=501&order=up", 422, &["state", "limit", "order"]),
        bare("GET", "/api/jobs?limit=0", 422, &["limit"]),
        bare(
            "GET",
            "/api/workflows?state=pending&limit=0&nam=x&cursor=y",
            422,
            &["state", "limit", "nam", "cursor"],
        ),
        bare("DELETE", "/api/workflows/1?force=1", 422, &["force"]),
        bare("GET", "/api/jobs?limit=1&limit=2", 422, &["limit"]),
        bare("GET", "/api/jobs?parent_job_id=9223372036854775808", 422, &["parent_job_id"]),
        bare("GET", "/api/jobs?created_after=2030-02-30T00:00:00Z", 422, &["created_after"]),
        bare("GET", "/api/jobs?q=%00", 422, &["q"]),
        bare("GET", "/api/jobs?q=%zz&key=%ff", 400, &["q", "key"]),
        bare("GET", "/api/jobs?cursor=", 422, &["cursor"]),
        bare("GET", &many, 422, &["query"]),
        bare("GET", &long, 414, &[]),
        bare("HEAD", "/api/jobs?stat=failed", 422, &["stat"]),
        bare("GET", "/api/dead-letters?state=completed", 422, &["state"]),
        bare("DELETE", "/api/dead-letters", 422, &["all"]),
        bare("POST", "/api/dead-letters/retry?state=failed", 422, &["all"]),
        bare("GET", "/api/jobs/1/logs?stream=all&tail=0", 422, &["stream", "tail"]),
        bare("GET", "/api/jobs/logs/1?attempt=0", 422, &["attempt"]),
        bare("GET", "/api/jobs/1?x=1", 422, &["x"]),
        bare("DELETE", "/api/jobs/1?force=1", 422, &["force"]),
        bare("POST", "/api/jobs/1/retry?x=1", 422, &["x"]),
        bare("GET", "/api/jobs/queue/status?x=1", 422, &["x"]),
        bare("GET", "/api/queue-status?x=1", 422, &["x"]),
        bare("GET", "/api/job-types?x=1", 422, &["x"]),
        bare("GET", "/api/queues?x=1", 422, &["x"]),
        bare("POST", "/api/queues/default/pause?x=1", 422, &["x"]),
        bare("GET", "/api/nodes?x=1", 422, &["x"]),
        bare("GET", "/api/ws?limit=1", 422, &["limit"]),
        bare("GET", "/api/events?logs=perhaps", 422, &["logs"]),
        bare("GET", "/api/jobs/1/ws?tag=a", 422, &["tag"]),
        bare("GET", "/jobs/1/ws?last_event_id=1", 422, &["last_event_id"]),
        bare("GET", "/api/jobs/1/events?q=%zz", 400, &["q"]),
        bare("GET", "/api/workers?x=1", 422, &["x"]),
        bare("POST", "/api/maintenance/recover-stale?x=1", 422, &["x"]),
    ]
}

fn nowhere() -> Vec<Case> {
    let mut all: Vec<_> =
        ["/api", "/api/nothing", "/api/jobs/", "/api/jobs/1/nothing", "/api/job-types/a/b/c"]
            .into_iter()
            .map(|path| bare("GET", path, 404, &[]))
            .collect();
    for id in ["x", "-1", "1.5", "9223372036854775808", "%31x", "queue", "%ff"] {
        all.push(bare("GET", &format!("/api/jobs/{id}"), 404, &[]));
        all.push(bare("DELETE", &format!("/api/jobs/{id}"), 404, &[]));
        all.push(json("PATCH", &format!("/api/jobs/{id}"), "{}", 404, &[]));
        all.push(bare("POST", &format!("/api/jobs/{id}/retry"), 404, &[]));
        all.push(bare("GET", &format!("/api/workflows/{id}"), 404, &[]));
        all.push(bare("DELETE", &format!("/api/workflows/{id}"), 404, &[]));
        all.push(bare("POST", &format!("/api/workflows/{id}/retry"), 404, &[]));
        all.push(bare("GET", &format!("/api/jobs/{id}/logs"), 404, &[]));
        all.push(bare("GET", &format!("/api/jobs/{id}/ws"), 404, &[]));
        all.push(bare("GET", &format!("/api/jobs/{id}/events"), 404, &[]));
    }
    all
}

fn wrong_methods() -> Vec<Case> {
    [
        ("PUT", "/api/jobs"),
        ("PUT", "/api/jobs/1"),
        ("GET", "/api/jobs/bulk"),
        ("GET", "/api/jobs/actions"),
        ("GET", "/api/jobs/1/retry"),
        ("POST", "/api/jobs/1/logs"),
        ("POST", "/api/jobs/queue/status"),
        ("PUT", "/api/dead-letters"),
        ("DELETE", "/api/job-types/t"),
        ("GET", "/api/queues/default/pause"),
        ("GET", "/api/maintenance/cleanup"),
        ("TRACE", "/api/jobs"),
        ("POST", "/healthz"),
        ("POST", "/api/ws"),
        ("HEAD", "/api/events"),
        ("DELETE", "/api/jobs/1/events"),
        ("POST", "/metrics"),
        ("PUT", "/api/workflows"),
        ("PATCH", "/api/workflows/1"),
        ("GET", "/api/workflows/1/retry"),
    ]
    .map(|(method, path)| bare(method, path, 405, &[]))
    .into()
}
