//! The job that is made when a workflow is over, as it is kept until then.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Backoff, Json, NewJob, Unique, WorkflowInfo};

/// What of a job can be said for a callback. It is never the same as another job: each end of a
/// workflow makes one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Callback {
    job_type: String,
    args: Json,
    queue: String,
    target_id: Option<String>,
    priority: u8,
    max_retries: u32,
    /// 0: none; `None`: the job type's.
    timeout_secs: Option<f64>,
    tags: Vec<String>,
    metadata: BTreeMap<String, Json>,
    backoff: Option<Backoff>,
}

impl Callback {
    /// Keeps a job. `max_retries` is the job type's.
    #[must_use]
    pub fn of(job: &NewJob, max_retries: u32) -> Self {
        Self {
            job_type: job.job_type.clone(),
            args: job.args.clone(),
            queue: job.queue.clone(),
            target_id: job.target_id.clone(),
            priority: job.priority,
            max_retries: job.max_retries.unwrap_or(max_retries),
            timeout_secs: job.timeout_secs.map(|given| given.unwrap_or(0.0)),
            tags: job.tags.clone(),
            metadata: job.metadata.parse().unwrap_or_default(),
            backoff: job.backoff,
        }
    }

    /// The job, told in its metadata how the workflow ended.
    #[must_use]
    pub fn job(self, of: &WorkflowInfo) -> NewJob {
        #[derive(Serialize)]
        struct About<'a> {
            id: i64,
            name: &'a Option<String>,
            state: super::State,
            counts: &'a super::status::Counts,
        }
        let about = About { id: of.id, name: &of.name, state: of.state, counts: &of.counts };
        self.told("workflow", &about)
    }

    /// The job, told something by name in its metadata.
    #[must_use]
    pub fn told(mut self, name: &str, about: &impl Serialize) -> NewJob {
        self.metadata.extend(Json::of(about).map(|about| (name.to_owned(), about)));
        let plain = NewJob::new(self.job_type);
        NewJob {
            args: self.args,
            queue: self.queue,
            target_id: self.target_id,
            priority: self.priority,
            max_retries: Some(self.max_retries),
            timeout_secs: self.timeout_secs.map(|secs| (secs > 0.0).then_some(secs)),
            tags: self.tags,
            metadata: Json::of(&self.metadata).unwrap_or(plain.metadata),
            unique: Some(Unique::Plain(false)),
            backoff: self.backoff,
            ..plain
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{State, Timestamp, status::no_counts};

    #[test]
    fn it_is_kept_as_it_was_given_and_told_of_the_end() {
        let mut job = NewJob::new("tell").priority(1).target_id("x");
        job.args = Json::checked("[12345678901234567890123]").unwrap();
        job.metadata = Json::checked(r#"{"a":1.50}"#).unwrap();
        job.timeout_secs = Some(None);
        let kept = serde_json::to_string(&Callback::of(&job, 7)).unwrap();
        let callback: Callback = serde_json::from_str(&kept).unwrap();
        let info = WorkflowInfo {
            id: 3,
            name: Some("w".into()),
            state: State::Failed,
            counts: no_counts(),
            cancel_requested_at: None,
            parent_job_id: None,
            callback_job_id: None,
            created_at: Timestamp::MIN,
            completed_at: None,
        };
        let made = callback.job(&info);
        assert_eq!((made.args.as_str(), made.max_retries), (job.args.as_str(), Some(7)));
        assert_eq!((made.timeout_secs, made.unique), (Some(None), Some(Unique::Plain(false))));
        assert_eq!(made.metadata.at_path("a").unwrap().as_str(), "1.50");
        assert_eq!(made.metadata.at_path("workflow.state").unwrap().as_str(), "\"failed\"");
    }
}
