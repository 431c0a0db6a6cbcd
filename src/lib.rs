//! callboard: an actor-based, durable job runtime.
#![deny(missing_docs)]

pub mod domain;

pub use domain::{Job, NewJob, Timestamp};
