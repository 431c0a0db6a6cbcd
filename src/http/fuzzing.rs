//! What is fuzzed here: see `fuzz/`.

use super::fields::Fields;
use super::new_job::{self, Usual};
use super::query;
use crate::domain::{Backoff, Json, NewJob, Timestamp};

struct Epoch;

impl Usual for Epoch {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }

    fn backoff(&self, _: &str) -> Backoff {
        Backoff::default()
    }
}

/// Reads bytes as the body of a new job, and as the query of one.
///
/// # Panics
/// When a job is taken with which something is wrong.
pub fn new_job(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(mut fields) = Fields::of_object(text) {
        let job = new_job::whole(&mut fields, &Epoch);
        look(fields, &job);
    }
    if let Ok(mut fields) = query::fields(text) {
        let job = new_job::around(&mut fields, "t".into(), Json::empty_object(), &Epoch);
        look(fields, &job);
    }
}

fn look(fields: Fields<'_>, job: &NewJob) {
    if fields.finish().is_ok() {
        assert_eq!(job.faults(), vec![], "{job:?}");
    }
}
