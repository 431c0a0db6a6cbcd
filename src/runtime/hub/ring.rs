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
