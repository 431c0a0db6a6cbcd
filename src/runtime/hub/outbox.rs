//! The buffer between the hub and one subscriber. It is bounded, so a slow client costs the hub
//! nothing but the frames that it loses.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::frame::{Frame, Worth};

const MAX_FRAMES: usize = 256;
const MAX_BYTES: usize = 1024 * 1024;

/// Makes a buffer; gives its two ends.
pub(super) fn outbox() -> (Inlet, Outlet) {
    let shared = Arc::new(Mutex::new(Buffer::default()));
    (Inlet(Arc::clone(&shared)), Outlet(shared))
}

/// The hub's end. Dropping it ends the subscriber's stream once that has drained.
pub(crate) struct Inlet(Arc<Mutex<Buffer>>);

/// The subscriber's end.
pub(super) struct Outlet(Arc<Mutex<Buffer>>);

#[derive(Default)]
struct Buffer {
    /// What the subscriber asked to see again. Not counted: these frames are shared with the ring,
    /// which bounds how many there can be.
    replay: VecDeque<Arc<Frame>>,
    slots: VecDeque<Slot>,
    bytes: usize,
    dropped: u64,
    closed: bool,
    waker: Option<Waker>,
}

/// A frame with what a full buffer asks of it, kept beside it so that looking for a victim touches
/// one stretch of memory.
struct Slot {
    job_id: i64,
    size: usize,
    worth: Worth,
    frame: Arc<Frame>,
}

impl Inlet {
    /// Puts a frame in, at the cost of others when the buffer is full.
    pub fn push(&self, frame: &Arc<Frame>) {
        let slot = Slot {
            job_id: frame.as_event().map_or(0, |e| e.job_id),
            size: frame.text().len(),
            worth: frame.worth(),
            frame: Arc::clone(frame),
        };
        self.change(|buffer| buffer.push(slot));
    }

    /// Puts in what was asked for again. Must come before any [`Self::push`].
    pub fn replay(&self, frames: impl IntoIterator<Item = Arc<Frame>>) {
        self.change(|buffer| buffer.replay.extend(frames));
    }

    /// Notes that events were lost on the way here.
    pub fn lose(&self, n: u64) {
        self.change(|buffer| buffer.dropped += n);
    }

    fn change(&self, act: impl FnOnce(&mut Buffer)) {
        let mut buffer = lock(&self.0);
        if buffer.closed {
            return;
        }
        act(&mut buffer);
        let waker = buffer.waker.take();
        drop(buffer);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.change(|buffer| buffer.closed = true);
    }
}

impl Outlet {
    /// The next frame; `None` once the hub has let go and all is drained.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Arc<Frame>>> {
        let mut buffer = lock(&self.0);
        if let Some(frame) = buffer.take() {
            return Poll::Ready(Some(frame));
        }
        if buffer.closed {
            return Poll::Ready(None);
        }
        if !buffer.waker.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
            buffer.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// All that is there now.
    pub fn take_ready(&self) -> Vec<Arc<Frame>> {
        let mut buffer = lock(&self.0);
        std::iter::from_fn(|| buffer.take()).collect()
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let mut buffer = lock(&self.0);
        *buffer = Buffer { closed: true, ..Buffer::default() };
    }
}

impl Buffer {
    fn take(&mut self) -> Option<Arc<Frame>> {
        if let Some(frame) = self.replay.pop_front() {
            return Some(frame);
        }
        if self.dropped > 0 {
            return Some(Frame::gap(std::mem::take(&mut self.dropped)));
        }
        let slot = self.slots.pop_front()?;
        self.bytes -= slot.size;
        Some(slot.frame)
    }

    fn push(&mut self, slot: Slot) {
        if slot.worth == Worth::Progress && self.is_full_for(&slot) {
            self.forget_progress(slot.job_id);
        }
        while self.is_full_for(&slot) {
            self.dropped += 1;
            match self.least_missed() {
                Some(i) if self.slots[i].worth <= slot.worth => self.remove(i),
                _ => return,
            }
        }
        self.bytes += slot.size;
        self.slots.push_back(slot);
    }

    /// A frame that is larger than the whole buffer still fits into an empty one.
    fn is_full_for(&self, slot: &Slot) -> bool {
        self.slots.len() >= MAX_FRAMES || (!self.slots.is_empty() && self.bytes + slot.size > MAX_BYTES)
    }

    /// Merges progress: the older step makes way for the newer one, which goes to the back so that
    /// ids still rise. A step before a change of state stays: it is the last one of its kind.
    fn forget_progress(&mut self, job_id: i64) {
        let last = self.slots.iter().rposition(|s| s.job_id == job_id && s.worth != Worth::Log);
        if let Some(i) = last.filter(|&i| self.slots[i].worth == Worth::Progress) {
            self.remove(i);
        }
    }

    /// The oldest of those that are missed least.
    fn least_missed(&self) -> Option<usize> {
        self.slots.iter().enumerate().min_by_key(|(_, s)| s.worth).map(|(i, _)| i)
    }

    fn remove(&mut self, index: usize) {
        if let Some(slot) = self.slots.remove(index) {
            self.bytes -= slot.size;
        }
    }
}

/// A panic while the lock was held leaves a buffer that is still sound.
fn lock(buffer: &Mutex<Buffer>) -> MutexGuard<'_, Buffer> {
    buffer.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::topics::test_events::{log, progress, state};
    use super::*;
    use crate::domain::{Event, EventBody, State};

    fn fill(inlet: &Inlet, events: impl IntoIterator<Item = Event>) {
        for (id, event) in (1..).zip(events) {
            inlet.push(&Frame::event(id, event));
        }
    }

    fn names(frames: &[Arc<Frame>]) -> Vec<&str> {
        frames.iter().map(|f| f.name()).collect()
    }

    #[test]
    fn gives_frames_in_their_order() {
        let (inlet, outlet) = outbox();
        fill(&inlet, (0..200).map(|i| state(i, State::Pending, 0)));
        let ids: Vec<_> = outlet.take_ready().iter().map(|f| f.id().unwrap()).collect();
        assert_eq!(ids, (1..=200).collect::<Vec<_>>());
    }

    #[test]
    fn merges_progress_of_one_job_only_when_full() {
        let (inlet, outlet) = outbox();
        let others = (1..=255).map(|i| state(i, State::Running, 1));
        let steps = (0..=100).map(|n| progress(1000, n));
        fill(&inlet, others.chain(steps));
        let frames = outlet.take_ready();
        assert_eq!(frames.len(), 256, "one place for all steps, and no gap");
        assert!(frames.windows(2).all(|w| w[0].id() < w[1].id()));
        let last = frames.last().and_then(|f| f.as_event()).unwrap();
        assert_eq!(*last, progress(1000, 100), "the latest wins");
    }

    #[test]
    fn keeps_the_last_step_before_a_change_of_state() {
        let (inlet, outlet) = outbox();
        let fills = (1..=253).map(|i| state(i, State::Running, 1));
        let news =
            [progress(1000, 50), state(1000, State::Retrying, 1), progress(1001, 1), progress(1000, 1)];
        fill(&inlet, fills.chain(news));
        let frames = outlet.take_ready();
        let gap = frames.iter().filter(|f| f.name() == "gap").count();
        // The oldest step of all makes way, which is the one before the change of state.
        assert_eq!(gap, 1);
        assert_eq!(frames.last().and_then(|f| f.as_event()), Some(&progress(1000, 1)));
        assert!(frames.iter().any(|f| f.state() == Some((State::Retrying, 1))));
    }

    #[test]
    fn gives_up_log_lines_first_and_final_states_last() {
        let (inlet, outlet) = outbox();
        let ends = (1..=100).map(|i| state(i, State::Completed, 1));
        let lines = (0..100).map(|_| log(1, "x"));
        let moves = (1..=300).map(|i| state(i, State::Pending, 0));
        fill(&inlet, ends.chain(lines).chain(moves).chain([log(2, "late")]));
        let frames = outlet.take_ready();
        // 501 went in, 256 came out and the word about the rest.
        assert_eq!(frames[0].text(), r#"{"type":"gap","dropped":245}"#);
        assert_eq!(frames.len(), 257);
        let done = frames.iter().filter(|f| f.worth() == Worth::Final && f.as_event().is_some());
        assert_eq!(done.count(), 100);
        assert!(!names(&frames).contains(&"log"));
    }

    #[test]
    fn counts_bytes_and_still_takes_what_is_larger_than_itself() {
        let (inlet, outlet) = outbox();
        let long = "x".repeat(MAX_BYTES + 1);
        let mut event = state(1, State::Failed, 1);
        let EventBody::State { error, .. } = &mut event.body else { unreachable!() };
        *error = Some(long);
        fill(&inlet, [progress(1, 1), event]);
        let frames = outlet.take_ready();
        assert_eq!(names(&frames), ["gap", "state"]);
        fill(&inlet, (0..10).map(|n| log(n, &"y".repeat(MAX_BYTES / 4))));
        assert_eq!(names(&outlet.take_ready()), ["gap", "log", "log", "log"]);
    }

    #[test]
    fn what_was_missed_comes_before_all_else_and_is_not_cut() {
        let (inlet, outlet) = outbox();
        inlet.replay((1..=5000).map(|id| Frame::event(id, progress(1, 1))));
        inlet.push(&Frame::event(5001, state(1, State::Completed, 1)));
        let frames = outlet.take_ready();
        assert_eq!(frames.len(), 5001);
        assert_eq!(frames[5000].id(), Some(5001));
    }

    #[tokio::test]
    async fn ends_after_the_last_frame_when_the_hub_lets_go() {
        let (inlet, outlet) = outbox();
        let reader = tokio::spawn(async move {
            let mut seen = Vec::new();
            while let Some(frame) = std::future::poll_fn(|cx| outlet.poll_next(cx)).await {
                seen.push(frame.name());
            }
            seen
        });
        tokio::task::yield_now().await;
        fill(&inlet, [progress(1, 1), state(1, State::Completed, 1)]);
        drop(inlet);
        assert_eq!(reader.await.unwrap(), ["progress", "state"]);
    }

    #[test]
    fn takes_nothing_for_one_who_has_gone() {
        let (inlet, outlet) = outbox();
        drop(outlet);
        fill(&inlet, [progress(1, 1)]);
        assert!(lock(&inlet.0).slots.is_empty());
    }
}
