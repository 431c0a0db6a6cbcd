//! Which worker runs which job type.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::AnyWorker;
use crate::domain::ident;

/// The workers of a program, by job type.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<String, Arc<dyn AnyWorker>>);

impl Registry {
    /// Adds a worker.
    ///
    /// # Errors
    /// When its job type is no valid name or has a worker already.
    pub fn add(&mut self, worker: Arc<dyn AnyWorker>) -> Result<(), String> {
        let name = worker.info().job_type;
        ident::check_job_type(&name).map_err(|e| format!("job type {name:?}: {e}"))?;
        if self.0.contains_key(&name) {
            return Err(format!("job type {name:?} has two workers"));
        }
        self.0.insert(name, worker);
        Ok(())
    }

    /// The worker of a job type.
    #[must_use]
    pub fn get(&self, job_type: &str) -> Option<&Arc<dyn AnyWorker>> {
        self.0.get(job_type)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<dyn AnyWorker>)> {
        self.0.iter().map(|(name, worker)| (name.as_str(), worker))
    }
}
