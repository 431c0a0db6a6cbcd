//! Sleeps. For trying things out: it takes its time, says how far it is, and can be called off.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, Failure, RunResult, Worker};

/// The most steps that a sleep is cut into.
const MAX_STEPS: u32 = 100_000;

/// Sleeps.
pub struct Sleep;

/// How to sleep.
#[derive(Deserialize, JsonSchema)]
#[serde(default)]
pub struct SleepArgs {
    /// How long, in seconds.
    #[schemars(range(min = 0.0))]
    secs: f64,
    /// After how many steps of equal length progress is reported.
    #[schemars(range(min = 1, max = 100_000))]
    steps: u32,
    /// The error to fail with at the end.
    fail: Option<String>,
}

impl Default for SleepArgs {
    fn default() -> Self {
        Self { secs: 1.0, steps: 10, fail: None }
    }
}

impl Worker for Sleep {
    const JOB_TYPE: &'static str = "sleep";
    const DESCRIPTION: &'static str = "Sleeps for some seconds, reporting progress.";
    type Args = SleepArgs;
    type Output = ();

    async fn run(&self, ctx: Context, args: SleepArgs) -> RunResult<()> {
        let steps = args.steps.clamp(1, MAX_STEPS);
        let step = Duration::try_from_secs_f64(args.secs / f64::from(steps))
            .map_err(|_| Failure::fatal(format_args!("args.secs: {} is no time to sleep", args.secs)))?;
        for done in 1..=steps {
            tokio::select! {
                () = tokio::time::sleep(step) => {}
                () = ctx.cancel.cancelled() => return Err(Failure::Cancelled),
            }
            ctx.progress(done.into(), Some(steps.into()), None);
        }
        args.fail.map_or(Ok(()), |error| Err(Failure::retry(error)))
    }
}
