//! The latest events, for clients that come back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Frame;
use crate::domain::Timestamp;

const MAX_EVENTS: usize = 10_000;
const MAX_AGE: Duration = Duration::from_secs(300);
/// Long error texts must not fill the memory.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What was told lately, in the order of ids.
pub(crate) struct Ring {
    frames: VecDeque<(Timestamp, Arc<Frame>)>,
    bytes: usize,
    /// The id before the first one of this life of the process.
    start: u64,
    /// The last id that is no longer kept.
    forgotten: u64,
}

/// What a client that comes back has missed.
#[derive(Debug, Default)]
pub(crate) struct Missed {
    /// How many events are no longer kept; an upper bound when the client watches only some, and a
    /// lower one when it comes from another life of the process.
    pub dropped: Option<u64>,
    /// Those that are.
    pub frames: Vec<Arc<Frame>>,
}

impl Ring {
    /// An empty one, for ids that come after `start`.
    pub fn new(start: u64) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, start, forgotten: start }
    }

    /// Keeps a frame, and lets go of those that are too many or too old.
    pub fn push(&mut self, now: Timestamp, frame: Arc<Frame>) {
        self.bytes += frame.weight();
        self.frames.push_back((now, frame));
        self.trim(now);
    }

    /// Forgets all, because an event up to `id` was lost and cannot be told again.
    pub fn forget_up_to(&mut self, id: u64) {
        self.frames.clear();
        self.bytes = 0;
        self.forgotten = id;
    }

    /// What came after the event `after`, as far as it is kept and `wanted`. `last` is the id of
    /// the latest event.
    pub fn since(
        &mut self,
        now: Timestamp,
        after: u64,
        last: u64,
        wanted: impl Fn(&Frame) -> bool,
    ) -> Missed {
        self.trim(now);
        let of_this_life = (self.start..=last).contains(&after);
        let dropped = if of_this_life {
            Some(self.forgotten.saturating_sub(after)).filter(|&n| n > 0)
        } else {
            Some((self.forgotten - self.start).max(1))
        };
        let from = if of_this_life { after } else { 0 };
        let first = self.frames.partition_point(|(_, f)| f.id().is_none_or(|id| id <= from));
        let frames = self.frames.range(first..).map(|(_, f)| f).filter(|f| wanted(f)).cloned().collect();
        Missed { dropped, frames }
    }

    fn trim(&mut self, now: Timestamp) {
        while let Some((at, frame)) = self.frames.front() {
            let too_many = self.frames.len() > MAX_EVENTS || self.bytes > MAX_BYTES;
            if !too_many && now.since(*at) <= MAX_AGE {
                return;
            }
            self.forgotten = frame.id().unwrap_or(self.forgotten);
            self.bytes -= frame.weight();
            self.frames.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::topics::test_events::{progress, state};
    use super::*;
    use crate::domain::{EventBody, State};

    const START: u64 = 1_000;
    const NOW: Timestamp = Timestamp::MIN;

    fn filled(n: u64) -> Ring {
        let mut ring = Ring::new(START);
        for id in START + 1..=START + n {
            ring.push(NOW, Frame::event(id, progress(1, 1)));
        }
        ring
    }

    fn ids(missed: &Missed) -> Vec<u64> {
        missed.frames.iter().filter_map(|f| f.id()).collect()
    }

    #[test]
    fn gives_what_came_after() {
        let missed = filled(5).since(NOW, START + 3, START + 5, |_| true);
        assert_eq!((missed.dropped, ids(&missed)), (None, vec![START + 4, START + 5]));
        let none = filled(5).since(NOW, START + 5, START + 5, |_| true);
        assert_eq!((none.dropped, none.frames.len()), (None, 0));
    }

    #[test]
    fn keeps_ten_thousand_and_says_how_many_are_gone() {
        let mut ring = filled(10_007);
        let last = START + 10_007;
        let all = ring.since(NOW, START, last, |_| true);
        assert_eq!((all.dropped, all.frames.len()), (Some(7), 10_000));
        assert_eq!(ring.since(NOW, START + 7, last, |_| true).dropped, None);
    }

    #[test]
    fn keeps_five_minutes() {
        let mut ring = filled(3);
        let later = NOW.plus(MAX_AGE);
        ring.push(later, Frame::event(START + 4, progress(1, 2)));
        assert_eq!(ring.since(later, START, START + 4, |_| true).frames.len(), 4);
        let missed = ring.since(later.plus(Duration::from_millis(1)), START, START + 4, |_| true);
        assert_eq!((missed.dropped, ids(&missed)), (Some(3), vec![START + 4]));
    }

    #[test]
    fn keeps_a_bounded_number_of_bytes() {
        let mut ring = Ring::new(START);
        let mut event = state(1, State::Failed, 1);
        let EventBody::State { error, .. } = &mut event.body else { unreachable!() };
        *error = Some("x".repeat(MAX_BYTES / 8));
        for id in START + 1..=START + 20 {
            ring.push(NOW, Frame::event(id, event.clone()));
        }
        assert!(ring.bytes <= MAX_BYTES);
        assert_eq!(ring.since(NOW, START, START + 20, |_| true).dropped, Some(17));
    }

    #[test]
    fn knows_ids_of_another_life() {
        for foreign in [0, START - 1, START + 6, u64::MAX] {
            let missed = filled(5).since(NOW, foreign, START + 5, |_| true);
            assert_eq!((missed.dropped, missed.frames.len()), (Some(1), 5), "{foreign}");
        }
    }

    #[test]
    fn admits_that_events_were_lost() {
        let mut ring = filled(5);
        ring.forget_up_to(START + 9);
        assert_eq!(ring.since(NOW, START + 5, START + 9, |_| true).dropped, Some(4));
        assert_eq!(ring.since(NOW, START + 9, START + 9, |_| true).dropped, None);
    }
}
