//! Spans on their way to a collector: OTLP over HTTP in its JSON form, which every collector takes.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value as Json, json};
use url::Url;

/// How long a collector has to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time between two complaints in the log.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug)]
pub(super) struct Otlp {
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    /// The exporter is called on a thread of its own, which has no runtime.
    runtime: tokio::runtime::Handle,
    resource: Json,
    complained: Mutex<Option<Instant>>,
}

impl Otlp {
    /// Sends to the collector at this address.
    pub(super) fn new(endpoint: &Url, headers: &[(String, String)]) -> Result<Self, String> {
        // An error means that the program has installed one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = reqwest::Client::builder().timeout(PATIENCE);
        if endpoint.scheme() == "http" {
            // A machine without certificates can do that too.
            client = client.tls_certs_only([]);
        }
        let header = |(name, value): &(String, String)| {
            let named =
                HeaderName::try_from(name).map_err(|_| format!("{name:?} is not the name of a header"))?;
            let mut value = HeaderValue::try_from(value)
                .map_err(|_| format!("the value of the header {name} has characters that none may have"))?;
            value.set_sensitive(true);
            Ok::<_, String>((named, value))
        };
        Ok(Self {
            client: client.build().map_err(|e| e.to_string())?,
            url: traces_url(endpoint),
            headers: headers.iter().map(header).collect::<Result<_, _>>()?,
            runtime: tokio::runtime::Handle::current(),
            resource: json!({}),
            complained: Mutex::default(),
        })
    }

    fn failed(&self, why: String) -> OTelSdkError {
        let mut complained = self.complained.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if complained.is_none_or(|last| last.elapsed() > COMPLAIN_EVERY) {
            log::warn!("spans are lost: {why}");
            *complained = Some(Instant::now());
        }
        OTelSdkError::InternalFailure(why)
    }
}

/// A collector's address stands for all it takes; traces have a path of their own below it.
fn traces_url(endpoint: &Url) -> Url {
    let mut url = endpoint.clone();
    let path = endpoint.path().trim_end_matches('/');
    if !path.ends_with("/v1/traces") {
        url.set_path(&format!("{path}/v1/traces"));
    }
    url
}

impl SpanExporter for Otlp {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let body = document(&self.resource, &batch).to_string();
        let request = self.client.post(self.url.clone()).headers(self.headers.clone());
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        // The timeout of a request begins when it is sent, and wants the runtime then.
        match self.runtime.spawn(async move { request.send().await }).await {
            Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
            Ok(Ok(answer)) => Err(self.failed(format!("the collector answers {}", answer.status()))),
            Ok(Err(e)) => Err(self.failed(format!("the collector cannot be reached: {}", e.without_url()))),
            Err(e) => Err(self.failed(format!("sending did not end: {e}"))),
        }
    }

    fn set_resource(&mut self, resource: &Resource) {
        let all = resource.iter().map(|(key, value)| attribute(key.as_str(), value));
        self.resource = json!({ "attributes": all.collect::<Vec<_>>() });
    }
}

/// The body of a request.
fn document(resource: &Json, batch: &[SpanData]) -> Json {
    let spans: Vec<Json> = batch.iter().map(span).collect();
    let scope = json!({"name": "callboard", "version": env!("CARGO_PKG_VERSION")});
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}]})
}

fn span(span: &SpanData) -> Json {
    let mut json = json!({
        "traceId": span.span_context.trace_id().to_string(),
        "spanId": span.span_context.span_id().to_string(),
        "name": span.name,
        "kind": match span.span_kind {
            SpanKind::Internal => 1,
            SpanKind::Server => 2,
            SpanKind::Client => 3,
            SpanKind::Producer => 4,
            SpanKind::Consumer => 5,
        },
        "startTimeUnixNano": nanos(span.start_time),
        "endTimeUnixNano": nanos(span.end_time),
        "attributes": span.attributes.iter().map(key_value).collect::<Vec<_>>(),
        "droppedAttributesCount": span.dropped_attributes_count,
        "flags": span.span_context.trace_flags().to_u8(),
    });
    let state = span.span_context.trace_state().header();
    if !state.is_empty() {
        json["traceState"] = state.into();
    }
    if span.parent_span_id != SpanId::INVALID {
        json["parentSpanId"] = span.parent_span_id.to_string().into();
    }
    match &span.status {
        Status::Unset => {}
        Status::Ok => json["status"] = json!({"code": 1}),
        Status::Error { description } => json["status"] = json!({"code": 2, "message": description}),
    }
    json
}

fn key_value(said: &KeyValue) -> Json {
    attribute(said.key.as_str(), &said.value)
}

fn attribute(key: &str, value: &Value) -> Json {
    let value = match value {
        Value::Bool(b) => json!({"boolValue": b}),
        // As all numbers of 64 bits, in quotes.
        Value::I64(n) => json!({"intValue": n.to_string()}),
        Value::F64(x) => json!({"doubleValue": x}),
        other => json!({"stringValue": other.as_str()}),
    };
    json!({"key": key, "value": value})
}

fn nanos(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_traces_is_below_the_collectors_address() {
        let url = |text: &str| traces_url(&text.parse().unwrap()).to_string();
        assert_eq!(url("http://localhost:4318"), "http://localhost:4318/v1/traces");
        assert_eq!(url("https://o.example/otlp/"), "https://o.example/otlp/v1/traces");
        assert_eq!(url("https://o.example/v1/traces"), "https://o.example/v1/traces");
    }
}
