//! The seam through which jobs are claimed in the very commit that made them pending: one flush from
//! the enqueue to the start. See `docs/adr/0009-one-commit-to-the-start.md`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::error::{StoreError, StoreResult};
use super::tx::Tx;
use super::verbs::claim::Claimer;
use crate::domain::Job;

/// Claims, on the writer's thread, what can be started at once. Must not block.
pub trait Claims: Send {
    /// Keeps a free slot for a job of this type that is about to be stored, until [`Self::settle`].
    /// `None`: there is none, or nothing of the type may start.
    fn slot(&mut self, job_type: &str) -> Option<Claimer> {
        let _ = job_type;
        None
    }

    /// The job that such a slot was kept for is written, as one that runs.
    fn fill(&mut self, job: Job) {
        let _ = job;
    }

    /// Claims jobs of the types that a transaction made ready, in that transaction. It may be called
    /// again for the same jobs, after a rollback that [`Self::settle`] told of.
    ///
    /// # Errors
    /// When the database refuses. The writes of the transaction are then done again without claims.
    fn claim(&mut self, tx: &mut Tx<'_>, ready: &[Arc<str>]) -> StoreResult<()>;

    /// Hears what became of the transaction: once after calls of the others, also after one that failed.
    fn settle(&mut self, fate: Fate);
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is on disk.
    Committed,
    /// Nothing of it is on disk.
    Undone,
    /// Whether it is on disk cannot be told.
    Doubt,
}

/// The claims of a store, if it has any, as the committer calls them: a panic in them stays there.
#[derive(Default)]
pub(super) struct Standby {
    claims: Option<Box<dyn Claims>>,
    unsettled: bool,
}

impl Standby {
    pub fn new(claims: Option<Box<dyn Claims>>) -> Self {
        Self { claims, unsettled: false }
    }

    /// Keeps a slot for a job that is about to be stored.
    pub fn slot(&mut self, job_type: &str) -> Option<Claimer> {
        let claims = self.claims.as_mut()?;
        // Before, because it may panic.
        let unsettled = std::mem::replace(&mut self.unsettled, true);
        let slot = claims.slot(job_type);
        self.unsettled = unsettled || slot.is_some();
        slot
    }

    /// That job is written, as one that runs.
    pub fn fill(&mut self, job: Job) {
        if let Some(claims) = &mut self.claims {
            claims.fill(job);
        }
    }

    /// Claims what the verbs of a transaction made ready.
    pub fn claim(&mut self, tx: &mut Tx<'_>) -> StoreResult<()> {
        let Some(claims) = &mut self.claims else { return Ok(()) };
        let ready = tx.ready_types();
        if ready.is_empty() {
            return Ok(());
        }
        self.unsettled = true;
        catch_unwind(AssertUnwindSafe(|| claims.claim(tx, &ready)))
            .unwrap_or_else(|_| Err(StoreError::Database("claiming panicked; see the log".into())))
    }

    /// Tells what became of the transaction, if something was claimed in it.
    pub fn settle(&mut self, fate: Fate) {
        if !std::mem::take(&mut self.unsettled) {
            return;
        }
        if let Some(claims) = &mut self.claims
            && catch_unwind(AssertUnwindSafe(|| claims.settle(fate))).is_err()
        {
            log::error!("starting what was claimed panicked; see above");
        }
    }
}
