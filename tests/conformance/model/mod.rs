//! Random operations on a real store, against a small model of it.
//!
//! The model is written from the contract's table of states and from its words on keys, uniqueness
//! and parents; it shares no code with the store.

mod drive;
mod flow;
mod flow_drive;
mod job;
mod operation;
mod world;
