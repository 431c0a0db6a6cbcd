//! Which jobs a list, a bulk action or a stream of events is about.

use std::str::FromStr;

use super::{Job, State, Timestamp};

/// Any of the values of one field; all of the fields. An empty list lets everything pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobFilter {
    /// States.
    pub state: Vec<State>,
    /// Job types.
    pub job_type: Vec<String>,
    /// Queues.
    pub queue: Vec<String>,
    /// Tags; a job passes that has any of them.
    pub tag: Vec<String>,
    /// Targets.
    pub target_id: Vec<String>,
    /// Parents.
    pub parent_job_id: Vec<i64>,
    /// Workflows.
    pub workflow_id: Vec<i64>,
    /// Keys.
    pub key: Vec<String>,
    /// Ids (bulk actions).
    pub id: Vec<i64>,
    /// Made after this moment.
    pub created_after: Option<Timestamp>,
    /// Made before this moment.
    pub created_before: Option<Timestamp>,
    /// A text in args, `target_id` or error.
    pub q: Option<String>,
}

impl JobFilter {
    /// Whether it lets every job pass.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether these jobs can be listed in an order at a cost that does not grow with what is done: by
    /// priority only what is unfinished is sorted, and that is found by state, job type and queue.
    ///
    /// # Errors
    /// A sentence that says what to name or to leave out.
    pub fn check_order(&self, order: Order) -> Result<(), &'static str> {
        if order != Order::Priority {
            return Ok(());
        }
        if self.state.is_empty() || self.state.iter().any(|state| state.is_final()) {
            return Err(
                "by priority needs state, with unfinished states only: scheduled, blocked, pending, \
                        running, retrying",
            );
        }
        let Self { state, job_type, queue, q, .. } = self.clone();
        match (Self { state, job_type, queue, q, ..Self::default() } == *self) {
            true => Ok(()),
            false => Err("by priority takes no filter but state, job_type, queue and q"),
        }
    }

    /// Whether a job passes; `with_state` false leaves the state out, as streams of events do for
    /// frames other than state frames.
    #[must_use]
    pub fn passes(&self, job: &Job, with_state: bool) -> bool {
        fn any<T: PartialEq>(wanted: &[T], got: Option<&T>) -> bool {
            wanted.is_empty() || got.is_some_and(|g| wanted.contains(g))
        }
        (!with_state || any(&self.state, Some(&job.state)))
            && any(&self.job_type, Some(&job.job_type))
            && any(&self.queue, Some(&job.queue))
            && (self.tag.is_empty() || job.tags.iter().any(|t| self.tag.contains(t)))
            && any(&self.target_id, job.target_id.as_ref())
            && any(&self.parent_job_id, job.parent_job_id.as_ref())
            && any(&self.workflow_id, job.workflow_id.as_ref())
            && any(&self.key, job.key.as_ref())
            && any(&self.id, Some(&job.id))
            && self.created_after.is_none_or(|t| job.created_at > t)
            && self.created_before.is_none_or(|t| job.created_at < t)
            && self.q.as_ref().is_none_or(|q| {
                job.args.as_str().contains(q.as_str())
                    || job.target_id.as_ref().is_some_and(|t| t.contains(q.as_str()))
                    || job.error.as_ref().is_some_and(|e| e.contains(q.as_str()))
            })
    }
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Highest id first.
    #[default]
    Newest,
    /// Lowest id first.
    Oldest,
    /// By priority, then lowest id first: the order in which pending jobs start.
    Priority,
}

impl FromStr for Order {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "newest" => Ok(Self::Newest),
            "oldest" => Ok(Self::Oldest),
            "priority" => Ok(Self::Priority),
            _ => Err(format!("{s:?} is not one of newest, oldest, priority")),
        }
    }
}
