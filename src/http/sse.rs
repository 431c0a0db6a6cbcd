//! Server-sent events: `/api/events` and `/api/jobs/{id}/events`.

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::job_feed::JobFeed;
use super::live::LiveJobs;
use super::openapi::parameters;
use super::path::JobId;
use super::reply::Reply;
use super::watch::{self, Resume};
use super::{resource, session_end};
use crate::runtime::hub::{Frame, Wish};

/// Frames that go out as one chunk when they are there at once.
const MAX_BATCH: usize = 64;

/// Mounts the calls.
pub(super) fn routes<L: LiveJobs>(config: &mut ServiceConfig) {
    resource::at("/api/events").stream(watch_all::<L>).mount(config);
    resource::at("/api/jobs/{id}/events").stream(watch_job::<L>).mount(config);
}

/// Everything that happens, as server-sent events
///
/// Each message is a JSON object. `{"type":"state","job_id","state","attempt","error","at"}` comes for
/// every state, after its commit;
/// `{"type":"progress","job_id","attempt","percent","processed","total","message","at"}` at most twice
/// a second for one job; `{"type":"log","job_id","attempt","stream","line","at"}` with `logs=true`;
/// `{"type":"gap","dropped"}` when a slow client lost events.
///
/// Each event has the name that is its `type`. Ids rise; `Last-Event-ID` reaches back 10,000 events or
/// 5 minutes, then there is a `gap`.
#[utoipa::path(
    get, path = "/api/events", tag = "events", operation_id = "watchAll",
    params(parameters::Filter, parameters::Watch, parameters::Resume),
    responses(
        (status = 200, description = "Events without end", content((String = "text/event-stream"))),
    ),
)]
pub(super) async fn watch_all<L: LiveJobs>(live: Data<L>, request: HttpRequest) -> Reply {
    let wish = watch::read(&request, Resume::Offered, watch::everything)?;
    Ok(answer(&request, live.hub().subscribe(wish).await?, live.comment_every()))
}

/// What happens to a job, as server-sent events
///
/// `{"type":"snapshot","job"}` comes first. Each message is a JSON object.
/// `{"type":"state","job_id","state","attempt","error","at"}` comes for every state, after its commit;
/// `{"type":"progress","job_id","attempt","percent","processed","total","message","at"}` at most twice
/// a second for one job; `{"type":"log","job_id","attempt","stream","line","at"}` with `logs=true`;
/// `{"type":"gap","dropped"}` when a slow client lost events.
///
/// After a final state comes an event named `end`, and the stream is over.
#[utoipa::path(
    get, path = "/api/jobs/{id}/events", tag = "events", operation_id = "watchJob",
    params(parameters::JobPath, parameters::Watch, parameters::Resume),
    responses(
        (status = 200, description = "Events until the job is over", content((String = "text/event-stream"))),
    ),
)]
pub(super) async fn watch_job<L: LiveJobs>(live: Data<L>, id: JobId, request: HttpRequest) -> Reply {
    let wish = watch::read(&request, Resume::Offered, |_| Wish::job(id.0))?;
    Ok(answer(&request, JobFeed::open(&**live, id, wish).await?, live.comment_every()))
}

fn answer(
    request: &HttpRequest,
    frames: impl Stream<Item = Arc<Frame>> + 'static,
    comment_every: Duration,
) -> HttpResponse {
    let frames = frames.take_until(session_end::of(request));
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
) -> impl Stream<Item = Result<Bytes, Infallible>> {
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
