//! The actors, and [`Callboard`], the handle through which everybody else talks to them.

mod at_once;
mod attempt;
pub mod builder;
pub mod callboard;
mod configured;
mod cron_scheduler;
mod ends;
mod execute;
mod guard;
mod host;
pub mod hub;
mod leftovers;
mod library;
pub mod options;
mod outlast;
mod prepare;
mod prepare_nodes;
mod progress;
pub mod progress_hub;
mod pruner;
mod rescuer;
mod retry_scheduler;
mod services;
mod shared;
mod slots;
mod starter;
mod supervisor;
mod time_limits;
mod timekeeper;
mod waiting;
mod watchdog;
mod worker;

pub use builder::Builder;
pub use callboard::Callboard;
pub use configured::check_workers;
pub use library::LibraryTables;
