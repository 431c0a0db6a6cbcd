//! Steps of progress: throttled to two a second for each attempt, told to those who watch, and kept
//! in the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::hub::HubHandle;
use super::slots::Slots;
use crate::domain::{Claim, Clock, Event, EventBody, Progress, Timestamp};
use crate::store::{Store, verbs};
use crate::workers::ProgressReporter;

/// The least time between two steps that are told.
const PAUSE: Duration = Duration::from_millis(500);

/// Takes the steps of one attempt.
pub struct Reporter {
    claim: Claim,
    job_type: Arc<str>,
    queue: Arc<str>,
    clock: Clock,
    hub: HubHandle,
    slots: Arc<Slots>,
    writer: ProgressWriter,
    state: Mutex<State>,
    me: Weak<Self>,
}

#[derive(Default)]
struct State {
    told_at: Option<Timestamp>,
    waiting: Option<Progress>,
    timer: bool,
    closed: bool,
}

/// What a reporter works with.
pub struct ReporterParts {
    pub(super) claim: Claim,
    pub(super) job_type: Arc<str>,
    pub(super) queue: Arc<str>,
    pub(super) clock: Clock,
    pub(super) hub: HubHandle,
    pub(super) slots: Arc<Slots>,
    pub(super) writer: ProgressWriter,
}

impl Reporter {
    /// For an attempt that begins.
    #[must_use]
    pub fn new(parts: ReporterParts) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            claim: parts.claim,
            job_type: parts.job_type,
            queue: parts.queue,
            clock: parts.clock,
            hub: parts.hub,
            slots: parts.slots,
            writer: parts.writer,
            state: Mutex::default(),
            me: me.clone(),
        })
    }

    /// The attempt is over: tells the step that still waits, and gives back the last one that the
    /// store may not have, to be kept with the attempt's end.
    pub fn close(&self) -> Option<Progress> {
        let mut state = self.state();
        state.closed = true;
        let waiting = state.waiting.take();
        drop(state);
        if let Some(step) = &waiting {
            self.tell(step);
        }
        let unwritten = self.writer.take(&self.claim);
        waiting.or(unwritten)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a step now, or keeps it for the timer. Returns what to tell.
    fn due(&self, step: Progress, now: Timestamp) -> Option<Progress> {
        let mut state = self.state();
        if state.closed {
            return None;
        }
        let next = state.told_at.map(|t| t.plus(PAUSE)).filter(|next| *next > now);
        let Some(next) = next else {
            state.told_at = Some(now);
            state.waiting = None;
            return Some(step);
        };
        state.waiting = Some(step);
        if !std::mem::replace(&mut state.timer, true) {
            self.wait_until(next);
        }
        None
    }

    fn wait_until(&self, next: Timestamp) {
        let (me, clock) = (self.me.clone(), self.clock.clone());
        self.writer.threads.spawn(async move {
            clock.sleep_until(next).await;
            if let Some(me) = me.upgrade() {
                me.timer_fired();
            }
        });
    }

    fn timer_fired(&self) {
        let mut state = self.state();
        state.timer = false;
        let step = if state.closed { None } else { state.waiting.take() };
        if step.is_some() {
            state.told_at = Some(self.clock.now());
        }
        drop(state);
        if let Some(step) = step {
            self.tell(&step);
            self.writer.put(self.claim, step);
        }
    }

    fn tell(&self, step: &Progress) {
        let at = step.updated_at.unwrap_or_else(|| self.clock.now());
        self.slots.progress(&self.claim, step);
        self.hub.publish(vec![Event {
            job_id: self.claim.job_id,
            job_type: self.job_type.clone(),
            queue: self.queue.clone(),
            body: EventBody::progress(self.claim.attempt, step, at),
        }]);
    }
}

impl ProgressReporter for Reporter {
    fn report(&self, mut step: Progress) {
        let now = self.clock.now();
        step.updated_at = Some(now);
        if let Some(step) = self.due(step, now) {
            self.tell(&step);
            self.writer.put(self.claim, step);
        }
    }
}

/// Keeps steps in the store: one write for all attempts that have something new, the next one when
/// that is on disk.
#[derive(Clone)]
pub struct ProgressWriter {
    store: Store,
    threads: tokio::runtime::Handle,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    steps: HashMap<Claim, Progress>,
    /// What is being written, and may not get there.
    under_way: Arc<Vec<(Claim, Progress)>>,
    writing: bool,
}

impl ProgressWriter {
    /// Writes into this store.
    #[must_use]
    pub fn new(store: Store, threads: tokio::runtime::Handle) -> Self {
        Self { store, threads, waiting: Arc::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, claim: Claim, step: Progress) {
        let mut waiting = self.waiting();
        waiting.steps.insert(claim, step);
        if !std::mem::replace(&mut waiting.writing, true) {
            self.threads.spawn(self.clone().write());
        }
    }

    fn take(&self, claim: &Claim) -> Option<Progress> {
        let mut waiting = self.waiting();
        let newest = waiting.steps.remove(claim);
        newest.or_else(|| waiting.under_way.iter().find(|(of, _)| of == claim).map(|(_, step)| step.clone()))
    }

    async fn write(self) {
        loop {
            let steps = {
                let mut waiting = self.waiting();
                waiting.under_way = Arc::new(waiting.steps.drain().collect());
                if waiting.under_way.is_empty() {
                    waiting.writing = false;
                    return;
                }
                waiting.under_way.clone()
            };
            let these = steps.clone();
            if let Err(e) = self.store.write(move |tx| verbs::progress::progress(tx, &these)).await {
                log::warn!("progress was not stored: {e}");
                return self.keep(&steps);
            }
        }
    }

    /// What the store did not take goes with the next step, or with the attempt's end.
    fn keep(&self, steps: &[(Claim, Progress)]) {
        let mut waiting = self.waiting();
        for (claim, step) in steps {
            waiting.steps.entry(*claim).or_insert_with(|| step.clone());
        }
        waiting.under_way = Arc::default();
        waiting.writing = false;
    }
}
