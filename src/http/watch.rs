//! What a client wants to watch, from its query.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;

use super::fields::Fields;
use super::given::Given;
use super::problem::Problem;
use super::{filter, query};
use crate::runtime::hub::Wish;

/// An id that no event has: one that was not ours, or not a number.
const FOREIGN_ID: u64 = u64::MAX;

/// Whether an endpoint gives a client that comes back what it has missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    /// From `last_event_id`, or the header that browsers send.
    Offered,
    /// Not.
    NotOffered,
}

/// Everything, narrowed by the list's filters. Faults stay in `fields`.
pub(super) fn everything(fields: &mut Fields<'_>) -> Wish {
    Wish::all(filter::read(fields))
}

/// Reads the query of a live endpoint, where `topic` reads what it is about.
///
/// # Errors
/// As of any query.
pub(super) fn read(
    request: &HttpRequest,
    resume: Resume,
    topic: impl FnOnce(&mut Fields<'_>) -> Wish,
) -> Result<Wish, Problem> {
    let mut fields = query::fields(request.query_string())?;
    let wish = topic(&mut fields);
    let logs = fields.read("logs", Given::flag).unwrap_or(false);
    let after = match resume {
        Resume::Offered => {
            let by_query = fields.read("last_event_id", |g| g.integer(0..=i64::MAX));
            by_header(request.headers()).or(by_query.map(i64::unsigned_abs))
        }
        Resume::NotOffered => None,
    };
    query::finish(fields)?;
    Ok(wish.with_logs(logs).after(after))
}

/// The browser sets the header by itself when it comes back, so one that makes no sense is answered
/// with a gap and not with an error.
fn by_header(headers: &HeaderMap) -> Option<u64> {
    let id = headers.get("last-event-id").filter(|id| !id.is_empty())?;
    let id = id.to_str().ok().and_then(|id| id.trim().parse().ok());
    Some(id.unwrap_or(FOREIGN_ID))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{JobFilter, State};
    use actix_web::test::TestRequest;

    fn at(query: &str, resume: Resume) -> Result<Wish, Vec<String>> {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        read(&request, resume, everything)
            .map_err(|problem| problem.errors().iter().map(|e| e.field.clone()).collect())
    }

    #[test]
    fn filters_and_log_lines() {
        let filter = JobFilter {
            state: vec![State::Failed, State::Running],
            tag: vec!["a b".into()],
            ..JobFilter::default()
        };
        let wish = at("state=failed&state=running&tag=a%20b&logs=true", Resume::NotOffered);
        assert_eq!(wish, Ok(Wish::all(filter).with_logs(true)));
    }

    #[test]
    fn names_all_that_is_wrong() {
        for (query, resume, wrong) in [
            (
                "state=gone&q=%00&colour=red&logs=maybe",
                Resume::Offered,
                &["state", "q", "logs", "colour"][..],
            ),
            ("last_event_id=1", Resume::NotOffered, &["last_event_id"]),
            ("last_event_id=-1", Resume::Offered, &["last_event_id"]),
            ("limit=5", Resume::Offered, &["limit"]),
        ] {
            assert_eq!(at(query, resume), Err(wrong.iter().map(|s| (*s).to_owned()).collect()), "{query}");
        }
    }

    #[test]
    fn goes_on_where_the_client_left() {
        let plain = || Wish::all(JobFilter::default());
        assert_eq!(at("last_event_id=7", Resume::Offered), Ok(plain().after(Some(7))));
        for (header, after) in [("41", 41), (" 41 ", 41), ("elsewhere", FOREIGN_ID), ("-1", FOREIGN_ID)] {
            let request = TestRequest::get().insert_header(("last-event-id", header)).to_http_request();
            assert_eq!(read(&request, Resume::Offered, everything).unwrap(), plain().after(Some(after)));
            assert_eq!(read(&request, Resume::NotOffered, everything).unwrap(), plain());
        }
    }
}
