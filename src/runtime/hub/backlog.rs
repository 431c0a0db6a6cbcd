//! How much waits in a queue that has no limit of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Counts what waits, and what was turned away because too much did.
pub(crate) struct Backlog {
    limit: usize,
    waiting: AtomicUsize,
    lost: AtomicU64,
}

impl Backlog {
    /// A backlog that counts as full once `limit` wait.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, waiting: AtomicUsize::new(0), lost: AtomicU64::new(0) })
    }

    /// Whether what can be spared should be turned away.
    pub fn is_full(&self) -> bool {
        self.waiting.load(Relaxed) >= self.limit
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Lets `n` in. They wait until the ticket is dropped, wherever that happens.
    pub fn admit(self: &Arc<Self>, n: usize) -> Ticket {
        self.waiting.fetch_add(n, Relaxed);
        Ticket { backlog: Arc::clone(self), n }
    }

    /// Notes that `n` were turned away.
    pub fn lose(&self, n: u64) {
        self.lost.fetch_add(n, Relaxed);
    }

    /// How many were turned away since the last call.
    pub fn take_lost(&self) -> u64 {
        // Nearly always zero: a load is cheaper than a swap on a shared line.
        if self.lost.load(Relaxed) == 0 { 0 } else { self.lost.swap(0, Relaxed) }
    }
}

/// The place that something takes in a [`Backlog`].
pub(crate) struct Ticket {
    backlog: Arc<Backlog>,
    n: usize,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.backlog.waiting.fetch_sub(self.n, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_full_only_while_tickets_live() {
        let backlog = Backlog::new(3);
        let first = backlog.admit(2);
        assert!(!backlog.is_full());
        let second = backlog.admit(1);
        assert!(backlog.is_full());
        drop((first, second));
        assert!(!backlog.is_full());
    }

    #[test]
    fn tells_a_loss_once() {
        let backlog = Backlog::new(1);
        backlog.lose(2);
        backlog.lose(1);
        assert_eq!(backlog.take_lost(), 3);
        assert_eq!(backlog.take_lost(), 0);
    }
}
