//! What a job wrote.

use std::io;

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, mime};
use serde::Serialize;

use super::fields::Fields;
use super::given::Given;
use super::path::JobId;
use super::problem::Problem;
use super::reply::{self, Reply};
use super::{query, resource};
use crate::logs::{Chunk, JobLogs, Stream};
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
    part: Part,
}

/// Which part of a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// So many bytes from here; without a number, as many as usual, or all as plain text.
    From { offset: u64, limit: Option<u64> },
    /// The last lines.
    Tail(usize),
}

#[derive(Serialize)]
struct Piece {
    content: String,
    offset: u64,
    next_offset: u64,
    size: u64,
}

async fn read_log(callboard: Data<Callboard>, id: JobId, request: HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let wanted = read(&mut fields);
    query::finish(fields)?;
    let job = callboard.job(id.0).await?;
    let attempt = wanted.attempt.unwrap_or(job.attempt);
    if wanted.attempt.is_some_and(|n| n > job.attempt) {
        return Err(Problem::not_found(format_args!("attempt {attempt} of job {}", job.id)));
    }
    let plain = wants_text(&request);
    let logs = callboard.logs().clone();
    let chunk = web::block(move || load(&logs, id.0, attempt, &wanted, plain))
        .await
        .map_err(|e| unreadable(&e))?
        .map_err(|e| unreadable(&e))?;
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
    let part = match tail {
        Some(lines) => Part::Tail(usize::try_from(lines).unwrap_or_default()),
        None => Part::From { offset: offset.unsigned_abs(), limit: limit.map(i64::unsigned_abs) },
    };
    Wanted { stream, attempt: attempt.and_then(|n| n.try_into().ok()), part }
}

fn stream(given: &Given<'_>) -> Result<Stream, String> {
    given
        .text()?
        .parse()
        .map_err(|_| format!("must be log, stdout, stderr, progress or events, got {}", given.shown()))
}

fn load(logs: &JobLogs, id: i64, attempt: u32, wanted: &Wanted, whole: bool) -> io::Result<Chunk> {
    let usual = if whole { u64::MAX } else { USUAL_LIMIT };
    match wanted.part {
        Part::Tail(lines) => logs.tail(id, attempt, wanted.stream, lines),
        Part::From { offset, limit } => logs.read(id, attempt, wanted.stream, offset, limit.unwrap_or(usual)),
    }
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

fn as_json(chunk: Chunk) -> Piece {
    Piece {
        content: String::from_utf8_lossy(&chunk.content).into_owned(),
        offset: chunk.offset,
        next_offset: chunk.next_offset,
        size: chunk.size,
    }
}

fn unreadable(error: &dyn std::error::Error) -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the log cannot be read: {error}"))
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
        let usual = Part::From { offset: 0, limit: None };
        assert_eq!(parse(""), Ok(Wanted { stream: Stream::Log, attempt: None, part: usual }));
        let wanted = Wanted { stream: Stream::Stderr, attempt: Some(2), part: Part::Tail(5) };
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
