//! Looks at new jobs before they go to the store.

use std::collections::BTreeMap;

use super::options::TypeEntry;
use super::shared::Shared;
use crate::domain::NewJob;
use crate::domain::nearest::nearest;
use crate::error::{Error, FieldFault};
use crate::store::verbs::enqueue::Prepared;
use crate::telemetry;

/// The job types that jobs may have.
#[derive(Clone, Copy)]
pub struct KnownTypes<'a> {
    /// Those with a worker here.
    pub types: &'a BTreeMap<String, TypeEntry>,
    /// Whether others are taken too.
    pub any: bool,
}

impl KnownTypes<'_> {
    /// Everything that is wrong with a job, by the rules for all jobs and those of its type, as
    /// (field, message).
    #[must_use]
    pub fn faults(&self, job: &NewJob) -> Vec<(String, String)> {
        let faults = job.faults();
        if !faults.is_empty() {
            return faults;
        }
        match self.types.get(&job.job_type) {
            Some(known) => known.worker.check_args(&job.args),
            None if self.any => Vec::new(),
            None => vec![("job_type".into(), self.unknown(&job.job_type))],
        }
    }

    fn unknown(&self, name: &str) -> String {
        let near = nearest(name, self.types.keys().map(String::as_str));
        let hint = match near.is_empty() {
            true => String::from("GET /api/job-types lists those that are there"),
            false => format!("did you mean {}?", near.join(", ")),
        };
        format!("no worker here runs {name:?}; {hint}")
    }
}

/// Checks a job against its type and the rules for all jobs. Faults are named after `prefix`, the
/// job's place in a list.
///
/// # Errors
/// [`Error::Invalid`] with every wrong field.
pub fn prepare(shared: &Shared, mut job: NewJob, prefix: &str) -> Result<Prepared, Error> {
    let secrets = &shared.options.secrets;
    let faults = match secrets.uncover(&job) {
        Ok(args) => {
            job.args = args;
            shared.known_types().faults(&job)
        }
        Err(fault) => vec![fault],
    };
    if !faults.is_empty() {
        let fault = |(field, message)| FieldFault::new(format!("{prefix}{field}"), message);
        return Err(Error::Invalid(faults.into_iter().map(fault).collect()));
    }
    if job.target_id.is_none() {
        job.target_id = shared.types.get(&job.job_type).and_then(|known| known.worker.target(&job.args));
    }
    job.args = secrets.seal(&job.job_type, &job.args)?;
    if let Some(context) = telemetry::current() {
        job = job.trace(&context);
    }
    let max_retries = shared.type_options(&job.job_type).max_retries;
    Ok(Prepared::new(job, max_retries))
}

/// Checks jobs of a list, each as [`prepare`] does.
///
/// # Errors
/// [`Error::Invalid`] with every wrong field of all of them.
pub fn prepare_all(shared: &Shared, jobs: Vec<NewJob>) -> Result<Vec<Prepared>, Error> {
    let mut prepared = Vec::with_capacity(jobs.len());
    let mut faults = Vec::new();
    for (i, job) in jobs.into_iter().enumerate() {
        match prepare(shared, job, &format!("jobs[{i}].")) {
            Ok(job) => prepared.push(job),
            Err(Error::Invalid(more)) => faults.extend(more),
            Err(other) => return Err(other),
        }
    }
    if faults.is_empty() { Ok(prepared) } else { Err(Error::Invalid(faults)) }
}

impl Shared {
    /// The job types that jobs may have here.
    #[must_use]
    pub fn known_types(&self) -> KnownTypes<'_> {
        KnownTypes { types: &self.types, any: self.options.accept_unknown_job_types }
    }
}
