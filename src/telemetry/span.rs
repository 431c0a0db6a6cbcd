//! One span: a piece of work in a trace.

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span as _, SpanContext, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::Span as SdkSpan;
use std::collections::HashMap;

use crate::domain::trace::TraceContext;

/// See the module. It ends when it is dropped. Where nothing is traced it is nothing.
#[derive(Debug, Default)]
pub struct Span(Option<Box<SdkSpan>>);

impl Span {
    pub(super) fn of(span: SdkSpan) -> Self {
        Self(Some(Box::new(span)))
    }

    /// Whether anybody will see it.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.0.as_ref().is_some_and(|span| span.is_recording())
    }

    /// Calls it by another name.
    pub fn rename(&mut self, name: String) {
        if let Some(span) = &mut self.0 {
            span.update_name(name);
        }
    }

    /// Says something about it.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(key, value));
        }
    }

    /// It failed.
    pub fn fail(&mut self, why: impl Into<String>) {
        if let Some(span) = &mut self.0 {
            span.set_status(Status::error(why.into()));
        }
    }

    /// What is part of it names this as its parent.
    #[must_use]
    pub fn context(&self) -> Option<TraceContext> {
        let span = self.0.as_ref()?;
        write(span.span_context())
    }
}

/// What a span that begins has as its parent.
pub(super) fn context_of(parent: Option<&TraceContext>) -> Context {
    let Some(parent) = parent else { return Context::new() };
    let mut headers = HashMap::from([("traceparent".to_owned(), parent.traceparent.clone())]);
    headers.extend(parent.tracestate.clone().map(|state| ("tracestate".to_owned(), state)));
    TraceContextPropagator::new().extract_with_context(&Context::new(), &headers)
}

fn write(span: &SpanContext) -> Option<TraceContext> {
    let mut headers: HashMap<String, String> = HashMap::new();
    let context = Context::new().with_remote_span_context(span.clone());
    TraceContextPropagator::new().inject_context(&context, &mut headers);
    TraceContext::read(headers.get("traceparent")?, headers.get("tracestate").map(String::as_str))
}
