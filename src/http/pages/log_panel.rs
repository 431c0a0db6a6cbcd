//! The log on a job's page, and a log as a file.

use actix_web::http::header;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::super::path::JobId;
use super::super::problem::Problem;
use super::super::reply::Reply;
use super::super::resource;
use super::form::Form;
use super::json_view::printable;
use crate::domain::Job;
use crate::error::Error;
use crate::logs::{Chunk, Part, Stream};
use crate::runtime::Callboard;

/// Lines that are shown at first.
const LINES: usize = 300;
/// Characters of a line that are shown.
const MAX_CHARS: usize = 4000;

/// The end of a stream of an attempt's log.
pub(super) struct LogPanel {
    pub stream: Stream,
    pub attempt: u32,
    /// Whether the stream was asked for.
    pub is_chosen: bool,
    pub lines: Vec<String>,
    /// Where scripts read on.
    pub next_offset: u64,
    pub size: u64,
    /// Whether the log began before what is shown.
    pub is_cut: bool,
}

impl LogPanel {
    /// Reads the log that a page's query asks for; without a word, the first stream of the last
    /// attempt in which something was written.
    pub(super) async fn read(callboard: &Callboard, job: &Job, query: &Form) -> Result<Self, Problem> {
        let (stream, attempt) = wanted(job, query);
        let is_chosen = query.get("stream").is_some();
        let (stream, chunk) = match end_of(callboard, job, attempt, stream, is_chosen).await {
            Ok(found) => found,
            // The rest of the page is worth seeing.
            Err(e) => (stream, Chunk { content: e.to_string().into_bytes(), ..Chunk::default() }),
        };
        let text = String::from_utf8_lossy(&chunk.content);
        Ok(Self {
            stream,
            attempt,
            is_chosen,
            lines: text.lines().map(|line| printable(line, MAX_CHARS)).collect(),
            next_offset: chunk.next_offset,
            size: chunk.size,
            is_cut: chunk.offset > 0,
        })
    }

    pub(super) fn streams(&self) -> [Stream; 5] {
        Stream::ALL
    }
}

/// The end of a stream, or of the first one in which something was written.
async fn end_of(
    callboard: &Callboard,
    job: &Job,
    attempt: u32,
    stream: Stream,
    is_chosen: bool,
) -> Result<(Stream, Chunk), Error> {
    let others: &[Stream] = if is_chosen { &[] } else { &[Stream::Stdout, Stream::Stderr] };
    let first = callboard.log(job, attempt, stream, Part::Tail(LINES)).await?;
    let mut found = (stream, first);
    for other in others {
        if found.1.size == 0 {
            found = (*other, callboard.log(job, attempt, *other, Part::Tail(LINES)).await?);
        }
    }
    Ok(if found.1.size == 0 { (stream, found.1) } else { found })
}

/// Mounts logs as files.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/jobs/{id}/log.txt").get(file).mount(config);
}

async fn file(callboard: Data<Callboard>, id: JobId, request: HttpRequest) -> Reply {
    let job = callboard.job(id.0).await?;
    let (stream, attempt) = wanted(&job, &Form::of_query(request.query_string()));
    let whole = Part::From { offset: 0, limit: u64::MAX };
    let chunk = callboard.log(&job, attempt, stream, whole).await?;
    let name = format!("attachment; filename=\"job-{}-{attempt}-{stream}.txt\"", job.id);
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(chunk.content))
}

fn wanted(job: &Job, query: &Form) -> (Stream, u32) {
    let stream = query.get("stream").and_then(|word| word.parse().ok()).unwrap_or(Stream::Log);
    let attempt = query.get("attempt").and_then(|n| n.parse().ok()).filter(|n| *n <= job.attempt);
    (stream, attempt.unwrap_or(job.attempt))
}
