//! Running other programs, and making sure that they end.
//!
//! A program gets a process group of its own and a mark in its environment that names the claim it
//! works for. When it is called off, or has ended, everything that it started is ended with it: the
//! group, and on Linux also what left the group, found by its chain of parents, its session, its
//! mark, or its working directory.

mod children;
mod ending;
mod family;
mod instance;
mod leftovers;
mod process_table;
mod program;
mod search;
mod work_dir;

pub use children::adopt_orphans;
pub use instance::Instance;
pub use leftovers::end_leftovers;
pub use program::{Ended, Output, Subprocess};
pub use search::{absolute_program, find_program};
pub use work_dir::WorkDir;

/// Locks, also after a panic elsewhere: what is behind these locks is whole between any two lines.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
