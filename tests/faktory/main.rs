//! The Faktory Work Protocol over real sockets.

#[path = "../postgres/mod.rs"]
mod postgres;

mod batches;
mod board;
mod client;
mod jobs;
mod libraries;
mod limits;
mod manners;
mod sets;
mod together;
mod workers;
