//! Everything that can be read without changing anything.

pub mod cursor;
pub mod job;
pub mod list;
pub mod nodes;
pub mod queues;
pub mod running;
pub mod seen;
pub mod settings;
pub mod status;
