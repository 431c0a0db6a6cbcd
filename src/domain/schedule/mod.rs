//! Schedules, by which jobs are enqueued again and again.

mod firing;
mod run;
mod timing;

use serde::{Deserialize, Serialize};

pub use firing::{Firing, MAX_MADE_UP, Missed, ON_TIME};
pub use run::{RunOutcome, ScheduleRun, Trigger};
pub use timing::{Timing, When};

use super::{Json, NewJob, Timestamp, ident};

/// The longest history of a schedule, in runs.
pub const MAX_HISTORY: i64 = 100;

/// What somebody wants done, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleSpec {
    /// When it is due.
    pub timing: Timing,
    /// What becomes of runs that were missed.
    #[serde(default)]
    pub misfire: Misfire,
    /// Whether a run may begin while the one before it goes on.
    #[serde(default)]
    pub overlap: Overlap,
    /// The job of each run.
    pub job: NewJob,
}

/// What becomes of runs that came due while nobody could fire them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Misfire {
    /// Nothing.
    Skip,
    /// One run makes up for them all.
    #[default]
    Once,
    /// Each is made up for, the newest [`MAX_MADE_UP`] of them.
    All,
}

impl Misfire {
    /// All of them, as people choose from them.
    pub const ALL: [Self; 3] = [Self::Once, Self::Skip, Self::All];

    /// The word that users know it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Once => "once",
            Self::All => "all",
        }
    }
}

/// What becomes of a run that comes due while a job of the same schedule is unfinished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// It is enqueued all the same.
    #[default]
    Allow,
    /// It is left out.
    Skip,
}

impl Overlap {
    /// Both of them, as people choose from them.
    pub const ALL: [Self; 2] = [Self::Allow, Self::Skip];

    /// The word that users know it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Skip => "skip",
        }
    }
}

/// Whose a schedule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ScheduleOwner)]
pub enum Owner {
    /// It was made at run time and can be changed then.
    Api,
    /// It stands in the configuration, which has the say at each start.
    Config,
}

impl Owner {
    /// The word that users and the database know it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Config => "config",
        }
    }
}

/// A stored schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Picks it.
    pub name: String,
    /// What it does.
    pub spec: ScheduleSpec,
    /// Whose it is.
    pub owner: Owner,
    /// Whether it rests.
    pub paused: bool,
    /// When it is due next, were it not paused; `None`: never.
    pub next_run_at: Option<Timestamp>,
    /// Rises with each change, so that nobody acts on what is not so any more.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Its last run.
    pub last_run: Option<ScheduleRun>,
}

/// Checks the name of a schedule: as a job type, and not a word that the pages need.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_name(name: &str) -> Result<(), String> {
    if name == "new" { Err("\"new\" is reserved".into()) } else { ident::check_job_type(name) }
}

impl ScheduleSpec {
    /// Everything that is wrong with it, as (field, message); empty when all is well.
    #[must_use]
    pub fn faults(&self, now: Timestamp) -> Vec<(String, String)> {
        let mut faults = self.job.faults();
        if self.timing.first(now).is_none() {
            faults.push((self.timing.field().to_owned(), "never comes due".to_owned()));
        }
        if self.job.run_at.is_some() {
            faults.push(("run_at".into(), "is not for schedules: cron or every_secs say when".into()));
        }
        faults
    }

    /// The job of the run that is due at a time: as it stands here, and with that time in its metadata.
    #[must_use]
    pub fn job_due(&self, schedule: &str, due_at: Timestamp) -> NewJob {
        let mut metadata: serde_json::Map<String, serde_json::Value> =
            self.job.metadata.parse().unwrap_or_default();
        metadata.entry("schedule").or_insert_with(|| schedule.into());
        metadata.entry("due_at").or_insert_with(|| due_at.to_string().into());
        let metadata = Json::of(&metadata).unwrap_or_else(|_| self.job.metadata.clone());
        NewJob { metadata, ..self.job.clone() }
    }
}
