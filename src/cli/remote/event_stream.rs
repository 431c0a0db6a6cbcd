//! A connection on which a server tells what happens.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::Method;
use tokio::time::timeout;

use crate::cli::failure::Failure;

use super::client::{Client, Query};
use super::sse::{Decoder, Event};

/// A server says something every 20 seconds, even if it is only a comment.
const SILENCE: Duration = Duration::from_secs(60);

/// A connection that is open.
pub struct EventStream {
    bytes: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>>>>,
    decoder: Decoder,
}

impl EventStream {
    /// Opens one; behind `last_event_id`, if there was one before it.
    pub async fn open(
        client: &Client,
        path: &[&str],
        query: &Query,
        last_event_id: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut request = client.request(Method::GET, path, query).header("accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = client.open(request).await?;
        Ok(Self { bytes: Box::pin(response.bytes_stream()), decoder: Decoder::default() })
    }

    /// The next events; why there are no more, when it breaks.
    pub async fn read(&mut self) -> Result<Vec<Event>, String> {
        match timeout(SILENCE, self.bytes.next()).await {
            Ok(Some(Ok(piece))) => self.decoder.feed(&piece),
            Ok(Some(Err(e))) => Err(e.to_string()),
            Ok(None) => Err("the server closed it".into()),
            Err(_) => Err(format!("nothing was heard for {} s", SILENCE.as_secs())),
        }
    }
}
