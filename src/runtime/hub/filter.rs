//! Which events a subscriber of everything wants.

use crate::domain::{Event, EventBody, Job, JobFilter};

/// A filter in two parts: what the event itself can answer, and what only its job can.
#[derive(Debug, Default)]
pub(super) struct EventFilter {
    quick: JobFilter,
    slow: Option<JobFilter>,
}

impl EventFilter {
    pub fn new(mut filter: JobFilter) -> Self {
        let quick = JobFilter {
            state: std::mem::take(&mut filter.state),
            job_type: std::mem::take(&mut filter.job_type),
            queue: std::mem::take(&mut filter.queue),
            id: std::mem::take(&mut filter.id),
            ..JobFilter::default()
        };
        Self { quick, slow: (!filter.is_empty()).then_some(filter) }
    }

    /// Whether the job must be known.
    pub fn needs_job(&self) -> bool {
        self.slow.is_some()
    }

    /// Whether the event passes as far as it can tell. A state is asked of state frames only.
    pub fn passes_event(&self, event: &Event) -> bool {
        let of_state = match &event.body {
            EventBody::State { state, .. } => self.quick.state.is_empty() || self.quick.state.contains(state),
            EventBody::Progress { .. } | EventBody::Log(_) => true,
        };
        of_state
            && (self.quick.job_type.is_empty() || self.quick.job_type.iter().any(|t| **t == *event.job_type))
            && (self.quick.queue.is_empty() || self.quick.queue.iter().any(|q| **q == *event.queue))
            && (self.quick.id.is_empty() || self.quick.id.contains(&event.job_id))
    }

    /// Whether the job passes the rest.
    pub fn passes_job(&self, job: &Job) -> bool {
        self.slow.as_ref().is_none_or(|filter| filter.passes(job, false))
    }
}
