//! Workers whose attempts do what the test says, when it says so.

use std::sync::{Arc, Mutex, mpsc as std_mpsc};
use std::time::Duration;

use callboard::NewJob;
use callboard::domain::State;
use callboard::workers::worker::from_fn;
use callboard::workers::{AnyWorker, BlockingWorker, Context, Failure, RunResult, blocking};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::house::House;

/// The attempts of an async worker, as they begin.
pub struct Acts(mpsc::UnboundedReceiver<Act>);

/// An attempt that waits to be told how to end. Dropped, it panics in the worker.
pub struct Act {
    pub ctx: Context,
    end: oneshot::Sender<RunResult<Value>>,
}

/// A worker for a job type, and its attempts.
pub fn puppet(job_type: &str) -> (Arc<dyn AnyWorker>, Acts) {
    let (begun, acts) = mpsc::unbounded_channel();
    let worker = from_fn(job_type, move |ctx: Context, _: Value| {
        let (end, told) = oneshot::channel();
        let sent = begun.send(Act { ctx, end });
        async move {
            sent.map_err(|_| Failure::fatal("the test is over"))?;
            told.await.expect("a puppet was let go")
        }
    });
    (worker, Acts(acts))
}

impl Acts {
    /// The next attempt that begins.
    pub async fn next(&mut self) -> Act {
        let next = tokio::time::timeout(Duration::from_secs(30), self.0.recv()).await;
        next.expect("no attempt began").unwrap()
    }

    /// The next two, that of the older job first: they begin on threads of their own.
    #[allow(dead_code)]
    pub async fn next_two(&mut self) -> (Act, Act) {
        let (one, other) = (self.next().await, self.next().await);
        if one.id() < other.id() { (one, other) } else { (other, one) }
    }

    /// Lets jobs run until the worker actor has nothing to look for any more. From then on, while
    /// the clock stands, all that can start does so in the commit that makes it ready.
    #[allow(dead_code)]
    pub async fn rest(&mut self, house: &mut House, job_type: &str) {
        let mut at_once = 0;
        while at_once < 3 {
            let id = house.enqueue(NewJob::new(job_type)).await;
            at_once = if house.job(id).await.state == State::Running { at_once + 1 } else { 0 };
            self.next().await.succeed();
            house.until(id, State::Completed).await;
        }
    }

    /// Whether none has begun that was not seen.
    pub fn is_empty(&mut self) -> bool {
        self.0.is_empty()
    }
}

impl Act {
    pub fn id(&self) -> i64 {
        self.ctx.job.id
    }

    /// Ends it.
    pub fn end(self, result: RunResult<Value>) {
        // Its task may have been dropped.
        let _ = self.end.send(result);
    }

    pub fn succeed(self) {
        self.end(Ok(Value::Null));
    }

    pub fn fail(self, message: &str) {
        self.end(Err(Failure::retry(message)));
    }

    /// Returns once it is told to stop.
    pub async fn told_to_stop(&self) {
        let told = tokio::time::timeout(Duration::from_secs(30), self.ctx.cancel.cancelled()).await;
        told.expect("it was not told to stop");
    }

    /// Returns once its task is dropped.
    pub async fn dropped(&mut self) {
        let dropped = tokio::time::timeout(Duration::from_secs(30), self.end.closed()).await;
        dropped.expect("its task was not dropped");
    }
}

/// Blocks its thread until the test lets go, whatever it is told.
pub struct Rock {
    begun: mpsc::UnboundedSender<u32>,
    release: Mutex<std_mpsc::Receiver<()>>,
}

/// What the test has of a [`Rock`].
pub struct Lever {
    /// The numbers of attempts that began.
    pub begun: mpsc::UnboundedReceiver<u32>,
    /// Lets one attempt end.
    pub release: std_mpsc::Sender<()>,
}

/// A worker of type `rock`.
pub fn rock() -> (Arc<dyn AnyWorker>, Lever) {
    let (begun, seen) = mpsc::unbounded_channel();
    let (release, released) = std_mpsc::channel();
    (blocking(Rock { begun, release: Mutex::new(released) }), Lever { begun: seen, release })
}

impl BlockingWorker for Rock {
    const JOB_TYPE: &'static str = "rock";
    const DESCRIPTION: &'static str = "Blocks its thread.";
    type Args = Value;
    type Output = ();

    fn run(&self, ctx: &Context, _: Value) -> RunResult<()> {
        let _ = self.begun.send(ctx.attempt());
        let _ = self.release.lock().unwrap().recv();
        Ok(())
    }
}
