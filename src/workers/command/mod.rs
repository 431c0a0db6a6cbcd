//! Runs a program for each job of a type.

mod interpreter;
mod message;
mod progress_format;
mod template;
mod verdict;
mod worker;

pub use worker::{CommandSpec, CommandWorker, ProgramHost};
