//! Holds the writer after a commit, so that a test decides which writes share the next one.

use std::sync::{Arc, Condvar, Mutex};

use tokio::sync::Notify;

/// Cloning gives another handle to the same gate.
#[derive(Clone, Default)]
pub struct Gate {
    closed: Arc<(Mutex<bool>, Condvar)>,
    arrived: Arc<Notify>,
}

impl Gate {
    /// Whoever passes next has to wait.
    pub fn close(&self) {
        *self.closed.0.lock().unwrap() = true;
    }

    /// Lets everybody through.
    pub fn open(&self) {
        *self.closed.0.lock().unwrap() = false;
        self.closed.1.notify_all();
    }

    /// Returns once somebody stands at the closed gate.
    pub async fn somebody_waits(&self) {
        self.arrived.notified().await;
    }

    /// Goes through, blocking this thread while the gate is closed.
    pub fn pass(&self) {
        let mut closed = self.closed.0.lock().unwrap();
        if *closed {
            self.arrived.notify_one();
        }
        while *closed {
            closed = self.closed.1.wait(closed).unwrap();
        }
    }
}
