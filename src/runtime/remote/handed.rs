//! A job on its way to whoever fetched it.

use std::sync::Arc;

use crate::runtime::shared::Shared;
use crate::store::verbs::remote::{self, Reserved};

/// A job that is reserved for somebody, and goes back unless it is [accepted](Self::accept): whoever
/// fetched it may be gone by now.
pub struct Handed {
    job: Option<Box<Reserved>>,
    shared: Arc<Shared>,
}

impl Handed {
    pub(super) fn new(job: Reserved, shared: Arc<Shared>) -> Self {
        Self { job: Some(Box::new(job)), shared }
    }

    /// The job.
    #[must_use]
    pub fn job(&self) -> Option<&Reserved> {
        self.job.as_deref()
    }

    /// It has arrived: from now on its reservation counts.
    pub fn accept(mut self) {
        self.job = None;
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        let Some(job) = self.job.take() else { return };
        let (shared, claim) = (self.shared.clone(), job.claim());
        self.shared.arbiter.spawn(async move {
            let now = shared.clock.now();
            if let Err(e) = shared.store.write(move |tx| remote::give_back(tx, claim, now)).await {
                log::warn!("{claim} was not handed over, and stays reserved until its time is up: {e}");
            }
        });
    }
}
