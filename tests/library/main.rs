//! The media library's workers against a fake server whose schema carries Stash's own names.

#[path = "../served/mod.rs"]
mod served;
#[path = "../workers/support.rs"]
mod support;

mod analyze;
mod apply;
mod bench;
mod review;
mod schema;
mod server;
mod stash;
mod sync;
