//! Figures for Prometheus. What happens is counted where it happens, by every room above this one;
//! how things stand is looked up when somebody asks ([`Snapshot`]).
//!
//! `docs/observability.md` names them all; its table is made from [`listed`].

mod document;
mod histogram;
mod jobs;
mod process;
mod servers;
mod shelf;
mod snapshot;
mod store;
mod tally;
mod text;

use std::fmt;
use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;

pub use document::document;
pub use histogram::Histogram;
pub use jobs::{JobMetrics, MAX_TYPES};
pub use servers::{FaktoryMetrics, HttpMetrics, Transport, Watching};
pub use shelf::{Kind, Labelled, Listed, Number, Shelf};
pub use snapshot::{Snapshot, StoreSnapshot};
pub use store::{CommitFate, StoreMetrics};
pub use tally::{Happened, Tally};
pub use text::Format;

/// What is counted in one process. Cloning gives another handle to the same.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Parts>);

/// By what they are about.
#[derive(Debug)]
pub struct Parts {
    /// What happens to jobs.
    pub jobs: JobMetrics,
    /// How the store does.
    pub store: StoreMetrics,
    /// Who asks by HTTP.
    pub http: HttpMetrics,
    /// Who speaks the Faktory Work Protocol.
    pub faktory: FaktoryMetrics,
    /// Actors that were built anew after a panic.
    pub actor_restarts: Labelled<Counter>,
    shelf: Shelf,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut shelf = Shelf::default();
        Self(Arc::new(Parts {
            jobs: JobMetrics::new(&mut shelf),
            store: StoreMetrics::new(&mut shelf),
            http: HttpMetrics::new(&mut shelf),
            faktory: FaktoryMetrics::new(&mut shelf),
            actor_restarts: shelf.counters(
                "callboard_actor_restarts_total",
                &["actor"],
                "Actors that were built anew after a panic",
            ),
            shelf,
        }))
    }
}

impl std::ops::Deref for Metrics {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Metrics {
    /// All of them as text.
    ///
    /// # Errors
    /// When a metric cannot be written.
    pub fn write(&self, format: Format, now: &Snapshot) -> Result<String, fmt::Error> {
        text::write(format, &[&self.0.shelf, &now.shelf()])
    }
}

/// Every metric that there is.
#[must_use]
pub fn listed() -> Vec<Listed> {
    let (counted, looked_up) = (Metrics::default(), Snapshot::default().shelf());
    counted.shelf.listed().iter().chain(looked_up.listed()).copied().collect()
}
