//! Reading an answer, whole or while it is written, with a limit on silence and size.

use std::time::Duration;

use bytes::Bytes;
use eventsource_stream::{EventStreamError, Eventsource};
use futures_util::stream::{self, Stream, StreamExt};
use reqwest::Response;

use super::answer::{Assembly, Document};
use crate::workers::{Failure, RunResult, http_call};

/// The largest answer, in bytes as they come.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// How much of an answer that makes no sense is shown, in bytes.
const MAX_SHOWN: usize = 200;
/// What ends a stream.
const DONE: &str = "[DONE]";

/// Is told each new piece of text, and how many characters there are by then.
pub(super) type Heard<'a> = &'a mut (dyn FnMut(&str, usize) + Send);

/// Reads an answer that comes in one piece.
pub(super) async fn whole(response: Response, idle: Duration, heard: Heard<'_>) -> RunResult<Assembly> {
    let mut bytes = Vec::new();
    let mut pieces = std::pin::pin!(pieces(response, idle));
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    let document: Document = serde_json::from_slice(&bytes).map_err(|_| nonsense(&bytes))?;
    if let Some(complaint) = document.error {
        return Err(complaint.in_the_middle());
    }
    let mut assembly = Assembly::default();
    let text = assembly.add(document);
    if assembly.pieces == 0 {
        return Err(nonsense(&bytes));
    }
    heard(&text, assembly.chars());
    Ok(assembly)
}

/// Reads an answer while it is written.
pub(super) async fn streamed(response: Response, idle: Duration, heard: Heard<'_>) -> RunResult<Assembly> {
    let mut assembly = Assembly::default();
    let mut events = std::pin::pin!(pieces(response, idle).eventsource());
    while let Some(event) = events.next().await {
        let event = event.map_err(broken)?;
        if event.data.trim() == DONE {
            return Ok(assembly);
        }
        let document: Document =
            serde_json::from_str(&event.data).map_err(|_| nonsense(event.data.as_bytes()))?;
        if let Some(complaint) = document.error {
            return Err(complaint.in_the_middle());
        }
        let added = assembly.add(document);
        if !added.is_empty() {
            heard(&added, assembly.chars());
        }
    }
    Err(Failure::retry(format_args!("the answer was cut off after {} characters", assembly.chars())))
}

/// The bytes of an answer; fails after a silence and beyond the largest size.
fn pieces(response: Response, idle: Duration) -> impl Stream<Item = RunResult<Bytes>> {
    stream::try_unfold((response, 0), move |(mut response, before)| async move {
        let next = tokio::time::timeout(idle, response.chunk()).await;
        let next = next.map_err(|_| Failure::retry(silence(idle)))?;
        let Some(bytes) =
            next.map_err(|e| Failure::retry(format_args!("the answer broke off: {}", http_call::why(e))))?
        else {
            return Ok(None);
        };
        let size = before + bytes.len();
        if size > MAX_ANSWER {
            return Err(Failure::fatal(format_args!("the answer is longer than {MAX_ANSWER} bytes")));
        }
        Ok(Some((bytes, (response, size))))
    })
}

/// What to say when the endpoint says nothing.
pub(super) fn silence(idle: Duration) -> String {
    format!("the endpoint said nothing for {} s (llm.idle_timeout_secs)", idle.as_secs_f64())
}

fn broken(e: EventStreamError<Failure>) -> Failure {
    match e {
        EventStreamError::Transport(failure) => failure,
        EventStreamError::Utf8(_) => Failure::retry("the answer is not UTF-8"),
        EventStreamError::Parser(_) => Failure::retry("the answer is not a stream of events"),
    }
}

fn nonsense(bytes: &[u8]) -> Failure {
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_SHOWN)]).replace('\0', "\u{FFFD}");
    Failure::retry(format_args!("the endpoint's answer is no answer of a chat{}", http_call::quoted(&shown)))
}
