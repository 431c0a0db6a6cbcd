//! Jobs that are claimed before a slot is free for them.
//!
//! A claim takes a commit. Where attempts are shorter than that, slots would stand empty until the
//! next claim is on disk; so as many jobs more are claimed as attempts ended while the last claim
//! was under way. Where attempts are longer than a commit, nothing is claimed ahead.

use std::collections::VecDeque;

use super::execute::Execution;
use crate::domain::Claim;

/// See the module.
#[derive(Default)]
pub(super) struct Ahead {
    waiting: VecDeque<Execution>,
    /// Attempts that ended since the last claim began.
    ended: usize,
    /// How many ended while the last claim was under way.
    pace: usize,
    /// Whether an attempt has ended since [`Self::is_stuck`] was asked.
    moving: bool,
}

impl Ahead {
    /// Jobs that wait for a slot.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many more to claim than there are free slots, of `concurrency` in all.
    pub fn wanted(&self, concurrency: usize) -> usize {
        self.pace.min(concurrency).saturating_sub(self.waiting.len())
    }

    /// A claim begins.
    pub fn claim_begins(&mut self) {
        self.ended = 0;
    }

    /// The claim is over.
    pub fn claim_ends(&mut self) {
        self.pace = self.ended;
    }

    /// An attempt has ended.
    pub fn attempt_ends(&mut self) {
        self.ended += 1;
        self.moving = true;
    }

    /// A job waits for a slot.
    pub fn push(&mut self, execution: Execution) {
        self.waiting.push_back(execution);
    }

    /// The next one that a slot is free for.
    pub fn pop(&mut self) -> Option<Execution> {
        self.waiting.pop_front()
    }

    /// The one of this claim, if it waits.
    pub fn remove(&mut self, claim: &Claim) -> Option<Execution> {
        let at = self.waiting.iter().position(|e| e.claim == *claim)?;
        self.waiting.remove(at)
    }

    /// Whether jobs wait and nothing has ended since this was asked last: the pace was wrong, and
    /// they had better be free again.
    pub fn is_stuck(&mut self) -> bool {
        let stuck = !std::mem::take(&mut self.moving) && !self.waiting.is_empty();
        if stuck {
            self.pace = 0;
        }
        stuck
    }
}
