//! Many jobs in one call, all or none.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};

use super::body::{BULK, Body};
use super::new_job::{self, Usual};
use super::openapi::bodies;
use super::problem::Problem;
use super::query::{self, NoQuery};
use super::reply::{self, Reply};
use super::resource;

use crate::domain::NewJob;
use crate::domain::ident::MAX_BULK;
use crate::runtime::Callboard;
use crate::runtime::callboard::EnqueuedMany;

/// A body beyond this size is read off the threads that serve other requests.
pub(super) const LARGE: usize = 256 * 1024;

/// Mounts the call.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/jobs/bulk").post(enqueue_many).mount(config);
}

/// Enqueue many jobs
///
/// All or none, in one commit: 10,000 at most, in a body of 32 MiB at most.
#[utoipa::path(
    post, path = "/api/jobs/bulk", tag = "jobs", operation_id = "enqueueJobs",
    request_body = bodies::NewJobsBody,
    responses(
        (status = 201, description = "Their ids, in their order", body = EnqueuedMany),
        (status = 409, description = "A job like one of them is there, and that was to be refused."),
    ),
)]
pub(super) async fn enqueue_many(callboard: Data<Callboard>, _: NoQuery, body: Body<BULK>) -> Reply {
    let jobs = if body.len() > LARGE {
        let usual = callboard.clone();
        web::block(move || read(&body, &**usual)).await.map_err(|_| interrupted())??
    } else {
        read(&body, &**callboard)?
    };
    reply::json(StatusCode::CREATED, &callboard.enqueue_many(jobs).await?)
}

fn read(body: &Body<BULK>, usual: &impl Usual) -> Result<Vec<NewJob>, Problem> {
    let mut fields = body.fields()?;
    let items = fields.needed("jobs", |g| g.items(MAX_BULK)).unwrap_or_default();
    let mut jobs = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        let place = format_args!("jobs[{i}]");
        jobs.extend(fields.inside(place, item.source(), |inner| new_job::whole(inner, usual)));
        if fields.is_hopeless() {
            break;
        }
    }
    query::finish(fields)?;
    Ok(jobs)
}

pub(super) fn interrupted() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "reading the body was interrupted; nothing was stored")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Backoff, Timestamp};

    struct Now;

    impl Usual for Now {
        fn now(&self) -> Timestamp {
            Timestamp::system_now()
        }

        fn backoff(&self, _: &str) -> Backoff {
            Backoff::default()
        }
    }

    fn parse(text: &str) -> Result<Vec<NewJob>, (u16, Vec<String>)> {
        let body = Body::from(text.to_owned());
        read(&body, &Now).map_err(|problem| {
            (problem.status().as_u16(), problem.errors().iter().map(|e| e.field.clone()).collect())
        })
    }

    #[test]
    fn jobs_keep_their_order() {
        let jobs = parse(r#"{"jobs":[{"job_type":"a"},{"job_type":"b","priority":1}]}"#).unwrap();
        assert_eq!(jobs, [NewJob::new("a"), NewJob::new("b").priority(1)]);
        assert_eq!(parse(r#"{"jobs":[]}"#), Ok(vec![]));
    }

    #[test]
    fn faults_carry_the_index() {
        for (body, names) in [
            ("{}", vec!["jobs"]),
            (r#"{"jobs":{}}"#, vec!["jobs"]),
            (r#"{"jobs":null}"#, vec!["jobs"]),
            (r#"{"jobs":[5]}"#, vec!["jobs[0]"]),
            (r#"{"jobs":[],"job":1}"#, vec!["job"]),
            (
                r#"{"jobs":[{"job_type":"a"},{"priority":11},{"job_type":"a","tags":[1],"x":1}]}"#,
                vec!["jobs[1].job_type", "jobs[1].priority", "jobs[2].tags[0]", "jobs[2].x"],
            ),
        ] {
            let names = names.into_iter().map(String::from).collect();
            assert_eq!(parse(body), Err((422, names)), "{body}");
        }
        assert_eq!(parse(r#"{"jobs":[}"#), Err((400, vec![])));
    }

    #[test]
    fn the_number_of_jobs_and_of_faults_is_bounded() {
        let many = |n: usize, job: &str| format!(r#"{{"jobs":[{}]}}"#, vec![job; n].join(","));
        assert_eq!(parse(&many(MAX_BULK, r#"{"job_type":"a"}"#)).unwrap().len(), MAX_BULK);
        let too_many = parse(&many(MAX_BULK + 1, r#"{"job_type":"a"}"#));
        assert_eq!(too_many, Err((422, vec!["jobs".into()])));
        let (_, faults) = parse(&many(MAX_BULK, r#"{"a":1,"b":2}"#)).unwrap_err();
        assert_eq!(faults.len(), 10_001);
    }
}
