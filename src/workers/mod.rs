//! What a worker is, and the workers that come with callboard. A new one is a file in here and a
//! line in [`builtin`].

pub mod context;
pub mod failure;
pub mod registry;
pub mod subprocess;
pub mod worker;

pub use context::{Context, ParentResult, ProgressReporter};
pub use failure::{Failure, RunResult};
pub use registry::Registry;
pub use worker::{AnyWorker, Availability, BlockingWorker, Worker, WorkerInfo, blocking, typed};
