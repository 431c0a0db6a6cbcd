//! Writes out what has been waiting in buffers, a fifth of a second after it came.

use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use super::attempt_log::OpenAttempt;

/// How long a byte may wait in a buffer.
const DELAY: Duration = Duration::from_millis(200);

/// One thread for all attempts, which lives only while there is something to write out.
#[derive(Clone, Default)]
pub(super) struct Flusher(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    waiting: Vec<Weak<OpenAttempt>>,
    at_work: bool,
}

impl Flusher {
    /// Has this attempt written out soon. False when that cannot be promised: there is no thread
    /// to be had.
    pub fn add(&self, attempt: Weak<OpenAttempt>) -> bool {
        let mut queue = super::lock(&self.0);
        if !queue.at_work {
            let this = self.clone();
            let started = thread::Builder::new().name("log flusher".into()).spawn(move || this.work());
            if started.is_err() {
                return false;
            }
            queue.at_work = true;
        }
        queue.waiting.push(attempt);
        true
    }

    fn work(&self) {
        loop {
            thread::sleep(DELAY);
            let due = {
                let mut queue = super::lock(&self.0);
                if queue.waiting.is_empty() {
                    queue.at_work = false;
                    return;
                }
                std::mem::take(&mut queue.waiting)
            };
            for attempt in due.iter().filter_map(Weak::upgrade) {
                attempt.flush();
            }
        }
    }
}
