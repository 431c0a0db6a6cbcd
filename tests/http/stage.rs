//! A job type that does what the test says.

use std::sync::Arc;

use callboard::workers::worker::from_fn;
use callboard::workers::{AnyWorker, Context, Failure, RunResult};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Where attempts wait for what the test says.
pub struct Stage {
    coming: mpsc::UnboundedSender<Run>,
    waiting: Mutex<mpsc::UnboundedReceiver<Run>>,
}

/// An attempt that has begun. It goes on until it is told its end, or to stop.
pub struct Run {
    pub ctx: Context,
    end: oneshot::Sender<RunResult<Value>>,
}

impl Stage {
    pub fn new() -> Self {
        let (coming, waiting) = mpsc::unbounded_channel();
        Self { coming, waiting: Mutex::new(waiting) }
    }

    /// The worker of a job type whose attempts come here.
    pub fn worker(&self, job_type: &str) -> Arc<dyn AnyWorker> {
        let coming = self.coming.clone();
        from_fn(job_type, move |ctx: Context, _: Value| {
            let coming = coming.clone();
            async move {
                let (end, told) = oneshot::channel();
                let cancel = ctx.cancel.clone();
                let _ = coming.send(Run { ctx, end });
                tokio::select! {
                    Ok(result) = told => result,
                    () = cancel.cancelled() => Err(Failure::Cancelled),
                }
            }
        })
    }

    /// The attempt that begins next.
    pub async fn next(&self) -> Run {
        self.waiting.lock().await.recv().await.unwrap()
    }
}

impl Run {
    pub fn id(&self) -> i64 {
        self.ctx.job.id
    }

    pub fn succeed(self, result: Value) {
        self.end(Ok(result));
    }

    pub fn fail(self, why: &str) {
        self.end(Err(Failure::retry(why)));
    }

    pub fn end(self, result: RunResult<Value>) {
        assert!(self.end.send(result).is_ok(), "the attempt is over already");
    }
}
