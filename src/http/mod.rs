//! The HTTP side.

mod job_feed;
pub mod live;
mod live_query;
mod refusal;
pub mod sse;
pub mod stalled_peer;
pub mod ws;
mod ws_intake;
