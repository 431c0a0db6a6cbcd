//! What the live streams ask of the runtime.

use std::future::Future;
use std::time::Duration;

use crate::domain::Job;
use crate::error::Error;
use crate::runtime::hub::HubHandle;

/// Where WebSockets and SSE streams find jobs and events.
pub trait LiveJobs: 'static {
    /// Reads a job as one-job reads show it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`].
    fn job(&self, id: i64) -> impl Future<Output = Result<Job, Error>>;

    /// Where events come from.
    fn hub(&self) -> &HubHandle;

    /// How often a WebSocket is pinged. One that was not heard for three times as long is dead.
    fn ping_every(&self) -> Duration {
        Duration::from_secs(20)
    }

    /// How often a silent SSE stream gets a comment, so that proxies keep it open.
    fn comment_every(&self) -> Duration {
        Duration::from_secs(15)
    }
}

impl LiveJobs for crate::runtime::Callboard {
    async fn job(&self, id: i64) -> Result<Job, Error> {
        Self::job(self, id).await
    }

    fn hub(&self) -> &HubHandle {
        Self::hub(self)
    }
}
