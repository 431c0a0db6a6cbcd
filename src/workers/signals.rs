//! Waiting for a signal from outside without holding a slot.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::steps::wait;
use super::{Context, Failure, RunResult};
use crate::domain::{Json, Timestamp};

/// What there is to know of a signal that an attempt asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// It has come, with this.
    Came(Json),
    /// It did not come in time.
    TimedOut,
    /// It may still come until then.
    NotYet(Timestamp),
}

impl Context {
    /// Waits for a signal that somebody gives this job: `POST /api/jobs/{id}/signals/{name}`. Returns its
    /// payload, at once if it came before; `None` when it has not come within `timeout`, counted from
    /// the first attempt that waits for it.
    ///
    /// While it waits the job holds no slot: this ends the attempt, which counts as no failure, and the
    /// next one comes here again when there is an answer. So what stands before it belongs into
    /// [steps](Self::step), and `?` must pass on what this gives back.
    ///
    /// An answer is for good: later attempts get the same one. A signal that comes too late is kept, but
    /// only another go by hand waits anew.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use callboard::workers::{Context, Failure};
    /// # #[derive(serde::Deserialize)] struct Approval { by: String }
    /// # async fn publish(_: &str) -> Result<(), Failure> { Ok(()) }
    /// # async fn run(ctx: Context) -> Result<(), Failure> {
    /// let day = Duration::from_secs(24 * 60 * 60);
    /// let Some(approval) = ctx.wait_for_signal::<Approval>("approved", day).await? else {
    ///     return Err(Failure::fatal("nobody approved it within a day"));
    /// };
    /// publish(&approval.by).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Failure::Wait`] while there is no answer. Fatal when the name comes twice in one attempt, the
    /// payload does not fit `T`, or the attempt was taken away; to be retried when the store is away.
    pub async fn wait_for_signal<T: DeserializeOwned>(
        &self,
        name: &str,
        timeout: Duration,
    ) -> RunResult<Option<T>> {
        let taken = self.waits.take("signal", name)?;
        let answer = match self.services.signal(name.to_owned(), timeout).await? {
            Heard::NotYet(until) => return Err(Failure::Wait { signal: name.to_owned(), until }),
            Heard::TimedOut => None,
            Heard::Came(payload) => Some(payload.parse().map_err(|e| {
                Failure::fatal(format_args!("the payload of signal {name:?} does not fit: {e}"))
            })?),
        };
        taken.keep();
        Ok(answer)
    }

    /// As [`Self::wait_for_signal`], for a [`BlockingWorker`](super::BlockingWorker).
    ///
    /// # Errors
    /// As [`Self::wait_for_signal`].
    pub fn wait_for_signal_blocking<T: DeserializeOwned>(
        &self,
        name: &str,
        timeout: Duration,
    ) -> RunResult<Option<T>> {
        wait(self.wait_for_signal(name, timeout))
    }
}
