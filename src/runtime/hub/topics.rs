//! Who gets which frame.

use std::collections::HashMap;
use std::sync::Arc;

use super::filter::EventFilter;
use super::outbox::Inlet;
use super::ring::Missed;
use super::sieve::Sieve;
use super::{Frame, JobLookup};
use crate::domain::JobFilter;

/// One who watches, as the hub knows it.
pub(crate) struct Subscriber {
    id: u64,
    inlet: Inlet,
    logs: bool,
    filter: EventFilter,
}

/// All who watch. Those of one job are found by its id, so that they cost nothing for other jobs;
/// those whose filter needs the job are served by a [`Sieve`], so that nobody waits for the store.
pub(crate) struct Topics {
    by_job: HashMap<i64, Vec<Subscriber>>,
    all: Vec<Subscriber>,
    sieve: Sieve,
}

impl Subscriber {
    /// One who has an end of a buffer in hand.
    pub fn new(id: u64, inlet: Inlet, logs: bool, filter: JobFilter) -> Self {
        Self { id, inlet, logs, filter: EventFilter::new(filter) }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Whether it wants a frame, as far as the frame can tell.
    pub fn wants(&self, frame: &Frame) -> bool {
        frame.as_event().is_some_and(|e| (self.logs || !frame.is_log()) && self.filter.passes_event(e))
    }

    pub(super) fn filter(&self) -> &EventFilter {
        &self.filter
    }

    pub(super) fn inlet(&self) -> &Inlet {
        &self.inlet
    }

    fn welcome(&self, missed: Missed) {
        self.inlet.replay(missed.dropped.map(Frame::gap));
        self.inlet.replay(missed.frames);
    }
}

impl Topics {
    /// Nobody watches yet.
    pub fn new(lookup: Arc<dyn JobLookup>) -> Self {
        Self { by_job: HashMap::new(), all: Vec::new(), sieve: Sieve::new(lookup) }
    }

    /// Adds one who watches a single job.
    pub fn join_job(&mut self, job_id: i64, subscriber: Subscriber, missed: Missed) {
        subscriber.welcome(missed);
        self.by_job.entry(job_id).or_default().push(subscriber);
    }

    /// Adds one who watches all that its filter lets pass.
    pub fn join_all(&mut self, subscriber: Subscriber, missed: Missed) {
        if subscriber.filter.needs_job() {
            self.sieve.join(subscriber, missed);
        } else {
            subscriber.welcome(missed);
            self.all.push(subscriber);
        }
    }

    /// Removes one who has gone; `job_id` as it joined.
    pub fn leave(&mut self, job_id: Option<i64>, id: u64) {
        let Some(job_id) = job_id else {
            self.all.retain(|s| s.id != id);
            self.sieve.leave(id);
            return;
        };
        if let Some(watchers) = self.by_job.get_mut(&job_id) {
            watchers.retain(|s| s.id != id);
            if watchers.is_empty() {
                self.by_job.remove(&job_id);
            }
        }
    }

    /// Hands a frame to all who want it.
    pub fn deliver(&self, frame: &Arc<Frame>) {
        let Some(event) = frame.as_event() else { return };
        let of_job = self.by_job.get(&event.job_id).map_or(&[][..], Vec::as_slice);
        for subscriber in of_job.iter().chain(&self.all).filter(|s| s.wants(frame)) {
            subscriber.inlet.push(frame);
        }
        self.sieve.offer(frame);
    }

    /// Tells those concerned that events were lost on their way to the hub.
    pub fn lose(&self, n: u64, only_logs: bool) {
        for subscriber in self.by_job.values().flatten().chain(&self.all) {
            if subscriber.logs || !only_logs {
                subscriber.inlet.lose(n);
            }
        }
        self.sieve.lose(n);
    }

    /// Ends the streams of all.
    pub fn clear(&mut self) {
        self.by_job.clear();
        self.all.clear();
        self.sieve.stop();
    }
}

#[cfg(test)]
pub(super) mod test_events {
    use crate::domain::{Event, EventBody, LogLine, State, Timestamp};

    fn event(job_id: i64, body: EventBody) -> Event {
        Event { job_id, job_type: "video".into(), queue: "default".into(), body }
    }

    pub fn state(job_id: i64, state: State, attempt: u32) -> Event {
        event(job_id, EventBody::State { state, attempt, error: None, at: Timestamp::MIN })
    }

    pub fn progress(job_id: i64, processed: u32) -> Event {
        let (percent, processed) = (f64::from(processed), u64::from(processed));
        let (total, message, at) = (Some(100), None, Timestamp::MIN);
        event(job_id, EventBody::Progress { attempt: 1, percent, processed, total, message, at })
    }

    pub fn log(job_id: i64, line: &str) -> Event {
        let line = LogLine { attempt: 1, stream: "log", line: line.to_owned(), at: Timestamp::MIN };
        event(job_id, EventBody::Log(line))
    }
}
