//! What a worker is, and the workers that come with callboard. A new one is a file in here and a
//! line in [`builtin`].

pub mod command;
pub mod context;
pub mod failure;
mod http_call;
mod job_document;
pub mod net;
pub mod noop;
pub mod registry;
pub mod services;
mod signature;
pub mod sleep;
pub mod subprocess;
pub mod url;
pub mod worker;

pub use command::{CommandSpec, CommandWorker, ProgramHost};
pub use context::{Context, ParentResult, ProgressReporter};
pub use failure::{Failure, RunResult};
pub use net::AddressRules;
pub use registry::Registry;
pub use services::Services;
pub use url::{UrlSpec, UrlWorker};
pub use worker::{AnyWorker, Availability, BlockingWorker, ToolInfo, Worker, WorkerInfo, blocking, typed};

/// The workers that need no configuration.
///
/// # Panics
/// Never: their names are valid and differ.
#[must_use]
pub fn builtin() -> Registry {
    let mut registry = Registry::default();
    for worker in [typed(noop::Noop), typed(sleep::Sleep)] {
        registry.add(worker).expect("built-in workers have valid names that differ");
    }
    registry
}
