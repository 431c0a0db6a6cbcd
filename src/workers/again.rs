//! Doing something again where that may help, within one attempt.

use std::time::Duration;

use super::{Context, Failure, RunResult};
use crate::domain::Clock;

/// A longer wait is not sat out: the job gives its slot back and comes again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often something is still done again, and after what pause.
#[derive(Clone, Debug)]
pub(super) struct Again {
    left: u32,
    pause: Duration,
    clock: Clock,
}

impl Again {
    /// So often; each pause is twice as long as the one before, unless a failure names its own.
    pub const fn new(max_retries: u32, first_pause: Duration, clock: Clock) -> Self {
        Self { left: max_retries, pause: first_pause, clock }
    }

    /// Waits before something that failed is done again.
    ///
    /// # Errors
    /// The failure itself when it is not to be done again, or only after a long time.
    pub async fn pause(&mut self, ctx: &Context, failure: Failure) -> RunResult<()> {
        let Failure::Retry { message, after } = failure else { return Err(failure) };
        let wait = after.unwrap_or(self.pause);
        if self.left == 0 || wait > LONGEST_PAUSE {
            return Err(Failure::Retry { message, after });
        }
        let next = self.clock.now().plus(wait);
        ctx.log.warn(format_args!("{message}; the next try is in {} s", wait.as_secs_f64()));
        self.pause *= 2;
        self.left -= 1;
        let woken = async {
            self.clock.sleep_until(next).await;
            Ok(())
        };
        unless_stopped(ctx, woken).await
    }
}

/// Does something unless the attempt is to stop.
///
/// # Errors
/// Its own failure, or [`Failure::Cancelled`].
pub(super) async fn unless_stopped<T>(
    ctx: &Context,
    doing: impl Future<Output = RunResult<T>>,
) -> RunResult<T> {
    tokio::select! {
        done = doing => done,
        () = ctx.cancel.cancelled() => Err(Failure::Cancelled),
    }
}
