//! What happens to an attempt that is told to stop. Nothing in here runs on a thread that the code
//! of a job can block.

use std::sync::Arc;
use std::time::Duration;

use super::execute::Execution;
use crate::domain::Clock;

/// How long a task that is dropped has to be gone. A future that is dropped ends at its next await;
/// one that is not gone by then blocks its thread.
const DROP_GRACE: Duration = Duration::from_secs(1);

impl Execution {
    /// Gives the code time to heed; then drops its task, if it is one; then gives it up.
    pub(super) async fn outlast(self: Arc<Self>) {
        if self.gone_within(&self.shared.clock, self.shared.options.stop_grace).await {
            // It has said how it ended; were it not so, this is how.
            return self.end(self.stopped());
        }
        let task = self.code().task.take();
        if let Some(task) = task {
            self.log.warn("it was told to stop and did not; its task is dropped");
            task.abort();
            if self.gone_within(&Clock::system(), DROP_GRACE).await {
                return self.end(self.stopped());
            }
        }
        self.leak();
    }

    async fn gone_within(&self, clock: &Clock, limit: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.gone() => true,
            () = clock.sleep(limit) => false,
        }
    }

    /// The code can be neither stopped nor dropped: it blocks its thread. It keeps its slot until
    /// it ends.
    fn leak(&self) {
        let mut code = self.code();
        if code.ended {
            return;
        }
        // Within the lock, so that the code's end comes after this.
        code.leaked = !code.gone;
        if code.leaked {
            self.slots.leak(self.job.id);
        }
        let leaked = code.leaked;
        drop(code);
        if leaked {
            self.log.error(
                "its code blocks its thread and cannot be stopped; it is counted as leaked and keeps its slot",
            );
            log::error!(
                "the code of job {} ({}) does not stop; it is leaked",
                self.job.id,
                self.job.job_type
            );
        }
        self.end(self.stopped());
    }
}
