//! Events that nobody watches wait for company: the hub keeps them for those who come back, which can
//! be later, and waking it for each commit would take a processor from the job that the commit starts.

use std::sync::{Mutex, MutexGuard, PoisonError};

use actix::Addr;

use crate::runtime::progress_hub::{ProgressHub, Publish};

/// The most commits whose events wait.
const MOST: usize = 64;

/// See the module.
#[derive(Default)]
pub(super) struct Parked(Mutex<Vec<Publish>>);

impl Parked {
    fn waiting(&self) -> MutexGuard<'_, Vec<Publish>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the hub have these behind all before them: at once if anybody watches, else some time.
    /// Whether anybody does is asked under the lock, so that who comes and then calls
    /// [`Self::release`] misses nothing.
    pub fn pass(&self, publish: Publish, anybody: impl Fn() -> bool, hub: &Addr<ProgressHub>) {
        let mut waiting = self.waiting();
        waiting.push(publish);
        if waiting.len() >= MOST || anybody() {
            send(&mut waiting, hub);
        }
    }

    /// Lets the hub have all that waits.
    pub fn release(&self, hub: &Addr<ProgressHub>) {
        send(&mut self.waiting(), hub);
    }
}

/// Under the lock, so that the order stays. Nothing in it blocks.
fn send(waiting: &mut Vec<Publish>, hub: &Addr<ProgressHub>) {
    for publish in waiting.drain(..) {
        // Not `try_send`: the backlog is the limit, and it knows what can be spared.
        hub.do_send(publish);
    }
}
