//! What a job wrote.

use actix_web::http::header;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, mime};
use serde::Serialize;

use super::fields::Fields;
use super::given::Given;
use super::openapi::parameters;
use super::path::JobId;
use super::problem::Problem;
use super::reply::{self, Reply};
use super::{query, resource};
use crate::logs::{Chunk, Part, Stream};
use crate::runtime::Callboard;

/// The bytes that are given as JSON unless said otherwise.
const USUAL_LIMIT: u64 = 256 * 1024;

/// The most bytes that can be asked for at once.
const MAX_LIMIT: i64 = 16 * 1024 * 1024;

/// The most lines that are given from the end.
const MAX_TAIL: i64 = 10_000;

/// Mounts the call under both of its names.
pub(super) fn routes(config: &mut ServiceConfig) {
    for path in ["/api/jobs/logs/{id}", "/api/jobs/{id}/logs"] {
        resource::at(path).get(read_log).mount(config);
    }
}

/// What the caller asked for.
#[derive(Debug, PartialEq)]
struct Wanted {
    stream: Stream,
    attempt: Option<u32>,
    offset: u64,
    /// As many as usual, unless said.
    limit: Option<u64>,
    /// The last lines instead.
    tail: Option<usize>,
}

impl Wanted {
    fn part(&self, usual: u64) -> Part {
        match self.tail {
            Some(lines) => Part::Tail(lines),
            None => Part::From { offset: self.offset, limit: self.limit.unwrap_or(usual) },
        }
    }
}

/// A part of a stream.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct LogPiece {
    /// What was written; what is not UTF-8 is replaced.
    content: String,
    /// The bytes before it.
    offset: u64,
    /// Where the next part begins.
    next_offset: u64,
    /// The bytes that there are in all.
    size: u64,
}

/// What a job wrote
///
/// As JSON, or as it is with `Accept: text/plain`.
#[utoipa::path(
    get, path = "/api/jobs/{id}/logs", tag = "jobs", operation_id = "getJobLog",
    params(parameters::JobPath, parameters::LogPart),
    responses(
        (status = 200, description = "A part of the stream", content((LogPiece = "application/json"), (String = "text/plain"))),
    ),
)]
pub(super) async fn read_log(callboard: Data<Callboard>, id: JobId, request: HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let wanted = read(&mut fields);
    query::finish(fields)?;
    let job = callboard.job(id.0).await?;
    let attempt = wanted.attempt.unwrap_or(job.attempt);
    if wanted.attempt.is_some_and(|n| n > job.attempt) {
        return Err(Problem::not_found(format_args!("attempt {attempt} of job {}", job.id)));
    }
    let plain = wants_text(&request);
    let part = wanted.part(if plain { u64::MAX } else { USUAL_LIMIT });
    let chunk = callboard.log(&job, attempt, wanted.stream, part).await?;
    if plain { Ok(as_text(chunk)) } else { reply::ok(&as_json(chunk)) }
}

/// Reads what is wanted. Faults stay in `fields`.
fn read(fields: &mut Fields<'_>) -> Wanted {
    let stream = fields.read("stream", stream).unwrap_or(Stream::Log);
    let attempt = fields.read("attempt", |g| g.integer(1..=i64::from(u32::MAX)));
    let ranged = fields.has("offset") || fields.has("limit");
    let offset = fields.read("offset", |g| g.integer(0..=i64::MAX)).unwrap_or(0);
    let limit = fields.read("limit", |g| g.integer(1..=MAX_LIMIT));
    let tail = fields.read("tail", |g| g.integer(1..=MAX_TAIL));
    if ranged && tail.is_some() {
        fields.fault("tail", "cannot be given together with offset or limit");
    }
    Wanted {
        stream,
        attempt: attempt.and_then(|n| n.try_into().ok()),
        offset: offset.unsigned_abs(),
        limit: limit.map(i64::unsigned_abs),
        tail: tail.map(|lines| usize::try_from(lines).unwrap_or_default()),
    }
}

fn stream(given: &Given<'_>) -> Result<Stream, String> {
    given
        .text()?
        .parse()
        .map_err(|_| format!("must be log, stdout, stderr, progress or events, got {}", given.shown()))
}

/// Whether plain text is asked for before JSON.
fn wants_text(request: &HttpRequest) -> bool {
    let accept = <header::Accept as header::Header>::parse(request).map(|a| a.ranked()).unwrap_or_default();
    let first = accept.iter().find(|m| {
        matches!((m.type_(), m.subtype()), (mime::TEXT, mime::PLAIN) | (mime::APPLICATION, mime::JSON))
            || **m == mime::STAR_STAR
            || m.essence_str() == "text/*"
    });
    first.is_some_and(|m| m.type_() == mime::TEXT)
}

fn as_text(chunk: Chunk) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        // A log is whatever a job wrote; no browser should guess that it is a page.
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(chunk.content)
}

fn as_json(chunk: Chunk) -> LogPiece {
    LogPiece {
        content: String::from_utf8_lossy(&chunk.content).into_owned(),
        offset: chunk.offset,
        next_offset: chunk.next_offset,
        size: chunk.size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn parse(text: &str) -> Result<Wanted, Vec<String>> {
        let mut fields = query::fields(text).unwrap();
        let wanted = read(&mut fields);
        fields.finish().map(|()| wanted).map_err(|faults| faults.into_iter().map(|f| f.field).collect())
    }

    #[test]
    fn parameters() {
        let usual = Wanted { stream: Stream::Log, attempt: None, offset: 0, limit: None, tail: None };
        assert_eq!(parse("").as_ref(), Ok(&usual));
        assert_eq!(usual.part(9), Part::From { offset: 0, limit: 9 });
        let wanted = Wanted { stream: Stream::Stderr, attempt: Some(2), tail: Some(5), ..usual };
        assert_eq!(wanted.part(9), Part::Tail(5));
        assert_eq!(parse("stream=stderr&attempt=2&tail=5"), Ok(wanted));
        for (query, field) in [
            ("stream=all", "stream"),
            ("attempt=0", "attempt"),
            ("offset=-1", "offset"),
            ("limit=0", "limit"),
            ("tail=0", "tail"),
            ("tail=5&offset=1", "tail"),
            ("lines=5", "lines"),
        ] {
            assert_eq!(parse(query), Err(vec![field.to_owned()]), "{query}");
        }
    }

    #[test]
    fn text_is_given_only_to_those_who_ask() {
        for (accept, text) in [
            ("text/plain", true),
            ("text/plain; q=0.5, application/json", false),
            ("application/json;q=0.5, text/plain", true),
            ("*/*", false),
            ("text/html,*/*;q=0.8", false),
        ] {
            let request = TestRequest::get().insert_header(("accept", accept)).to_http_request();
            assert_eq!(wants_text(&request), text, "{accept}");
        }
        assert!(!wants_text(&TestRequest::get().to_http_request()));
    }
}
