//! Everything that can be written, a file per verb of the lifecycle. Each verb runs within a
//! transaction, guards itself by the state it expects, and notes what it changed.

pub mod arrivals;
pub mod audit;
pub mod batches;
pub mod cancel;
pub mod children;
pub mod claim;
mod complete;
pub mod delete;
pub mod doomed_logs;
pub mod enqueue;
mod fence;
pub mod finish;
pub mod fire;
pub mod give_back;
mod ids;
pub mod kill;
pub mod library;
pub mod limits;
pub mod nodes;
pub mod parents;
pub mod patch;
pub mod plans;
mod prepared;
pub mod progress;
pub mod promote;
pub mod remote;
pub mod rescue;
pub mod retry;
pub mod schedules;
pub mod sessions;
pub mod settings;
pub mod signals;
pub mod steps;
mod tags;
mod unique;
pub mod workflows;
