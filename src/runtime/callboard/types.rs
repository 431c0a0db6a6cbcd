//! Job types and queues: what there is, and what may be changed at run time.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Callboard, JobTypeInfo, JobTypePatch};
use crate::domain::audit::{Deed, Verb};
use crate::domain::ident::{self, WORKFLOW_NODE};
use crate::domain::status::{QueueInfo, no_counts};
use crate::domain::{Backoff, State, new_job};
use crate::error::{Error, FieldFault};
use crate::runtime::limits;
use crate::runtime::options::ANY_NUMBER;
use crate::runtime::supervisor::take_over_settings;
use crate::store::verbs::settings::{self, JobTypeSettings};
use crate::store::views;
use crate::workers::{Availability, WorkerInfo};

/// The most attempts at once on all nodes that a job type may be given.
const MAX_GLOBAL_CONCURRENCY: u32 = 1_000_000;

impl Callboard {
    /// The job types that have a worker here, and with remote workers those that are known of elsewhere,
    /// by name.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn job_types(&self) -> Result<Vec<JobTypeInfo>, Error> {
        // All at once: each may have to ask programs for their versions.
        let types = self.plain_job_types().await?.into_iter().map(|job_type| self.with_tools(job_type));
        Ok(join_all(types).await)
    }

    /// The same without the programs that they use, so that nobody waits for the answers of those.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn plain_job_types(&self) -> Result<Vec<JobTypeInfo>, Error> {
        let kept = self.read(views::status::all_counters).await?;
        let mut names = self.known_elsewhere_of(&kept);
        names.extend(self.shared.types.keys().cloned());
        Ok(names.iter().map(|name| self.describe(name, &kept)).collect())
    }

    /// The names of the job types that have a worker here, in order.
    #[must_use]
    pub fn job_type_names(&self) -> Vec<String> {
        self.shared.types.keys().cloned().collect()
    }

    /// One job type.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn job_type(&self, name: &str) -> Result<JobTypeInfo, Error> {
        let kept = self.read(views::status::all_counters).await?;
        if !self.shared.types.contains_key(name) && !self.known_elsewhere_of(&kept).contains(name) {
            return Err(Error::NotFound(format!("job type {name}")));
        }
        Ok(self.with_tools(self.describe(name, &kept)).await)
    }

    /// A job type that may be one, whether anything is known of it or not.
    pub(super) async fn described_job_type(&self, name: &str) -> Result<JobTypeInfo, Error> {
        let kept = self.read(views::status::all_counters).await?;
        Ok(self.with_tools(self.describe(name, &kept)).await)
    }

    /// The job types without a worker here that jobs, limits or pauses are of, where such are taken.
    fn known_elsewhere_of(&self, kept: &[views::status::Counter]) -> BTreeSet<String> {
        if !self.shared.options.accept_unknown_job_types {
            return BTreeSet::new();
        }
        let mut names = self.shared.limited_elsewhere();
        names.extend(self.shared.read_settings(|s| s.paused_types.clone()));
        names.extend(kept.iter().filter(|(.., n)| *n > 0).map(|(job_type, ..)| job_type.clone()));
        names.retain(|name| name != WORKFLOW_NODE && !self.shared.types.contains_key(name));
        names
    }

    async fn with_tools(&self, job_type: JobTypeInfo) -> JobTypeInfo {
        let Some(entry) = self.shared.types.get(&job_type.name) else { return job_type };
        JobTypeInfo { tools: entry.worker.tools().await, ..job_type }
    }

    /// The delays between tries of a job type, unless a job says otherwise.
    #[must_use]
    pub fn backoff(&self, job_type: &str) -> Backoff {
        self.shared.type_options(job_type).backoff
    }

    fn describe(&self, name: &str, kept: &[views::status::Counter]) -> JobTypeInfo {
        let worker = self.shared.types.get(name).map(|entry| &entry.worker);
        let mut counts = no_counts();
        for (_, _, state, n) in kept.iter().filter(|(job_type, ..)| job_type == name) {
            *counts.entry(*state).or_default() += n;
        }
        let info = worker.map_or_else(|| done_elsewhere(name), |worker| worker.info());
        let options = self.shared.type_options(name);
        let unavailable_reason = match worker.map(|worker| worker.availability()) {
            Some(Availability::Unavailable(reason)) => Some(reason),
            _ => None,
        };
        JobTypeInfo {
            name: name.to_owned(),
            description: options.description.unwrap_or(info.description),
            args_schema: info.args_schema,
            concurrency: options.concurrency,
            global_concurrency: options.limits.global_concurrency,
            concurrency_key: options.limits.per_key.as_ref().map(|k| k.key.clone()),
            concurrency_per_key: options.limits.per_key.as_ref().map(|k| k.limit),
            rate_limit: options.limits.rate_limit,
            fairness_key: options.limits.fairness.map(|f| f.key),
            timeout_secs: options.timeout_secs,
            max_retries: options.max_retries,
            backoff: options.backoff,
            available: unavailable_reason.is_none(),
            unavailable_reason,
            tools: Vec::new(),
            paused: self.shared.is_paused(name),
            running: counts.get(&State::Running).copied().unwrap_or_default(),
            counts,
        }
    }

    /// Changes a job type at run time. The change is kept over restarts.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`].
    pub async fn patch_job_type(&self, name: &str, patch: JobTypePatch) -> Result<JobTypeInfo, Error> {
        self.refuse_when_draining()?;
        self.known(name)?;
        check(&patch)?;
        let mut kept = self.shared.read_settings(|s| s.job_types.get(name).cloned()).unwrap_or_default();
        apply(&mut kept, &patch);
        let job_type = name.to_owned();
        let deed = Deed::new(Verb::TypeChange, format!("job-types/{name}")).with(detail(&patch));
        self.change(deed, move |tx| settings::keep(tx, &job_type, &kept)).await?;
        self.take_over_settings().await?;
        limits::settle(&self.shared, name).await?;
        self.described_job_type(name).await
    }

    /// The queues, by name.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn queues(&self) -> Result<Vec<QueueInfo>, Error> {
        let now = self.shared.clock.now();
        self.read(move |conn| views::queues::queues(conn, now)).await
    }

    /// So that the caller's next look shows the change. The supervisor does it too, for changes
    /// that come from elsewhere.
    pub(super) async fn take_over_settings(&self) -> Result<(), Error> {
        Ok(take_over_settings(&self.shared).await?)
    }

    pub(super) fn known(&self, name: &str) -> Result<(), Error> {
        let elsewhere = self.shared.options.accept_unknown_job_types && ident::check_job_type(name).is_ok();
        match elsewhere || self.shared.types.contains_key(name) {
            true => Ok(()),
            false => Err(Error::NotFound(format!("job type {name}"))),
        }
    }
}

/// What there is to say of a job type that remote workers run.
fn done_elsewhere(name: &str) -> WorkerInfo {
    WorkerInfo {
        job_type: name.to_owned(),
        description: "Run by remote workers.".into(),
        args_schema: serde_json::json!({}),
    }
}

fn check(patch: &JobTypePatch) -> Result<(), Error> {
    let mut faults = Vec::new();
    if patch.concurrency.is_some_and(|n| !(1..=ANY_NUMBER).contains(&n)) {
        faults.push(FieldFault::new("concurrency", format!("must be from 1 to {ANY_NUMBER}")));
    }
    if patch.global_concurrency.flatten().is_some_and(|n| !(1..=MAX_GLOBAL_CONCURRENCY).contains(&n)) {
        let message = format!("must be from 1 to {MAX_GLOBAL_CONCURRENCY}");
        faults.push(FieldFault::new("global_concurrency", message));
    }
    if let Some(Err(message)) = patch.timeout_secs.flatten().map(new_job::check_timeout) {
        faults.push(FieldFault::new("timeout_secs", message));
    }
    if let Some(Some(limit)) = &patch.rate_limit {
        faults.extend(limit.faults().into_iter().map(|(f, m)| FieldFault::new(format!("rate_limit.{f}"), m)));
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// What the audit log tells of a change.
fn detail(patch: &JobTypePatch) -> Value {
    let fields = [
        ("concurrency", patch.concurrency.map(|n| json!(n))),
        ("global_concurrency", patch.global_concurrency.map(|n| json!(n))),
        ("rate_limit", patch.rate_limit.as_ref().map(|limit| json!(limit))),
        ("timeout_secs", patch.timeout_secs.map(|secs| json!(secs))),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn apply(kept: &mut JobTypeSettings, patch: &JobTypePatch) {
    kept.concurrency = patch.concurrency.or(kept.concurrency);
    kept.global_concurrency = patch.global_concurrency.or(kept.global_concurrency);
    kept.timeout_secs = patch.timeout_secs.or(kept.timeout_secs);
    if let Some(limit) = &patch.rate_limit {
        kept.rate_limit = serde_json::to_string(limit).ok();
    }
}
