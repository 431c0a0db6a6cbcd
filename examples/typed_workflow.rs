//! A workflow of typed workers: two count words side by side, a third adds up what they found.
//!
//! ```sh
//! cargo run --example typed_workflow
//! ```

use std::path::Path;
use std::time::Duration;

use callboard::config::Config;
use callboard::workers::{Context, Failure, RunResult, Worker, typed};
use callboard::{Callboard, Error, NewJob, Workflow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Counts the words of a text.
struct CountWords;

/// Adds up what others have counted.
struct AddUp;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Text {
    text: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Count {
    words: usize,
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

impl Worker for CountWords {
    const JOB_TYPE: &'static str = "count_words";
    const DESCRIPTION: &'static str = "Counts the words of a text.";
    type Args = Text;
    type Output = Count;

    async fn run(&self, _: Context, args: Text) -> RunResult<Count> {
        Ok(Count { words: args.text.split_whitespace().count() })
    }
}

impl Worker for AddUp {
    const JOB_TYPE: &'static str = "add_up";
    const DESCRIPTION: &'static str = "Adds up what the jobs before it have counted.";
    type Args = Nothing;
    type Output = Count;

    async fn run(&self, ctx: Context, _: Nothing) -> RunResult<Count> {
        let mut words = 0;
        for parent in ctx.parents() {
            let Some(result) = &parent.result else {
                return Err(Failure::fatal(format!("job {} has counted nothing", parent.id)));
            };
            words += serde_json::from_str::<Count>(result.as_str())?.words;
        }
        Ok(Count { words })
    }
}

fn count(text: &str) -> Result<NewJob, Error> {
    let job = NewJob::new(CountWords::JOB_TYPE).args(&Text { text: text.to_owned() });
    job.map_err(|e| Error::invalid("args", e.to_string()))
}

/// Runs the workflow; how many words there are in all.
pub async fn run(data_dir: &Path) -> Result<String, Error> {
    let config = Config { data_dir: data_dir.to_owned(), ..Config::default() };
    let builder = Callboard::builder(config).worker(typed(CountWords)).worker(typed(AddUp));
    let callboard = builder.start().await?;
    let workflow = Workflow::new("words")
        .job("first", count("to be or not to be")?)
        .job("second", count("that is the question")?)
        .job("sum", NewJob::new(AddUp::JOB_TYPE))
        .after(["first", "second"]);
    let workflow = callboard.start_workflow(workflow).await?;
    let mut told = Vec::new();
    for node in &workflow.jobs {
        let job = callboard.job_at_end(node.id, Duration::from_secs(60)).await?;
        let result = job.result.as_ref().map_or("null", |result| result.as_str());
        told.push(format!("{} is {}: {result}", node.name, job.state));
    }
    callboard.shutdown().await;
    Ok(told.join("\n"))
}

#[allow(dead_code)] // A test calls `run`.
fn main() -> Result<(), Error> {
    let home = std::env::temp_dir().join(format!("callboard-words-{}", std::process::id()));
    println!("{}", actix_rt::System::new().block_on(run(&home))?);
    let _ = std::fs::remove_dir_all(home);
    Ok(())
}
