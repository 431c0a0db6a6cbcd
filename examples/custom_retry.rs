//! A worker that has the say in how it is tried again: at once when the other side was busy, when the
//! other side says, never where it would be of no use, and else by the job's own delays.
//!
//! ```sh
//! cargo run --example custom_retry
//! ```

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use callboard::config::Config;
use callboard::domain::Backoff;
use callboard::workers::{Context, Failure, RunResult, Worker, typed};
use callboard::{Callboard, Error, NewJob};

/// Asks a service that is not always well.
#[derive(Default)]
struct Ask {
    asked: AtomicU32,
}

/// What the service may answer.
enum Answer {
    Fine(&'static str),
    Busy(Duration),
    Broken,
    NoSuchThing,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Question {
    about: String,
}

impl Ask {
    /// Stands for a call of a service: busy at first, then broken, then well.
    fn service(&self, about: &str) -> Answer {
        match (about, self.asked.fetch_add(1, Ordering::Relaxed)) {
            ("nonsense", _) => Answer::NoSuchThing,
            (_, 0) => Answer::Busy(Duration::from_millis(20)),
            (_, 1) => Answer::Broken,
            _ => Answer::Fine("42"),
        }
    }
}

impl Worker for Ask {
    const JOB_TYPE: &'static str = "ask";
    const DESCRIPTION: &'static str = "Asks a service.";
    type Args = Question;
    type Output = &'static str;

    async fn run(&self, _: Context, question: Question) -> RunResult<&'static str> {
        match self.service(&question.about) {
            Answer::Fine(answer) => Ok(answer),
            // As `Retry-After` has it, instead of the job's own delays.
            Answer::Busy(wait) => Err(Failure::retry_after("the service is busy", wait)),
            Answer::Broken => Err(Failure::retry("the service is broken")),
            // To ask again would be of no use.
            Answer::NoSuchThing => Err(Failure::fatal("the service knows nothing of that")),
        }
    }
}

fn question(about: &str) -> Result<NewJob, Error> {
    let job = NewJob::new("ask").args(&serde_json::json!({"about": about}));
    let mut job = job.map_err(|e| Error::invalid("args", e.to_string()))?.max_retries(5);
    // Delays of this job alone: 50 ms, 150 ms, 450 ms …
    job.backoff = Some(Backoff { base_delay_secs: 0.05, multiplier: 3.0, max_delay_secs: 10.0, jitter: 0.0 });
    Ok(job)
}

/// Asks two questions; what came of them.
pub async fn run(data_dir: &Path) -> Result<String, Error> {
    let config = Config { data_dir: data_dir.to_owned(), ..Config::default() };
    let callboard = Callboard::builder(config).worker(typed(Ask::default())).start().await?;
    let mut told = Vec::new();
    for about in ["everything", "nonsense"] {
        let id = callboard.enqueue(question(about)?).await?.job.id;
        let job = callboard.job_at_end(id, Duration::from_secs(60)).await?;
        let failures = job.attempts.iter().flatten().filter_map(|attempt| attempt.error.as_deref());
        let failures = failures.collect::<Vec<_>>().join(", ");
        told.push(format!("{about}: {} after {} attempts ({failures})", job.state, job.attempt));
    }
    callboard.shutdown().await;
    Ok(told.join("\n"))
}

#[allow(dead_code)] // A test calls `run`.
fn main() -> Result<(), Error> {
    let home = std::env::temp_dir().join(format!("callboard-retry-{}", std::process::id()));
    println!("{}", actix_rt::System::new().block_on(run(&home))?);
    let _ = std::fs::remove_dir_all(home);
    Ok(())
}
