//! Schedules: reading, changing and running them.

use std::collections::HashMap;

use serde::Serialize;

use super::{Callboard, Enqueued};
use crate::domain::audit::{Deed, Verb};
use crate::domain::cron::Tongue;
use crate::domain::schedule::{MAX_HISTORY, Misfire, Overlap, Owner, Timing, check_name};
use crate::domain::{NewJob, Schedule, ScheduleRun, Timestamp, secret};
use crate::error::{Error, FieldFault};
use crate::runtime::prepare::prepare;
use crate::store::verbs::schedules::Given;
use crate::store::{verbs, views};

/// How many of the next runs are told.
const NEXT_RUNS: usize = 5;

/// A schedule in the shape of the HTTP API.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Schedule)]
pub struct ScheduleView {
    /// Picks it.
    pub name: String,
    /// The cron expression, if it goes by one.
    pub cron: Option<String>,
    /// The interval, if it goes by one.
    pub every_secs: Option<f64>,
    /// The zone whose clock it goes by.
    pub timezone: String,
    /// When it is due.
    #[serde(skip)]
    pub timing: Timing,
    /// When it is due, in words.
    pub description: String,
    /// The job of each run.
    #[serde(flatten)]
    pub job: NewJob,
    /// What becomes of runs that were missed.
    pub misfire: Misfire,
    /// Whether a run may begin while the one before it goes on.
    pub overlap: Overlap,
    /// Whether it rests.
    pub paused: bool,
    /// Whose it is.
    pub owner: Owner,
    /// When it is due next; nothing while it is paused.
    pub next_runs: Vec<Timestamp>,
    /// Its last run.
    pub last_run: Option<ScheduleRun>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A schedule with its history.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ScheduleWithRuns {
    /// The schedule.
    #[serde(flatten)]
    pub schedule: ScheduleView,
    /// What became of its runs, the newest first.
    pub history: Vec<ScheduleRun>,
}

/// A page of the list of schedules.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SchedulePage {
    /// By name.
    pub schedules: Vec<ScheduleView>,
    /// Give it back for the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

impl From<Schedule> for ScheduleView {
    fn from(schedule: Schedule) -> Self {
        let timing = &schedule.spec.timing;
        let first = schedule.next_run_at.filter(|_| !schedule.paused);
        Self {
            cron: timing.cron().map(|cron| cron.as_str().to_owned()),
            every_secs: timing.every_secs(),
            timezone: timing.timezone().to_owned(),
            description: timing.describe(Tongue::English),
            next_runs: timing.upcoming(first, NEXT_RUNS),
            timing: schedule.spec.timing.clone(),
            job: NewJob { args: secret::redacted(&schedule.spec.job.args), ..schedule.spec.job },
            misfire: schedule.spec.misfire,
            overlap: schedule.spec.overlap,
            paused: schedule.paused,
            owner: schedule.owner,
            last_run: schedule.last_run,
            created_at: schedule.created_at,
            updated_at: schedule.updated_at,
            name: schedule.name,
        }
    }
}

impl Callboard {
    /// Schedules by name: those after the name `after`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn schedules(&self, after: Option<String>, limit: usize) -> Result<SchedulePage, Error> {
        let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let after = after.unwrap_or_default();
        let mut found = self.read(move |conn| views::schedules::schedules(conn, &after, most)).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| more).map(|last| last.name.clone());
        Ok(SchedulePage { schedules: found.into_iter().map(ScheduleView::from).collect(), next_cursor })
    }

    /// The last runs of the schedules that [`Self::schedules`] gives, the oldest first, by name.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn schedule_histories(
        &self,
        after: Option<String>,
        limit: usize,
        runs: i64,
    ) -> Result<HashMap<String, Vec<ScheduleRun>>, Error> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let after = after.unwrap_or_default();
        self.read(move |conn| views::schedules::histories(conn, &after, most, runs)).await
    }

    /// A schedule with its history.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn schedule(&self, name: &str) -> Result<ScheduleWithRuns, Error> {
        let wanted = name.to_owned();
        let found = self.read(move |conn| {
            let Some(schedule) = views::schedules::schedule(conn, &wanted)? else { return Ok(None) };
            Ok(Some((schedule, views::schedules::runs(conn, &wanted, MAX_HISTORY)?)))
        });
        let (schedule, history) = found.await?.ok_or_else(|| Error::NotFound(format!("schedule {name}")))?;
        Ok(ScheduleWithRuns { schedule: schedule.into(), history })
    }

    /// Makes a schedule, or changes the one of that name unless it must be `new`. Returns it, and
    /// whether it is new.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every wrong field; [`Error::Conflict`] when it is there and should be
    /// new, or stands in the configuration.
    pub async fn put_schedule(&self, mut given: Given, new: bool) -> Result<(ScheduleView, bool), Error> {
        self.refuse_when_draining()?;
        let now = self.shared.clock.now();
        let mut faults = given.spec.faults(now);
        if let Err(message) = check_name(&given.name) {
            faults.push(("name".into(), message));
        }
        let secrets = &self.shared.options.secrets;
        let wanted = given.name.clone();
        let old = self.read(move |conn| views::schedules::schedule(conn, &wanted)).await?;
        if let Some(old) = old.filter(|old| old.spec.job.job_type == given.spec.job.job_type) {
            let job = &mut given.spec.job;
            job.args = secrets.keep(&job.job_type, &job.args, &old.spec.job.args);
        }
        let mut args = given.spec.job.args.clone();
        if faults.is_empty() {
            match secrets.uncover(&given.spec.job) {
                Ok(plain) => {
                    args = plain;
                    let job = NewJob { args: args.clone(), ..given.spec.job.clone() };
                    faults = self.shared.known_types().faults(&job);
                }
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults.into_iter().map(|(f, m)| FieldFault::new(f, m)).collect()));
        }
        given.spec.job.args = secrets.seal(&given.spec.job.job_type, &args)?;
        let name = given.name.clone();
        let deed = to_schedule(Verb::SchedulePut, &name).with(detail(&given));
        let made = self.change(deed, move |tx| verbs::schedules::put(tx, &given, new, now)).await?;
        Ok((self.schedule(&name).await?.schedule, made))
    }

    /// Stops a schedule, or lets it go on.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn pause_schedule(&self, name: &str, paused: bool) -> Result<ScheduleView, Error> {
        self.refuse_when_draining()?;
        let (wanted, now) = (name.to_owned(), self.shared.clock.now());
        let deed = to_schedule(if paused { Verb::SchedulePause } else { Verb::ScheduleResume }, name);
        self.change(deed, move |tx| verbs::schedules::pause(tx, &wanted, paused, now)).await?;
        Ok(self.schedule(name).await?.schedule)
    }

    /// Deletes a schedule with its history, and gives it back as it was. Its jobs stay.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it stands in the configuration.
    pub async fn delete_schedule(&self, name: &str) -> Result<ScheduleView, Error> {
        self.refuse_when_draining()?;
        let was = self.schedule(name).await?.schedule;
        let (deed, name) = (to_schedule(Verb::ScheduleDelete, name), name.to_owned());
        self.change(deed, move |tx| verbs::schedules::delete(tx, &name)).await?;
        Ok(was)
    }

    /// Enqueues the job of a schedule now, also while it is paused. Its due times stay as they are.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when a job of it is unfinished and its overlap is
    /// `skip`; as [`Self::enqueue`].
    pub async fn run_schedule(&self, name: &str) -> Result<Enqueued, Error> {
        self.refuse_when_draining()?;
        let (wanted, now) = (name.to_owned(), self.shared.clock.now());
        let found = self.read(move |conn| views::schedules::schedule(conn, &wanted)).await?;
        let schedule = found.ok_or_else(|| Error::NotFound(format!("schedule {name}")))?;
        let job = prepare(&self.shared, schedule.spec.job_due(name, now), "")?;
        let wanted = name.to_owned();
        let deed = to_schedule(Verb::ScheduleRun, name);
        let stored = self.change(deed, move |tx| verbs::fire::run_now(tx, &wanted, &job, now)).await?;
        Ok(Enqueued { job: self.plain_job(stored.id).await?, duplicate: stored.duplicate })
    }
}

fn to_schedule(verb: Verb, name: &str) -> Deed {
    Deed::new(verb, format!("schedules/{name}"))
}

/// What the audit log tells of a schedule.
fn detail(given: &Given) -> serde_json::Value {
    let timing = &given.spec.timing;
    serde_json::json!({
        "job_type": given.spec.job.job_type,
        "cron": timing.cron().map(|cron| cron.as_str()),
        "every_secs": timing.every_secs(),
        "timezone": timing.timezone(),
        "paused": given.paused,
    })
}
