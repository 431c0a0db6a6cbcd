//! callboard: an actor-based, durable job runtime.
#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

pub mod cli;
pub mod config;
pub mod domain;
pub mod error;
pub mod faktory;
pub mod http;
pub mod logs;
pub mod metrics;
pub mod runtime;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod workers;

pub use domain::{Job, NewJob, Timestamp, Workflow};
pub use error::Error;
pub use runtime::{Callboard, testing};
pub use store::Lend;

/// Compiles the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the examples in the book.
#[cfg(doctest)]
#[doc = include_str!("../docs/rust-workers.md")]
struct RustWorkers;
