//! The requests that are being answered, so that it shows when the last one is done.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use tokio::sync::watch;

use super::idle_peer::{self, Answering};

/// See the module. Cloning gives another handle to the same ones.
#[derive(Clone, Default)]
pub(super) struct InFlight(watch::Sender<usize>);

/// A request, for as long as it is being answered.
pub(super) struct Open(watch::Sender<usize>);

impl InFlight {
    /// There is one more.
    pub(super) fn open(&self) -> Open {
        self.0.send_modify(|n| *n += 1);
        Open(self.0.clone())
    }

    /// Waits until there is none.
    pub(super) async fn all_answered(&self) {
        // The sender lives as long as this does, so the wait does not end without it.
        let _ = self.0.subscribe().wait_for(|n| *n == 0).await;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

/// Counts a request until the last of its answer was handed over; that of somebody who watches is
/// long.
pub(super) async fn count<B>(
    open: Open,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Counted<B>>, Error>
where
    B: MessageBody + Unpin,
{
    let answering = idle_peer::answering(request.request());
    let answer = next.call(request).await?;
    Ok(answer.map_body(|_, body| Counted { body, _open: open, _answering: answering }))
}

/// A body whose end is noticed.
pub(super) struct Counted<B> {
    body: B,
    _open: Open,
    _answering: Option<Answering>,
}

impl<B: MessageBody + Unpin> MessageBody for Counted<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn the_last_one_is_waited_for() {
        let in_flight = InFlight::default();
        assert!(in_flight.all_answered().now_or_never().is_some());
        let (a, b) = (in_flight.open(), in_flight.open());
        drop(a);
        assert!(in_flight.all_answered().now_or_never().is_none());
        drop(b);
        assert!(in_flight.all_answered().now_or_never().is_some());
    }
}
