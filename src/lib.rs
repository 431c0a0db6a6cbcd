//! callboard: an actor-based, durable job runtime.
#![deny(missing_docs)]

pub mod cli;
pub mod domain;
pub mod error;
pub mod logs;
pub mod runtime;
pub mod workers;

pub use domain::{Job, NewJob, Timestamp};
pub use error::Error;
pub use runtime::Callboard;
