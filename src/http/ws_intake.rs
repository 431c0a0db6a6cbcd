//! What a WebSocket client may send.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::Instant;

/// More than this in [`SPAN`] is not talk but a flood. Pongs and a word now and then need far less.
const MAX_BYTES: usize = 256 * 1024;
const SPAN: Duration = Duration::from_secs(60);

/// The bytes from a client, cut off when they become a flood: whatever has been read and not been
/// looked at yet is kept in memory, and nothing but the speed of the client would bound it.
pub(super) struct Intake<S> {
    payload: S,
    taken: usize,
    since: Instant,
}

impl<S> Intake<S> {
    pub fn new(payload: S) -> Self {
        Self { payload, taken: 0, since: Instant::now() }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Intake<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(Pin::new(&mut self.payload).poll_next(cx));
        if self.since.elapsed() > SPAN {
            (self.since, self.taken) = (Instant::now(), 0);
        }
        if let Some(Ok(bytes)) = &chunk {
            self.taken += bytes.len();
            if self.taken > MAX_BYTES {
                return Poll::Ready(Some(Err(PayloadError::Overflow)));
            }
        }
        Poll::Ready(chunk)
    }
}
