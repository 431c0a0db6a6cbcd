//! Looks at new jobs before they go to the store.

use super::shared::Shared;
use crate::domain::NewJob;
use crate::domain::nearest::nearest;
use crate::error::{Error, FieldFault};
use crate::store::verbs::enqueue::Prepared;

/// Checks a job against its type and the rules for all jobs. Faults are named after `prefix`, the
/// job's place in a list.
///
/// # Errors
/// [`Error::Invalid`] with every wrong field.
pub fn prepare(shared: &Shared, mut job: NewJob, prefix: &str) -> Result<Prepared, Error> {
    let mut faults = job.faults();
    if faults.is_empty() {
        match shared.types.get(&job.job_type) {
            Some(known) => {
                faults.extend(known.worker.check_args(&job.args));
                if job.target_id.is_none() && faults.is_empty() {
                    job.target_id = known.worker.target(&job.args);
                }
            }
            None if shared.options.accept_unknown_job_types => {}
            None => faults.push(("job_type".into(), unknown_type(shared, &job.job_type))),
        }
    }
    if !faults.is_empty() {
        let fault = |(field, message)| FieldFault::new(format!("{prefix}{field}"), message);
        return Err(Error::Invalid(faults.into_iter().map(fault).collect()));
    }
    let max_retries = shared.type_options(&job.job_type).max_retries;
    Ok(Prepared::new(job, max_retries))
}

fn unknown_type(shared: &Shared, name: &str) -> String {
    let near = nearest(name, shared.types.keys().map(String::as_str));
    let hint = match near.is_empty() {
        true => String::from("GET /api/job-types lists those that are there"),
        false => format!("did you mean {}?", near.join(", ")),
    };
    format!("no worker here runs {name:?}; {hint}")
}
