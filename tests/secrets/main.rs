//! Secrets in args: plain for the worker, and nowhere else.

mod edits;
mod keys;
mod nowhere;
#[path = "../postgres/mod.rs"]
mod postgres;
mod server;
