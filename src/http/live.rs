//! WebSockets and SSE streams, and what they ask of the runtime.

use std::future::Future;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};

use super::mount::mount;
use super::{Access, sse, ws};
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

/// Mounts the live endpoints alone.
pub fn configure<L: LiveJobs>(live: Data<L>, access: Access) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(live);
        mount(config, access, routes::<L>);
    }
}

/// Every live path. `L` must be there as [`Data`].
pub(super) fn routes<L: LiveJobs>(config: &mut ServiceConfig) {
    config.configure(ws::routes::<L>).configure(sse::routes::<L>);
}

impl LiveJobs for crate::runtime::Callboard {
    async fn job(&self, id: i64) -> Result<Job, Error> {
        Self::job(self, id).await
    }

    fn hub(&self) -> &HubHandle {
        Self::hub(self)
    }
}
