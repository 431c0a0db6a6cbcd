//! Server-sent events: `/api/events` and `/api/jobs/{id}/events`.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Result, web};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::job_feed::JobFeed;
use super::live::LiveJobs;
use super::live_query::{self, LiveQuery, Takes};
use super::refusal::{refuse_away, refuse_error};
use crate::runtime::hub::{Frame, Wish};

/// Frames that go out as one chunk when they are there at once.
const MAX_BATCH: usize = 64;
/// An id that no event has: one that was not ours, or not a number.
const FOREIGN_ID: u64 = u64::MAX;

/// Adds the SSE endpoints. `L` must be there as [`web::Data`].
pub fn routes<L: LiveJobs>(config: &mut web::ServiceConfig) {
    config
        .route("/api/events", web::get().to(watch_all::<L>))
        .route("/api/jobs/{id}/events", web::get().to(watch_job::<L>));
}

/// `GET /api/events`: everything, narrowed by the list's filters.
pub async fn watch_all<L: LiveJobs>(request: HttpRequest, live: web::Data<L>) -> Result<HttpResponse> {
    let query = read_query(&request, true)?;
    let wish = Wish::all(query.filter).with_logs(query.logs).after(query.last_event_id);
    let events = live.hub().subscribe(wish).await.map_err(refuse_away)?;
    Ok(answer(events, live.comment_every()))
}

/// `GET /api/jobs/{id}/events`: one job, until its end.
pub async fn watch_job<L: LiveJobs>(
    request: HttpRequest,
    id: web::Path<String>,
    live: web::Data<L>,
) -> Result<HttpResponse> {
    let query = read_query(&request, false)?;
    let feed = JobFeed::open(&**live, &id, query).await?;
    Ok(answer(feed, live.comment_every()))
}

/// The query, and the header that browsers send when they come back.
fn read_query(request: &HttpRequest, filters: bool) -> Result<LiveQuery> {
    let mut query = live_query::read(request.query_string(), Takes { filters, resume: true })
        .map_err(|e| refuse_error(&e))?;
    if let Some(id) = request.headers().get("Last-Event-ID").filter(|id| !id.is_empty()) {
        let id = id.to_str().ok().and_then(|id| id.trim().parse().ok());
        query.last_event_id = Some(id.unwrap_or(FOREIGN_ID));
    }
    Ok(query)
}

fn answer(frames: impl Stream<Item = Arc<Frame>> + 'static, comment_every: Duration) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        // Asks nginx and its kin not to hold events back.
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(chunks(frames, comment_every))
}

/// The bytes of a stream. The first comment makes the headers go out at once.
fn chunks(
    frames: impl Stream<Item = Arc<Frame>> + 'static,
    comment_every: Duration,
) -> impl Stream<Item = Result<Bytes>> {
    let first = stream::iter([Bytes::from_static(b": callboard\n\n")]);
    let batches = Box::pin(frames.ready_chunks(MAX_BATCH));
    let rest = stream::unfold(batches, move |mut batches| async move {
        let chunk = match tokio::time::timeout(comment_every, batches.next()).await {
            Ok(frames) => write(&frames?),
            Err(_) => Bytes::from_static(b": still here\n\n"),
        };
        Some((chunk, batches))
    });
    first.chain(rest).map(Ok)
}

fn write(frames: &[Arc<Frame>]) -> Bytes {
    let mut text = String::new();
    for frame in frames {
        // Writing to a string does not fail.
        if let Some(id) = frame.id() {
            _ = writeln!(text, "id: {id}");
        }
        _ = write!(text, "event: {}\ndata: {}\n\n", frame.name(), frame.text());
    }
    text.into()
}
