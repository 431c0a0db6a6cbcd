//! `generate_content` and `quality_check` against an endpoint that speaks the chat protocol and has
//! bad days.

#[path = "../cli/fake.rs"]
#[allow(dead_code, reason = "made for the command line")]
mod fake;
#[path = "../served/mod.rs"]
mod served;
#[path = "../workers/support.rs"]
mod support;

mod bench;
mod files;
mod long;
mod quality;
mod refusals;
mod server;
mod writing;
