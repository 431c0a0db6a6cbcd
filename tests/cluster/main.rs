//! Several server processes on one PostgreSQL.

#[path = "../postgres/mod.rs"]
mod postgres;
#[path = "../e2e/program.rs"]
#[allow(dead_code)]
mod program;
#[path = "../e2e/server.rs"]
#[allow(dead_code)]
mod server;
#[path = "../e2e/watcher.rs"]
#[allow(dead_code)]
mod watcher;

mod away;
mod busy;
// A program that is shipped has no clock that can be made wrong.
#[cfg(debug_assertions)]
mod clocks;
mod failover;
mod fleet;
mod language;
mod lost;
mod settings;
mod slow;
mod together;
mod wire;
