//! The HTTP side.

mod job_feed;
pub mod live;
mod live_query;
mod refusal;
pub mod sse;
pub mod ws;
mod ws_intake;
