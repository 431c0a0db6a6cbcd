//! What the path of a request names.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use super::given::shorten;
use super::problem::Problem;

/// A job's id in a path. What is no id can name no job, so it is answered with 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobId(pub(crate) i64);

impl FromRequest for JobId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(job_id(request.match_info().query("id")))
    }
}

fn job_id(text: &str) -> Result<JobId, Problem> {
    number_in("job", text).map(JobId)
}

fn number_in(noun: &str, text: &str) -> Result<i64, Problem> {
    let digits = text.bytes().all(|c| c.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| Problem::not_found(format_args!("{noun} {}", shorten(text))))
}

/// Something of a job that has a name of its own: both are in the path.
#[derive(Debug)]
pub(crate) struct PartOfJob {
    pub(crate) job: i64,
    pub(crate) name: String,
}

impl FromRequest for PartOfJob {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parts = web::Path::<(String, String)>::extract(request).into_inner();
        ready(match parts.map(web::Path::into_inner) {
            Ok((id, name)) => job_id(&id).map(|job| Self { job: job.0, name }),
            Err(_) => Err(Problem::not_found("such name: it is not UTF-8")),
        })
    }
}

/// A plan in a path, and the number of a row of it; 0 where the path names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlanPlace {
    pub(crate) id: i64,
    pub(crate) number: i64,
}

impl FromRequest for PlanPlace {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let number = request.match_info().get("number");
        let id = number_in("plan", request.match_info().query("id"));
        let number = number.map_or(Ok(0), |text| number_in("row", text));
        ready(id.and_then(|id| Ok(Self { id, number: number? })))
    }
}

/// A workflow in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WorkflowId(pub(crate) i64);

impl FromRequest for WorkflowId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(number_in("workflow", request.match_info().query("id")).map(Self))
    }
}

/// A name in a path, decoded: a job type, a queue.
#[derive(Debug)]
pub(crate) struct Name(pub(crate) String);

impl FromRequest for Name {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = web::Path::<String>::extract(request).into_inner();
        ready(
            name.map(|n| Self(n.into_inner())).map_err(|_| Problem::not_found("such name: it is not UTF-8")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_name_no_job_is_not_found() {
        assert_eq!(job_id("17").unwrap(), JobId(17));
        assert_eq!(job_id("9223372036854775807").unwrap(), JobId(i64::MAX));
        for bad in ["", "x", "-1", "+1", "1.0", "9223372036854775808", "1 ", "٣", "%31"] {
            assert_eq!(job_id(bad).unwrap_err().status().as_u16(), 404, "{bad}");
        }
    }
}
