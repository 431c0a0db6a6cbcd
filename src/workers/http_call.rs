//! What workers that speak HTTP have in common.

use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, redirect};
use url::Url;

use super::Context;
use super::failure::chain;
use crate::domain::{Timestamp, TraceContext};

/// How much of an answer an error message quotes, in characters.
const MAX_QUOTE: usize = 500;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// A client for calls to one configured URL. It follows no redirects: a key must not be sent on to
/// somebody else, and a POST that was redirected could arrive as a GET.
///
/// # Errors
/// When the machine's certificates cannot be read.
pub(super) fn client(url: &Url) -> Result<Client, String> {
    // An error means that the program has installed one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")));
    if url.scheme() == "http" {
        // A machine without certificates can do that too.
        client = client.tls_certs_only([]);
    }
    client.build().map_err(|e| format!("cannot set up an HTTP client: {}", chain(&e)))
}

/// Says which attempt a call is part of.
pub(super) fn traced(request: RequestBuilder, ctx: &Context) -> RequestBuilder {
    let Some(TraceContext { traceparent, tracestate }) = ctx.trace() else { return request };
    let request = request.header("traceparent", traceparent);
    match tracestate {
        Some(state) => request.header("tracestate", state),
        None => request,
    }
}

/// What went wrong with a call, without the URL, which may hold secrets.
pub(super) fn why(e: reqwest::Error) -> String {
    chain(&e.without_url())
}

/// A URL without what may be secret: user, password and query.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or(""), url.path())
}

/// The beginning of an answer for an error message: `: ` and the text, or nothing.
pub(super) fn quoted(answer: &str) -> String {
    let mut quote: String = answer.trim().chars().take(MAX_QUOTE).collect();
    if !quote.is_empty() {
        quote.insert_str(0, ": ");
    }
    quote
}

/// How long the other side wants to be left alone: seconds, or a date.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(secs) = text.parse() {
        return Some(Duration::from_secs(secs));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::from_millis(date.as_millisecond()).since(now))
}

/// The body of an answer, up to what is kept.
pub(super) struct Body {
    bytes: Vec<u8>,
    /// Whether there was more.
    pub cut: bool,
}

impl Body {
    /// Reads at most `most` bytes.
    pub async fn read(mut response: Response, most: usize) -> reqwest::Result<Self> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            let room = most - bytes.len();
            bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                return Ok(Self { bytes, cut: true });
            }
        }
        Ok(Self { bytes, cut: false })
    }

    /// As text that a store can hold.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).replace('\0', "\u{FFFD}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2030-01-02T03:04:05Z".parse().unwrap();
        let read =
            |value: &str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]), now);
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("Wed, 02 Jan 2030 03:05:05 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(read("Wed, 02 Jan 2030 03:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
