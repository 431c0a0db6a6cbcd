//! The runtime's promises when things go wrong, on a moved clock where time matters.

#[path = "../guest/mod.rs"]
mod guest;
#[path = "../postgres/mod.rs"]
mod postgres;

mod at_once;
mod cancel;
mod house;
mod panics;
mod parents;
mod pruning;
mod puppet;
mod recovery;
mod retries;
mod schedules;
mod secrets;
mod shutdown;
mod signals;
mod steps;
mod timeouts;
mod transactional;
