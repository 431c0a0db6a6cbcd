//! Traces for OpenTelemetry: off unless an endpoint is configured, and then nothing of it is there but
//! an `Option` that is `None`. The trace of a request goes with its jobs either way.

mod current;
mod otlp;
mod span;

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, Tracer, TracerProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

pub use self::current::{current, run_within, within};
use self::otlp::Otlp;
pub use self::span::Span;
use crate::config::TelemetryConfig;
use crate::domain::trace::TraceContext;

/// See the module. Cloning gives another handle to the same.
#[derive(Clone, Debug, Default)]
pub struct Telemetry(Option<Arc<On>>);

#[derive(Debug)]
struct On {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Telemetry {
    /// As it is configured. Must be called within a tokio runtime, on which the spans are sent.
    ///
    /// # Errors
    /// What keeps them from being sent.
    pub fn start(config: &TelemetryConfig) -> Result<Self, String> {
        let Some(endpoint) = &config.otlp_endpoint else { return Ok(Self::default()) };
        let resource = Resource::builder()
            .with_service_name(config.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let exporter = Otlp::new(endpoint, &config.otlp_headers)?;
        let provider =
            SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
        let tracer = provider.tracer("callboard");
        Ok(Self(Some(Arc::new(On { provider, tracer }))))
    }

    /// Whether anything is traced.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Begins a span. Its name and its attributes are not worked out where nothing is traced.
    #[must_use]
    pub fn span(&self, kind: SpanKind, name: impl FnOnce() -> String, parent: Option<&TraceContext>) -> Span {
        let Some(on) = &self.0 else { return Span::default() };
        let builder = on.tracer.span_builder(name()).with_kind(kind);
        Span::of(on.tracer.build_with_context(builder, &span::context_of(parent)))
    }

    /// Sends what is left.
    pub async fn end(&self) {
        let Some(on) = self.0.clone() else { return };
        // It waits for the exporter, which works on this runtime.
        let ended = tokio::task::spawn_blocking(move || on.provider.shutdown()).await;
        if let Ok(Err(e)) = ended {
            log::warn!("the last spans may not have arrived: {e}");
        }
    }
}
