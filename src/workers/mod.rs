//! What a worker is, and the workers that come with callboard. A new one is a file in here and a
//! line in [`builtin`].

mod again;
pub mod analyze_scenes;
pub mod apply_plan;
pub mod chat;
pub mod command;
pub mod context;
pub mod failure;
pub mod generate_content;
mod http_call;
mod in_use;
mod job_document;
pub mod library;
pub mod net;
pub mod noop;
pub mod prompt;
pub mod quality_check;
pub mod registry;
mod secret;
mod signature;
pub mod sleep;
pub mod split;
pub mod stash;
pub mod subprocess;
pub mod sync_all;
pub mod text_files;
pub mod text_input;
pub mod transcript;
pub mod url;
pub mod worker;

pub use command::{CommandSpec, CommandWorker, ProgramHost};
pub use context::{Context, ParentResult, ProgressReporter};
pub use failure::{Failure, RunResult};
pub use library::LibraryStore;
pub use net::AddressRules;
pub use registry::Registry;
pub use url::{UrlSpec, UrlWorker};
pub use worker::{AnyWorker, Availability, BlockingWorker, Worker, WorkerInfo, blocking, typed};

/// The workers that need no configuration.
///
/// # Panics
/// Never: their names are valid and differ.
#[must_use]
#[expect(clippy::expect_used, reason = "their names are valid and differ")]
pub fn builtin() -> Registry {
    let mut registry = Registry::default();
    for worker in [typed(noop::Noop), typed(sleep::Sleep)] {
        registry.add(worker).expect("built-in workers have valid names that differ");
    }
    registry
}
