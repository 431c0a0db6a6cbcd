//! What jobs wrote, on whichever node that was.

use super::Callboard;
use crate::domain::Job;
use crate::error::Error;
use crate::logs::{Chunk, Part, Stream};
use crate::runtime::far_logs::{self, Place};
use crate::store::views;

impl Callboard {
    /// Reads a part of what an attempt of a job wrote. A stream that nothing was written to has size 0.
    /// `job` is as [`Self::job`] gives it, with its attempts.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be read, or is on a node that is away.
    pub async fn log(&self, job: &Job, attempt: u32, stream: Stream, part: Part) -> Result<Chunk, Error> {
        let (logs, id) = (self.shared.logs.clone(), job.id);
        let here = move || Ok((logs.attempts(id)?.contains(&attempt), logs.part(id, attempt, stream, part)?));
        let unreadable =
            |e: &dyn std::fmt::Display| Error::Unavailable(format!("the log cannot be read: {e}"));
        let read: std::io::Result<(bool, Chunk)> =
            tokio::task::spawn_blocking(here).await.map_err(|e| unreadable(&e))?;
        let (is_here, chunk) = read.map_err(|e| unreadable(&e))?;
        if is_here || !self.shared.membership.is_shared() {
            return Ok(chunk);
        }
        match self.elsewhere(job, attempt).await? {
            Some(home) => far_logs::read(&self.shared, &Place { home, job: id, attempt, stream }, part).await,
            None => Ok(chunk),
        }
    }

    /// The folder of another node that an attempt wrote to; `None`: this one's, or nobody's.
    async fn elsewhere(&self, job: &Job, attempt: u32) -> Result<Option<i64>, Error> {
        let ran = job.attempts.iter().flatten().find(|a| a.number == attempt);
        let Some(node) = ran.and_then(|a| node_of(a.worker_id.as_deref()?)) else { return Ok(None) };
        let Some(home) = self.read(move |conn| views::nodes::home(conn, node)).await? else {
            return Ok(None);
        };
        if home.id == self.shared.membership.home() {
            return Ok(None);
        }
        if !home.is_alive {
            return Err(Error::Unavailable(format!(
                "the logs of attempt {attempt} of job {} are on node {node} ({}), which is not running",
                job.id, home.host
            )));
        }
        Ok(Some(home.id))
    }
}

/// The node in the name of a worker.
fn node_of(worker_id: &str) -> Option<i64> {
    worker_id.split_once('/')?.0.parse().ok()
}
