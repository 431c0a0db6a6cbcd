//! The HTTP API against a running server, over real sockets: every call, what it does and what it
//! refuses.

mod access;
mod actions;
mod answer;
mod audit;
mod bad_input;
mod bulk;
mod cases;
mod enqueue;
mod equal;
mod fleet;
mod health;
mod job_types;
mod list;
mod live;
mod live_access;
mod logs;
mod maintenance;
mod one_job;
mod patch;
mod pauses;
#[path = "../postgres/mod.rs"]
mod postgres;
mod queues;
mod roles;
mod schedules;
mod server;
mod shutdown;
mod signals;
mod signing_in;
mod stage;
mod status;
mod steer;
mod steps;
mod workflows;
