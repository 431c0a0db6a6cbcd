//! `cleanup`: old files go, below configured folders only. Nothing is deleted unless the job says so.

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::sweep::{Rules, Sweep, SweepReport};
use super::{Availability, Context, Failure, RunResult, Worker};
use crate::config::CleanupConfig;

/// Seconds in a day.
const DAY: f64 = 86_400.0;

/// Deletes old files.
pub struct Cleanup {
    config: CleanupConfig,
    protected: Vec<PathBuf>,
}

/// What to delete. A file goes when any of `max_age_days`, `max_total_bytes` and `keep_last` says so.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CleanupArgs {
    /// One of the configured folders; all of them without it.
    root: Option<String>,
    /// Files that were not changed for so many days go.
    #[schemars(range(min = 0.0))]
    max_age_days: Option<f64>,
    /// The oldest go until the rest is no larger than this.
    max_total_bytes: Option<u64>,
    /// All but so many of the newest go.
    keep_last: Option<u64>,
    /// Patterns such as `**/*.mp4` of paths below the folder; only these are looked at.
    #[serde(default)]
    include: Vec<String>,
    /// Patterns of paths that are left alone.
    #[serde(default)]
    exclude: Vec<String>,
    /// Whether folders go that are empty afterwards.
    #[serde(default)]
    remove_empty_dirs: bool,
    /// The most files that go in each folder; the configuration has a limit too.
    #[schemars(range(min = 1))]
    max_deletes: Option<u32>,
    /// Unless this is set to false, the job only says what would go.
    #[serde(default = "yes")]
    dry_run: bool,
}

const fn yes() -> bool {
    true
}

impl Cleanup {
    /// Puts one together. What the runtime itself keeps in `data_dir` is never touched.
    #[must_use]
    pub fn new(config: CleanupConfig, data_dir: &Path) -> Self {
        let protected = ["logs", "work", "queue.db", "queue.db-wal", "queue.db-shm", "queue.db-lock"];
        let protected = protected.iter().map(|name| data_dir.join(name)).collect();
        Self { config, protected }
    }

    fn roots(&self, args: &CleanupArgs) -> Vec<PathBuf> {
        match &args.root {
            Some(root) => vec![root.into()],
            None => self.config.roots.clone(),
        }
    }

    fn rules(&self, args: &CleanupArgs) -> Result<Rules, (String, String)> {
        let globs = |field: &str, patterns: &[String]| {
            Rules::globs(patterns).map_err(|why| (format!("args.{field}"), why))
        };
        Ok(Rules {
            max_age: args.max_age_days.and_then(|days| Duration::try_from_secs_f64(days * DAY).ok()),
            max_total_bytes: args.max_total_bytes,
            keep_last: args.keep_last,
            include: globs("include", &args.include)?,
            exclude: globs("exclude", &args.exclude)?,
            min_age: self.config.min_age,
            max_deletes: args.max_deletes.unwrap_or(u32::MAX).min(self.config.max_deletes) as usize,
            remove_empty_dirs: args.remove_empty_dirs,
            dry_run: args.dry_run,
        })
    }
}

impl Worker for Cleanup {
    const JOB_TYPE: &'static str = "cleanup";
    const DESCRIPTION: &'static str =
        "Deletes old files below configured folders; only says which, unless told otherwise.";
    const ONE_PER_TARGET: bool = true;
    type Args = CleanupArgs;
    type Output = SweepReport;

    async fn run(&self, ctx: Context, args: CleanupArgs) -> RunResult<SweepReport> {
        let rules =
            self.rules(&args).map_err(|(field, why)| Failure::fatal(format_args!("{field} {why}")))?;
        let (roots, protected) = (self.roots(&args), self.protected.clone());
        let sweeping = tokio::task::spawn_blocking(move || {
            let mut report = SweepReport::new(rules.dry_run);
            for root in roots {
                Sweep::open(&root, &protected, &ctx)?.run(&rules, &mut report)?;
            }
            Ok(report)
        });
        sweeping.await?
    }

    fn check(&self, args: &CleanupArgs) -> Vec<(String, String)> {
        let mut faults: Vec<_> = self.rules(args).err().into_iter().collect();
        let mut say = |field: &str, wrong: bool, why: &str| {
            if wrong {
                faults.push((field.to_owned(), why.to_owned()));
            }
        };
        let unknown =
            args.root.as_ref().is_some_and(|root| !self.config.roots.iter().any(|r| r == Path::new(root)));
        say("args.root", unknown, "must be one of cleanup.roots in the configuration");
        let nonsense = |days: f64| !(0.0..=36_525.0).contains(&days);
        say("args.max_age_days", args.max_age_days.is_some_and(nonsense), "must be from 0 to 36525");
        say("args.max_deletes", args.max_deletes == Some(0), "must be at least 1");
        let nothing =
            args.max_age_days.is_none() && args.max_total_bytes.is_none() && args.keep_last.is_none();
        say("args", nothing, "must have one of max_age_days, max_total_bytes and keep_last");
        faults
    }

    fn target(&self, args: &CleanupArgs) -> Option<String> {
        Some(args.root.clone().unwrap_or_else(|| "all roots".into()))
    }

    fn availability(&self) -> Availability {
        match self.config.roots.is_empty() {
            false => Availability::Available,
            true => Availability::Unavailable(
                "no folder may be cleaned up: name some under cleanup.roots in the configuration".into(),
            ),
        }
    }
}
