//! The Faktory Work Protocol over real sockets.

mod board;
mod client;
mod jobs;
mod libraries;
mod manners;
mod sets;
mod together;
mod workers;
