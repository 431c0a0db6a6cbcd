//! What holds for the starts of each job type on this node, where the verbs find it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::Limits;

/// The limits of job types. Cloning gives another handle to the same table.
#[derive(Clone, Default)]
pub struct LimitsTable(Arc<RwLock<HashMap<String, Arc<Limits>>>>);

impl LimitsTable {
    /// What holds for a job type; `None`: nothing.
    #[must_use]
    pub fn of(&self, job_type: &str) -> Option<Arc<Limits>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(job_type).cloned()
    }

    /// From the next transaction on this holds for a job type.
    pub fn set(&self, job_type: &str, limits: Limits) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if limits.is_none() {
            table.remove(job_type);
        } else {
            table.insert(job_type.to_owned(), Arc::new(limits));
        }
    }
}
