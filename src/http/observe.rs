//! What there is to count about a request: by which route it came, how it was answered, how long that
//! took, and whether somebody watches from now on.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpRequest};
use opentelemetry::trace::SpanKind;

use crate::domain::TraceContext;
use crate::metrics::{Histogram, HttpMetrics, Transport, Watching};
use crate::runtime::Callboard;
use crate::telemetry::{self, Span};

/// The route of a path that nothing is at.
const NOWHERE: &str = "(none)";

/// What is asked again and again by programs that look after this one is not traced.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The path of a resource as a template, and what is counted of it: looked for once by each method and
/// class of status, not with each request.
pub(super) struct Route {
    path: Box<str>,
    seen: RefCell<Vec<(&'static str, &'static str, Histogram)>>,
}

impl Route {
    /// Of a resource at `path`.
    pub(super) fn new(path: &str) -> Self {
        Self { path: path.into(), seen: RefCell::default() }
    }

    fn requests(&self, metrics: &HttpMetrics, method: &'static str, class: &'static str) -> Histogram {
        let mut seen = self.seen.borrow_mut();
        if let Some((.., known)) = seen.iter().find(|(m, c, _)| (*m, *c) == (method, class)) {
            return known.clone();
        }
        let found = metrics.requests(&self.path, method, class);
        seen.push((method, class, found.clone()));
        found
    }
}

/// Counts a request.
pub(super) async fn observe<B>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Observed<B>>, Error>
where
    B: MessageBody + Unpin,
{
    let begun = Instant::now();
    let callboard = request.app_data::<Data<Callboard>>().cloned();
    let told = told(request.headers());
    let mut span = match &callboard {
        Some(callboard) if !PROBES.contains(&request.match_info().unprocessed()) => {
            callboard.telemetry().span(SpanKind::Server, || "HTTP".into(), told.as_ref())
        }
        _ => Span::default(),
    };
    let answer = telemetry::within(span.context().or(told), next.call(request)).await?;
    let method = method(answer.request().method());
    if span.is_recording() {
        describe(&mut span, method, route_of(answer.request()), answer.status());
    }
    let watching = callboard.and_then(|callboard| {
        let metrics = &callboard.metrics().http;
        count(metrics, &answer, method, begun.elapsed());
        transport(&answer).map(|transport| metrics.watch(transport))
    });
    Ok(answer.map_body(|_, body| Observed { body, watching }))
}

/// The trace that a client says that it is part of.
fn told(headers: &HeaderMap) -> Option<TraceContext> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    TraceContext::read(text("traceparent")?, text("tracestate"))
}

fn describe(span: &mut Span, method: &'static str, route: &str, status: StatusCode) {
    span.rename(format!("{method} {route}"));
    span.set("http.request.method", method);
    span.set("http.route", route.to_owned());
    span.set("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.fail(status.to_string());
    }
}

/// The template of the path that a request came by.
fn route_of(request: &HttpRequest) -> &str {
    request.app_data::<Route>().map_or(NOWHERE, |route| &route.path)
}

fn count<B>(metrics: &HttpMetrics, answer: &ServiceResponse<B>, method: &'static str, took: Duration) {
    let (route, class) = (answer.request().app_data::<Route>(), class(answer.status()));
    let took = took.as_secs_f64();
    match route {
        Some(route) => route.requests(metrics, method, class).observe(took),
        None => metrics.requests(NOWHERE, method, class).observe(took),
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

/// A client may call a method anything.
fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| method.as_str() == *known).unwrap_or("OTHER")
}

fn transport<B>(answer: &ServiceResponse<B>) -> Option<Transport> {
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Some(Transport::WebSocket);
    }
    let kind = answer.headers().get(header::CONTENT_TYPE)?;
    kind.as_bytes().starts_with(b"text/event-stream").then_some(Transport::Sse)
}

/// A body that counts as watched until it is let go of.
pub(super) struct Observed<B> {
    body: B,
    watching: Option<Watching>,
}

impl<B: MessageBody + Unpin> MessageBody for Observed<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, watching } = self;
        body.try_into_bytes().map_err(|body| Self { body, watching })
    }
}
