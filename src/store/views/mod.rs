//! Everything that can be read without changing anything.

pub mod audit;
pub mod batches;
pub mod cursor;
pub mod durations;
pub mod failures;
pub mod family;
pub mod job;
pub mod library;
pub mod limits;
pub mod list;
pub mod nodes;
pub mod plans;
pub mod queues;
pub mod remote;
pub mod running;
pub mod schedules;
pub mod seen;
pub mod sessions;
pub mod settings;
pub mod signals;
pub mod status;
pub mod steps;
pub mod throughput;
pub mod workflows;
