//! Looks whether a transcript or a written text is any good. A bad one is a finding, not a failure.

mod checks;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

pub use self::checks::Check;
use self::checks::{of_content, of_transcript};
use super::text_files::TextFiles;
use super::text_input::TextInput;
use super::{Context, Failure, RunResult, Worker};

/// Looks whether a transcript or a written text is any good.
pub struct QualityCheck {
    files: TextFiles,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What was said in a recording.
    Transcript,
    /// What a model wrote.
    Content,
}

/// What to look at, and by which measure.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QualityArgs {
    /// What it is. Without it: content if a parent says why it ended (`finish_reason`), else a
    /// transcript.
    kind: Option<Kind>,
    /// The text. Without text and file it is what a parent of the job left behind.
    text: Option<String>,
    /// The file with the text, below one of `texts.roots`.
    file: Option<String>,
    /// How long the recording is. Without it: what the parent says.
    #[schemars(range(min = 0.0))]
    duration_secs: Option<f64>,
    /// Why the model ended where it did. Without it: what the parent says.
    finish_reason: Option<String>,
    /// Fewer words a minute are too few.
    min_words_per_minute: f64,
    /// More words a minute are too many.
    max_words_per_minute: f64,
    /// The share of the recording that the transcript must reach, 0 to 1.
    min_coverage: f64,
    /// The share of lines that may repeat an earlier one, 0 to 1.
    max_repeated_lines: f64,
    /// The fewest characters of a written text.
    min_chars: usize,
    /// The most characters of a written text.
    max_chars: usize,
    /// Fails the job for good when a check does not pass.
    fail_job: bool,
}

impl Default for QualityArgs {
    fn default() -> Self {
        Self {
            kind: None,
            text: None,
            file: None,
            duration_secs: None,
            finish_reason: None,
            min_words_per_minute: 40.0,
            max_words_per_minute: 260.0,
            min_coverage: 0.8,
            max_repeated_lines: 0.3,
            min_chars: 1,
            max_chars: 1_000_000,
            fail_job: false,
        }
    }
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Quality {
    /// Whether every check passed.
    passed: bool,
    /// The share of checks that passed, 0 to 1.
    score: f64,
    /// What was looked at.
    kind: Kind,
    /// The checks.
    checks: Vec<Check>,
    /// The file that was looked at, for jobs that come after this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The title that the parent gave, for jobs that come after this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

impl QualityCheck {
    /// Puts one together.
    #[must_use]
    pub const fn new(files: TextFiles) -> Self {
        Self { files }
    }
}

impl Worker for QualityCheck {
    const JOB_TYPE: &'static str = "quality_check";
    const DESCRIPTION: &'static str = "Looks whether a transcript or a written text is any good.";
    type Args = QualityArgs;
    type Output = Quality;

    fn check(&self, args: &QualityArgs) -> Vec<(String, String)> {
        let mut faults = TextInput::faults(&self.files, args.text.as_deref(), args.file.as_deref());
        let mut within = |field: &str, value: f64, high: f64| {
            if !(0.0..=high).contains(&value) {
                faults.push((format!("args.{field}"), format!("must be from 0 to {high}, got {value}")));
            }
        };
        within("min_coverage", args.min_coverage, 1.0);
        within("max_repeated_lines", args.max_repeated_lines, 1.0);
        within("min_words_per_minute", args.min_words_per_minute, args.max_words_per_minute);
        within("duration_secs", args.duration_secs.unwrap_or_default(), f64::MAX);
        if args.min_chars > args.max_chars {
            faults.push(("args.min_chars".into(), "must not be more than max_chars".into()));
        }
        faults
    }

    async fn run(&self, ctx: Context, args: QualityArgs) -> RunResult<Quality> {
        let input = TextInput::get(&ctx, &self.files, args.text.clone(), args.file.clone()).await?;
        let said = |name: &str| input.about.get(name).and_then(serde_json::Value::as_f64);
        let reason = args.finish_reason.as_deref().or(input.said("finish_reason"));
        let kind = args.kind.unwrap_or(if reason.is_some() { Kind::Content } else { Kind::Transcript });
        let duration = args.duration_secs.or(said("duration_secs")).or(said("duration"));
        let duration = duration.filter(|secs| *secs > 0.0);
        let (reason, title) = (reason.map(str::to_owned), input.said("title").map(str::to_owned));
        let (fail_job, file) = (args.fail_job, input.file.clone());
        ctx.progress(0, Some(1), None);
        let looking = spawn_blocking(move || match kind {
            Kind::Content => of_content(&input.text, reason.as_deref(), &args),
            Kind::Transcript => of_transcript(&input.text, duration, &args),
        });
        // Who is stopped leaves a thread behind that looks to the end, and does nothing else.
        let checks = tokio::select! {
            checks = looking => checks?,
            () = ctx.cancel.cancelled() => return Err(Failure::Cancelled),
        };
        for check in checks.iter().filter(|check| !check.ok) {
            ctx.log.warn(check);
        }
        ctx.progress(1, Some(1), None);
        judged(kind, checks, fail_job, file, title)
    }
}

fn judged(
    kind: Kind,
    checks: Vec<Check>,
    fail_job: bool,
    file: Option<String>,
    title: Option<String>,
) -> RunResult<Quality> {
    let failed: Vec<String> = checks.iter().filter(|c| !c.ok).map(ToString::to_string).collect();
    if fail_job && !failed.is_empty() {
        return Err(Failure::fatal(format_args!("the quality is not good enough: {}", failed.join("; "))));
    }
    #[expect(clippy::cast_precision_loss, reason = "there are few checks")]
    let score = (checks.len() - failed.len()) as f64 / checks.len().max(1) as f64;
    let score = (score * 100.0).round() / 100.0;
    Ok(Quality { passed: failed.is_empty(), score, kind, checks, file, title })
}
