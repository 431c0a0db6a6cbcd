//! The least there is: a worker of one's own, a job for it, and its result.
//!
//! ```sh
//! cargo run --example minimal
//! ```

use std::path::Path;
use std::time::Duration;

use callboard::config::Config;
use callboard::workers::{Context, RunResult, Worker, typed};
use callboard::{Callboard, Error, NewJob};

/// Greets somebody.
struct Greet;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Whom {
    name: String,
}

impl Worker for Greet {
    const JOB_TYPE: &'static str = "greet";
    const DESCRIPTION: &'static str = "Greets somebody.";
    type Args = Whom;
    type Output = String;

    async fn run(&self, ctx: Context, whom: Whom) -> RunResult<String> {
        ctx.progress(1, Some(1), Some("greeting"));
        Ok(format!("hello {}", whom.name))
    }
}

/// Runs one job; what came of it.
pub async fn run(data_dir: &Path) -> Result<String, Error> {
    let config = Config { data_dir: data_dir.to_owned(), ..Config::default() };
    let callboard = Callboard::builder(config).worker(typed(Greet)).start().await?;
    let job = NewJob::new("greet").args(&serde_json::json!({"name": "Ada"}));
    let job = callboard.enqueue(job.map_err(|e| Error::invalid("args", e.to_string()))?).await?.job;
    let done = callboard.job_at_end(job.id, Duration::from_secs(60)).await?;
    callboard.shutdown().await;
    Ok(format!(
        "job {} is {}: {}",
        done.id,
        done.state,
        done.result.unwrap_or_else(|| callboard::domain::Json::trusted("null"))
    ))
}

#[allow(dead_code)] // A test calls `run`.
fn main() -> Result<(), Error> {
    let home = std::env::temp_dir().join(format!("callboard-minimal-{}", std::process::id()));
    println!("{}", actix_rt::System::new().block_on(run(&home))?);
    let _ = std::fs::remove_dir_all(home);
    Ok(())
}
