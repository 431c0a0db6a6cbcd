//! The workers that drive other people's programs, with the real programs, against a site that the
//! tests serve. `scripts/setup-tools` installs the programs.

mod bench;
mod cleanup;
mod clips;
mod download;
mod errors;
mod example;
#[path = "../cli/fake.rs"]
#[allow(dead_code, reason = "made for the command line")]
mod fake;
mod hostile;
mod metadata;
mod missing;
mod needed;
mod pipeline;
mod proxy;
#[path = "../served/mod.rs"]
mod served;
mod server;
mod site;
mod stopped;
mod storage;
#[path = "../workers/support.rs"]
mod support;
mod transcript;
