//! Spans of what callers ask for.

use opentelemetry::trace::SpanKind;

use super::Callboard;
use crate::domain::{Json, TraceContext};
use crate::error::Error;
use crate::telemetry::{self, Span, Telemetry};

impl Callboard {
    /// What is traced.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.shared.telemetry
    }

    /// The span of what makes jobs, which those of their attempts have as their parent. `metadata` is
    /// that of the only job: the caller may have put it into a trace.
    pub(super) fn enqueue_span(&self, job_type: &str, jobs: usize, metadata: Option<&Json>) -> EnqueueSpan {
        let telemetry = &self.shared.telemetry;
        if !telemetry.is_on() {
            return EnqueueSpan::default();
        }
        let parent = metadata.and_then(TraceContext::of).or_else(telemetry::current);
        let mut span = telemetry.span(SpanKind::Producer, || format!("enqueue {job_type}"), parent.as_ref());
        span.set("messaging.system", "callboard");
        span.set("messaging.operation.type", "send");
        span.set("messaging.batch.message_count", i64::try_from(jobs).unwrap_or(i64::MAX));
        span.set("callboard.job_type", job_type.to_owned());
        EnqueueSpan(span)
    }
}

/// See [`Callboard::enqueue_span`].
#[derive(Default)]
pub(super) struct EnqueueSpan(Span);

impl EnqueueSpan {
    /// Does what makes the jobs. Of what went wrong only the kind is told: the text may quote a job.
    pub(super) async fn around<T>(
        mut self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let Some(context) = self.0.context() else { return work.await };
        let done = telemetry::within(Some(context), work).await;
        if let Err(e) = &done {
            self.0.set("error.type", e.kind());
            self.0.fail(e.kind());
        }
        done
    }
}
