//! The log on a job's page, and a log as a file.

use std::io;

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::super::path::JobId;
use super::super::problem::Problem;
use super::super::reply::Reply;
use super::super::resource;
use super::form::Form;
use super::json_view::printable;
use crate::domain::Job;
use crate::logs::Stream;
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
        let (logs, id) = (callboard.logs().clone(), job.id);
        let (stream, chunk) = block(move || {
            let tail = |stream| logs.tail(id, attempt, stream, LINES).map(|chunk| (stream, chunk));
            let others: &[Stream] = if is_chosen { &[] } else { &[Stream::Stdout, Stream::Stderr] };
            let mut found = tail(stream)?;
            for other in others {
                if found.1.size == 0 {
                    found = tail(*other)?;
                }
            }
            Ok(if found.1.size == 0 { (stream, found.1) } else { found })
        })
        .await?;
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

/// Mounts logs as files.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/jobs/{id}/log.txt").get(file).mount(config);
}

async fn file(callboard: Data<Callboard>, id: JobId, request: HttpRequest) -> Reply {
    let job = callboard.job(id.0).await?;
    let (stream, attempt) = wanted(&job, &Form::of_query(request.query_string()));
    let logs = callboard.logs().clone();
    let chunk = block(move || logs.read(id.0, attempt, stream, 0, u64::MAX)).await?;
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

async fn block<T: Send + 'static>(
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let unreadable = |e: &dyn std::error::Error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the log cannot be read: {e}"))
    };
    web::block(read).await.map_err(|e| unreadable(&e))?.map_err(|e| unreadable(&e))
}
