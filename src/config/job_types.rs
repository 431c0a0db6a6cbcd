//! What the configuration says about a job type, and the programs and URLs that run one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ::config::Value;

use super::kinds;
use super::secrets;
use super::section::Section;
use crate::domain::{Backoff, Fairness, PerKey, RateLimit, ident};

/// The most attempts of one job type at once on a node.
pub(super) const MAX_CONCURRENCY: u32 = 10_000;
/// The most attempts of one job type at once on all nodes.
const MAX_GLOBAL_CONCURRENCY: u32 = 1_000_000;

/// What is said of one job type in `[job_types.NAME]`. `None`: the default holds.
#[derive(Clone, Debug, PartialEq)]
pub struct JobTypeConfig {
    /// How many attempts may run at once on a node.
    pub concurrency: Option<u32>,
    /// The longest one attempt may take; `Some(None)`: no limit.
    pub timeout_secs: Option<Option<f64>>,
    /// How many failures are followed by another try.
    pub max_retries: Option<u32>,
    /// The delays between tries; what the table leaves out is as in `[retry]`.
    pub retry: Option<Backoff>,
    /// How many attempts may run at once on all nodes together.
    pub global_concurrency: Option<u32>,
    /// How many attempts may run at once for each value of a key.
    pub per_key: Option<PerKey>,
    /// How many attempts may start in a span of time.
    pub rate_limit: Option<RateLimit>,
    /// Turns for each value of a key.
    pub fairness: Option<Fairness>,
    /// The fields of its args that are secret, beside those of every job type.
    pub secrets: Vec<String>,
    /// Whether it runs at all.
    pub enabled: bool,
    /// One sentence for people.
    pub description: Option<String>,
    /// What runs it, if that is not a built-in worker.
    pub run: Option<RunConfig>,
}

impl Default for JobTypeConfig {
    fn default() -> Self {
        Self {
            concurrency: None,
            timeout_secs: None,
            max_retries: None,
            retry: None,
            global_concurrency: None,
            per_key: None,
            rate_limit: None,
            fairness: None,
            secrets: Vec::new(),
            enabled: true,
            description: None,
            run: None,
        }
    }
}

/// What runs a job type that is not built in.
#[derive(Clone, Debug, PartialEq)]
pub enum RunConfig {
    /// A program.
    Command(CommandConfig),
    /// A URL that is called.
    Url(UrlConfig),
}

/// A program that runs a job type.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandConfig {
    /// The program and its arguments (key `command`), with `{args.x}` and the like still in them.
    pub argv: Vec<String>,
    /// Where it runs; `None`: in a fresh directory.
    pub cwd: Option<PathBuf>,
    /// The names of the variables that are passed on to it.
    pub env: Vec<String>,
    /// How its output is read for progress, if it does not speak `::callboard`.
    pub progress: Option<ProgressFormat>,
}

/// How to read progress from the output of a program that does not speak `::callboard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressFormat {
    /// As ffmpeg does with `-progress pipe:1`: blocks of `key=value` on standard output, against the
    /// `Duration:` that it prints on standard error. Counts milliseconds.
    Ffmpeg,
    /// The last percentage of a line, such as `42%` or `42.5 %`, on either output.
    Percent,
}

impl ProgressFormat {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ffmpeg => "ffmpeg",
            Self::Percent => "percent",
        }
    }
}

const PROGRESS_FORMATS: [(&str, ProgressFormat); 2] = [
    (ProgressFormat::Ffmpeg.as_str(), ProgressFormat::Ffmpeg),
    (ProgressFormat::Percent.as_str(), ProgressFormat::Percent),
];

/// A URL that runs a job type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlConfig {
    /// The job is sent there.
    pub url: url::Url,
    /// The environment variable that holds the secret for the signature.
    pub secret_env: Option<String>,
}

/// Reads `[job_types]`.
pub(super) fn job_types(section: &mut Section<'_>, retry: Backoff) -> BTreeMap<String, JobTypeConfig> {
    let mut read = BTreeMap::new();
    for name in section.names() {
        if let Err(message) = ident::check_job_type(&name) {
            section.fault(&name, format!("is not a job type: it {message}"));
        }
        read.insert(name.clone(), section.section(&name, |section| job_type(section, retry)));
    }
    read
}

fn job_type(section: &mut Section<'_>, retry: Backoff) -> JobTypeConfig {
    let mut read = JobTypeConfig {
        concurrency: section.get("concurrency", kinds::whole(1, MAX_CONCURRENCY)),
        timeout_secs: section.get("timeout_secs", kinds::timeout),
        max_retries: section.get("max_retries", kinds::max_retries),
        retry: section.has("retry").then(|| section.section("retry", |section| backoff(section, retry))),
        global_concurrency: section.get("global_concurrency", kinds::whole(1, MAX_GLOBAL_CONCURRENCY)),
        per_key: per_key(section),
        fairness: section.has("fairness").then(|| section.section("fairness", fairness)).flatten(),
        rate_limit: section.has("rate_limit").then(|| section.section("rate_limit", rate_limit)).flatten(),
        secrets: secrets::fields(section),
        description: section.get("description", kinds::text),
        run: run(section),
        ..JobTypeConfig::default()
    };
    section.set("enabled", &mut read.enabled, kinds::boolean);
    read
}

/// Reads the four keys of a retry table; what is missing is as in `base`.
pub(super) fn backoff(section: &mut Section<'_>, base: Backoff) -> Backoff {
    let mut backoff = base;
    section.set("base_delay_secs", &mut backoff.base_delay_secs, kinds::number);
    section.set("multiplier", &mut backoff.multiplier, kinds::number);
    section.set("max_delay_secs", &mut backoff.max_delay_secs, kinds::number);
    section.set("jitter", &mut backoff.jitter, kinds::number);
    for (key, message) in backoff.faults() {
        section.fault(key, message);
    }
    backoff
}

fn per_key(section: &mut Section<'_>) -> Option<PerKey> {
    let limit = section.get("concurrency_per_key", kinds::whole(1, MAX_CONCURRENCY));
    if limit.is_some() && !section.has("concurrency_key") {
        section.fault("concurrency_per_key", "says nothing without concurrency_key");
    }
    let key = section.get("concurrency_key", kinds::parsed)?;
    Some(PerKey { key, limit: limit.unwrap_or(1) })
}

fn fairness(section: &mut Section<'_>) -> Option<Fairness> {
    let key = section.needed("key", kinds::parsed);
    let mut weights = BTreeMap::new();
    section.section("weights", |section| {
        for value in section.names() {
            if let Some(weight) = section.get(&value, kinds::between(0.001, 1000.0)) {
                weights.insert(value, weight);
            }
        }
    });
    Some(Fairness { key: key?, weights })
}

fn rate_limit(section: &mut Section<'_>) -> Option<RateLimit> {
    let limit = section.needed("limit", kinds::whole(1, u32::MAX));
    let per_secs = section.needed("per_secs", kinds::number);
    let key = section.get("key", kinds::parsed);
    let limit = RateLimit { limit: limit?, per_secs: per_secs?, key };
    for (key, message) in limit.faults() {
        section.fault(key, message);
    }
    Some(limit)
}

fn run(section: &mut Section<'_>) -> Option<RunConfig> {
    const OF_COMMANDS: [&str; 3] = ["cwd", "env", "progress"];
    const OF_URLS: [&str; 1] = ["secret_env"];
    match (section.has("command"), section.has("url")) {
        (true, true) => {
            section.refuse(&["url"], "must not stand beside command: a job type is run by one of them");
            command(section).map(RunConfig::Command)
        }
        (true, false) => {
            section.refuse(&OF_URLS, "goes with url, not with command");
            command(section).map(RunConfig::Command)
        }
        (false, true) => {
            section.refuse(&OF_COMMANDS, "goes with command, not with url");
            url(section).map(RunConfig::Url)
        }
        (false, false) => {
            section.refuse(&OF_COMMANDS, "says nothing without command");
            section.refuse(&OF_URLS, "says nothing without url");
            None
        }
    }
}

fn command(section: &mut Section<'_>) -> Option<CommandConfig> {
    let argv = section.get("command", argv);
    let cwd = section.get("cwd", kinds::path);
    let env = section.get("env", kinds::texts(kinds::variable)).unwrap_or_default();
    let progress = section.get("progress", kinds::one_of(&PROGRESS_FORMATS));
    Some(CommandConfig { argv: argv?, cwd, env, progress })
}

fn argv(value: &Value) -> Result<Vec<String>, String> {
    let no_nul = |text: &str| match text.contains('\0') {
        true => Err("must not contain NUL".to_owned()),
        false => Ok(()),
    };
    let argv = kinds::texts(no_nul)(value)?;
    match argv.first().map(String::as_str) {
        None | Some("") => Err("must begin with the program to start".into()),
        Some(_) => Ok(argv),
    }
}

fn url(section: &mut Section<'_>) -> Option<UrlConfig> {
    let url = section.get("url", kinds::web_url);
    let secret_env = section.get("secret_env", kinds::variable_name);
    Some(UrlConfig { url: url?, secret_env })
}
