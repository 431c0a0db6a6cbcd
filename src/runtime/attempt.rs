//! An attempt that runs, seen from outside: how it is told to stop, and how far it is.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::domain::{Progress, Timestamp};

/// Why an attempt is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// Somebody asked for it.
    Cancel,
    /// Its time is up.
    Timeout,
    /// The server goes down.
    Shutdown,
}

/// An attempt that runs. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Attempt {
    /// Cancelled when it should stop.
    pub token: CancellationToken,
    /// When it began.
    pub started_at: Timestamp,
    /// How far it is.
    pub progress: Progress,
    cause: Arc<Mutex<Option<StopCause>>>,
    on_stop: Arc<dyn Fn() + Send + Sync>,
}

impl Attempt {
    /// One that begins. `on_stop` is called once it is told to stop, the first time; it must not
    /// block.
    #[must_use]
    pub fn new(started_at: Timestamp, on_stop: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            token: CancellationToken::new(),
            started_at,
            progress: Progress::default(),
            cause: Arc::default(),
            on_stop: Arc::new(on_stop),
        }
    }

    /// Tells it to stop. The first cause stands, but a cancel goes over a shutdown: it is on disk.
    pub fn stop(&self, cause: StopCause) {
        let mut known = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        let first = known.is_none();
        if first || (*known == Some(StopCause::Shutdown) && cause == StopCause::Cancel) {
            *known = Some(cause);
        }
        drop(known);
        self.token.cancel();
        if first {
            (self.on_stop)();
        }
    }

    /// Why it was told to stop.
    #[must_use]
    pub fn cause(&self) -> Option<StopCause> {
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;

    #[test]
    fn a_cancel_goes_over_a_shutdown_and_nothing_over_a_cancel() {
        let told = Arc::new(AtomicUsize::new(0));
        let count = told.clone();
        let a = Attempt::new(Timestamp::MIN, move || {
            count.fetch_add(1, Relaxed);
        });
        assert_eq!((a.cause(), told.load(Relaxed)), (None, 0));
        a.stop(StopCause::Shutdown);
        a.stop(StopCause::Cancel);
        a.stop(StopCause::Timeout);
        assert_eq!((a.cause(), told.load(Relaxed)), (Some(StopCause::Cancel), 1));
        assert!(a.token.is_cancelled());
    }
}
