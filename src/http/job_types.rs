//! Job types: what they are, and changing them at run time.

use actix_web::web::{Data, ServiceConfig};

use serde::Serialize;

use super::board::Board;
use super::body::Body;
use super::fields::Fields;
use super::given::Given;
use super::openapi::{bodies, parameters};
use super::path::Name;
use super::query::{self, NoQuery};
use super::reply::{self, Reply};
use super::resource;
use crate::domain::RateLimit;
use crate::domain::new_job::check_timeout;
use crate::runtime::Callboard;
use crate::runtime::callboard::{JobTypeInfo, JobTypePatch};

/// The most attempts of one type that may run at once on a node.
const MAX_CONCURRENCY: i64 = 10_000;

/// The most attempts of one type that may run at once on all nodes.
const MAX_GLOBAL_CONCURRENCY: i64 = 1_000_000;

/// The most starts in the span of a rate limit, so that the number fits.
const MAX_STARTS: i64 = 1_000_000;

/// The job types.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct JobTypes {
    /// By name.
    job_types: Vec<JobTypeInfo>,
}

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/job-types").get(list).mount(config);
    resource::at("/api/job-types/{name}").get(show).patch(change).mount(config);
}

/// The job types that are known here
#[utoipa::path(
    get, path = "/api/job-types", tag = "job types", operation_id = "listJobTypes",
    responses(
        (status = 200, description = "The job types", body = JobTypes),
    ),
)]
pub(super) async fn list(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::ok(&JobTypes { job_types: callboard.job_types().await? })
}

/// A job type
#[utoipa::path(
    get, path = "/api/job-types/{name}", tag = "job types", operation_id = "getJobType",
    params(parameters::NamePath),
    responses(
        (status = 200, description = "The job type", body = JobTypeInfo),
    ),
)]
pub(super) async fn show(callboard: Data<Callboard>, name: Name, _: NoQuery) -> Reply {
    reply::ok(&callboard.job_type(&name.0).await?)
}

/// Change a job type
///
/// At once and on all nodes, and kept over restarts.
#[utoipa::path(
    patch, path = "/api/job-types/{name}", tag = "job types", operation_id = "changeJobType",
    params(parameters::NamePath),
    request_body = bodies::JobTypePatchBody,
    responses(
        (status = 200, description = "The job type as it is now", body = JobTypeInfo),
    ),
)]
pub(super) async fn change(callboard: Board, name: Name, _: NoQuery, body: Body) -> Reply {
    let mut fields = body.fields()?;
    let patch = read(&mut fields);
    query::finish(fields)?;
    reply::ok(&callboard.patch_job_type(&name.0, patch).await?)
}

/// Reads the changes; null takes a rate limit or a timeout away. Faults stay in `fields`.
pub(super) fn read(fields: &mut Fields<'_>) -> JobTypePatch {
    JobTypePatch {
        concurrency: fields.read("concurrency", |g| g.integer(1..=MAX_CONCURRENCY)).and_then(narrow),
        global_concurrency: fields
            .nullable("global_concurrency", |g| g.integer(1..=MAX_GLOBAL_CONCURRENCY))
            .map(|given| given.and_then(narrow)),
        rate_limit: fields.table("rate_limit", rate_limit),
        timeout_secs: fields.nullable("timeout_secs", |g| {
            let secs = g.number()?;
            check_timeout(secs).map(|()| secs)
        }),
    }
}

fn rate_limit(fields: &mut Fields<'_>) -> RateLimit {
    let limit = RateLimit {
        limit: fields.needed("limit", |g| g.integer(1..=MAX_STARTS)).and_then(narrow).unwrap_or(1),
        per_secs: fields.needed("per_secs", Given::number).unwrap_or(1.0),
        key: fields.read("key", |g| g.text()?.parse()),
    };
    for (field, message) in limit.faults() {
        fields.fault(field, message);
    }
    limit
}

fn narrow(n: i64) -> Option<u32> {
    n.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<JobTypePatch, Vec<String>> {
        let mut fields = Fields::of_object(text).unwrap();
        let patch = read(&mut fields);
        fields.finish().map(|()| patch).map_err(|faults| faults.into_iter().map(|f| f.field).collect())
    }

    #[test]
    fn tells_left_out_from_cleared() {
        assert_eq!(parse("{}"), Ok(JobTypePatch::default()));
        let cleared = JobTypePatch {
            global_concurrency: Some(None),
            rate_limit: Some(None),
            timeout_secs: Some(None),
            ..JobTypePatch::default()
        };
        assert_eq!(
            parse(r#"{"rate_limit":null,"timeout_secs":null,"global_concurrency":null}"#),
            Ok(cleared)
        );
        let body =
            r#"{"concurrency":3,"timeout_secs":1.5,"rate_limit":{"limit":2,"per_secs":0.5,"key":"args.x"}}"#;
        let limit = RateLimit { limit: 2, per_secs: 0.5, key: Some("args.x".parse().unwrap()) };
        let set = JobTypePatch {
            concurrency: Some(3),
            rate_limit: Some(Some(limit)),
            timeout_secs: Some(Some(1.5)),
            global_concurrency: None,
        };
        assert_eq!(parse(body), Ok(set));
    }

    #[test]
    fn names_what_is_wrong() {
        for (body, field) in [
            (r#"{"concurrency":0}"#, "concurrency"),
            (r#"{"concurrency":null}"#, "concurrency"),
            (r#"{"global_concurrency":0}"#, "global_concurrency"),
            (r#"{"timeout_secs":0}"#, "timeout_secs"),
            (r#"{"rate_limit":5}"#, "rate_limit"),
            (r#"{"rate_limit":{"limit":1}}"#, "rate_limit.per_secs"),
            (r#"{"rate_limit":{"limit":1,"per_secs":0}}"#, "rate_limit.per_secs"),
            (r#"{"rate_limit":{"limit":0,"per_secs":1}}"#, "rate_limit.limit"),
            (r#"{"rate_limit":{"limit":1,"per_secs":1,"key":"queue"}}"#, "rate_limit.key"),
            (r#"{"rate_limit":{"limit":1,"per_secs":1,"burst":1}}"#, "rate_limit.burst"),
            (r#"{"paused":true}"#, "paused"),
        ] {
            assert_eq!(parse(body), Err(vec![field.to_owned()]), "{body}");
        }
    }
}
