//! `process_channel`: what is new in a channel becomes jobs, each item once, ever.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::media::{Media, target};
use super::tools::{Class, Trouble, unavailable};
use super::yt_dlp::ListedEntry;
use super::{Availability, Context, Failure, RunResult, ToolInfo, Worker};
use crate::domain::{Json, NewJob, OnParentFailure, Unique, ident};

/// The most items that are looked at in one run.
const MAX_ITEMS: usize = 20_000;
/// The most jobs for one item.
const MAX_STEPS: usize = 10;
/// The most new jobs that the result names.
const MAX_NAMED: usize = 1000;

/// Makes jobs of a channel's items.
pub struct ProcessChannel {
    media: Arc<Media>,
}

/// Which channel, and what becomes of its items.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessArgs {
    /// The channel's page or feed.
    url: String,
    /// How many of the newest items become jobs in the first run; the others count as seen.
    #[serde(default)]
    first_run_limit: usize,
    /// The jobs that each item becomes, each waiting for the one before. The first one's args get the
    /// item's `url`.
    #[serde(default = "transcripts")]
    #[schemars(length(min = 1, max = 10))]
    steps: Vec<Step>,
}

/// A job that an item becomes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its job type.
    job_type: String,
    /// Its args.
    #[serde(default)]
    args: Map<String, Value>,
}

fn transcripts() -> Vec<Step> {
    vec![Step { job_type: "download_transcript".into(), args: Map::new() }]
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Processed {
    title: Option<String>,
    /// Items in the channel.
    found: usize,
    /// Items that were never seen before and became jobs.
    new: usize,
    /// The first of their jobs, newest item first, up to a thousand.
    jobs: Vec<NewItem>,
    /// Whether nothing of the channel was ever seen before.
    first_run: bool,
}

#[derive(Debug, Serialize)]
struct NewItem {
    url: String,
    title: Option<String>,
    job_id: i64,
}

impl ProcessChannel {
    /// Puts one together.
    #[must_use]
    pub fn new(media: Arc<Media>) -> Self {
        Self { media }
    }

    /// The jobs that an item becomes, unless its page is one that jobs may not reach.
    fn jobs(&self, entry: &ListedEntry, steps: &[Step], ctx: &Context) -> RunResult<Vec<NewJob>> {
        if let Err(why) = self.media.addresses.check(&entry.url) {
            ctx.log.warn(format_args!("{:?} is passed over: its page {why}", entry.key));
            return Ok(Vec::new());
        }
        let mut jobs = Vec::with_capacity(steps.len());
        for (i, step) in steps.iter().enumerate() {
            let mut args = step.args.clone();
            if i == 0 {
                args.insert("url".into(), entry.url.clone().into());
            }
            let mut job = NewJob::new(step.job_type.as_str());
            job.args = Json::of(&args)?;
            job.queue.clone_from(&ctx.job.queue);
            job.priority = ctx.job.priority;
            if i == 0 {
                // What was seen is never seen again: the job must not go with this one.
                job.on_parent_failure = OnParentFailure::Run;
            } else {
                // What an earlier item's job does to the same target was not done for this item.
                job.unique = Some(Unique::Plain(false));
            }
            jobs.push(job);
        }
        Ok(jobs)
    }
}

impl Worker for ProcessChannel {
    const JOB_TYPE: &'static str = "process_channel";
    const DESCRIPTION: &'static str =
        "Makes jobs of what is new in a channel, each item once, ever (yt-dlp).";
    const ONE_PER_TARGET: bool = true;
    type Args = ProcessArgs;
    type Output = Processed;

    async fn run(&self, ctx: Context, args: ProcessArgs) -> RunResult<Processed> {
        let url = self.media.open_url(&args.url).await?;
        let toolbox = self.media.web_toolbox(&ctx).await?;
        let mut listing = self.media.yt_dlp.list(&toolbox, &url).await?;
        if listing.entries.len() > MAX_ITEMS {
            let text = format!("the channel lists more than {MAX_ITEMS} items");
            return Err(Trouble::new(Class::BadInput, text).into());
        }
        if ctx.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let scope = format!("process_channel {}", target(url.as_str()).unwrap_or_default());
        let first_run = !ctx.has_seen(&scope).await?;
        let mut items = Vec::with_capacity(listing.entries.len());
        for (place, entry) in listing.entries.iter().enumerate() {
            let wanted = !first_run || place < args.first_run_limit;
            let jobs = if wanted { self.jobs(entry, &args.steps, &ctx)? } else { Vec::new() };
            items.push((entry.key.clone(), jobs));
        }
        let found = items.len();
        let ids = ctx.enqueue_once(&scope, items).await?;
        let named = listing.entries.drain(..).zip(ids);
        let jobs: Vec<_> = named
            .filter_map(|(entry, id)| Some(NewItem { url: entry.url, title: entry.title, job_id: id? }))
            .collect();
        ctx.progress(found as u64, Some(found as u64), None);
        let new = jobs.len();
        let jobs = jobs.into_iter().take(MAX_NAMED).collect();
        Ok(Processed { title: listing.title, found, new, jobs, first_run })
    }

    fn check(&self, args: &ProcessArgs) -> Vec<(String, String)> {
        let mut faults: Vec<_> = self
            .media
            .addresses
            .check(&args.url)
            .err()
            .map(|why| ("args.url".to_owned(), why))
            .into_iter()
            .collect();
        if !(1..=MAX_STEPS).contains(&args.steps.len()) {
            faults.push(("args.steps".into(), format!("must be from 1 to {MAX_STEPS} jobs")));
        }
        for (i, step) in args.steps.iter().enumerate() {
            if let Err(why) = ident::check_job_type(&step.job_type) {
                faults.push((format!("args.steps[{i}].job_type"), why));
            }
        }
        faults
    }

    fn target(&self, args: &ProcessArgs) -> Option<String> {
        target(&args.url)
    }

    fn availability(&self) -> Availability {
        unavailable(&[self.media.yt_dlp.tool()])
    }

    fn tools(&self) -> BoxFuture<'_, Vec<ToolInfo>> {
        Box::pin(async move { vec![self.media.yt_dlp.tool().info().await] })
    }
}
