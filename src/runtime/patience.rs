//! What a start does with a database that is on another machine: it may come up later than this, restart
//! just now, be full, or be held up by a node that stands still. That is waited for, and said once.

use std::time::Duration;

use crate::store::{StoreError, StoreResult};

/// Between two tries.
const AGAIN: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Default)]
pub struct Patience {
    waited: bool,
}

impl Patience {
    /// Does a step of the start until the database lets it. A step may have come true although it failed.
    ///
    /// # Errors
    /// As the step, when trying again does not help.
    pub async fn with<T>(&mut self, step: impl AsyncFn() -> StoreResult<T>) -> StoreResult<T> {
        loop {
            match step().await {
                Err(StoreError::Away(why) | StoreError::Contended(why)) => {
                    if !std::mem::replace(&mut self.waited, true) {
                        log::warn!("{why}; trying again until the database is there and free");
                    }
                    tokio::time::sleep(AGAIN).await;
                }
                done => return done,
            }
        }
    }

    /// Whether it was needed.
    #[must_use]
    pub const fn was_needed(&self) -> bool {
        self.waited
    }
}
