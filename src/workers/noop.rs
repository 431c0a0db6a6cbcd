//! Does nothing. For trying things out, and for measuring what a job costs.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Context, RunResult, Worker};

/// Does nothing.
pub struct Noop;

/// Anything at all.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Anything(#[schemars(with = "serde_json::Value")] IgnoredAny);

impl Worker for Noop {
    const JOB_TYPE: &'static str = "noop";
    const DESCRIPTION: &'static str = "Does nothing.";
    type Args = Anything;
    type Output = ();

    async fn run(&self, _ctx: Context, _args: Anything) -> RunResult<()> {
        Ok(())
    }
}
