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
mod clocks;
mod failover;
mod fleet;
mod lost;
mod settings;
mod slow;
mod together;
