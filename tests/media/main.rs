//! The workers that drive other people's programs, with the real programs, against a site that the
//! tests serve. `scripts/setup-tools` installs the programs.

mod bench;
mod cleanup;
mod clips;
mod download;
mod metadata;
mod needed;
mod pipeline;
mod served;
mod site;
mod storage;
#[path = "../workers/support.rs"]
mod support;
mod transcript;
