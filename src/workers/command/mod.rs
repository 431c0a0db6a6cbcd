//! Runs a program for each job of a type.

#[cfg(fuzzing)]
pub mod fuzzing;
mod interpreter;
mod message;
mod progress_format;
mod template;
mod verdict;
mod worker;

pub use worker::{CommandSpec, CommandWorker, ProgramHost};
