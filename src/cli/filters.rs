//! Options that say which jobs are meant; the same as the HTTP API's.

use crate::domain::Timestamp;

use super::remote::Query;
use super::values;

/// Which jobs. An option given several times means any of its values; different options must all
/// hold.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Which jobs")]
pub(super) struct Filters {
    /// Job type
    #[arg(long, visible_alias = "type", value_name = "TYPE")]
    job_type: Vec<String>,
    /// Queue
    #[arg(long)]
    queue: Vec<String>,
    /// Tag
    #[arg(long)]
    tag: Vec<String>,
    /// What the job works on
    #[arg(long, value_name = "TARGET")]
    target_id: Vec<String>,
    /// The job that made it
    #[arg(long, visible_alias = "parent", value_name = "ID")]
    parent_job_id: Vec<i64>,
    /// The workflow it belongs to
    #[arg(long, visible_alias = "workflow", value_name = "ID")]
    workflow_id: Vec<i64>,
    /// The caller's own id
    #[arg(long)]
    key: Vec<String>,
    /// Enqueued after this time, such as 2030-01-02T03:04:05Z
    #[arg(long, value_name = "TIME")]
    created_after: Option<Timestamp>,
    /// Enqueued before this time
    #[arg(long, value_name = "TIME")]
    created_before: Option<Timestamp>,
    /// Text in args, target or error
    #[arg(short, long = "q", visible_alias = "search", value_name = "TEXT")]
    q: Option<String>,
}

impl Filters {
    /// As parameters of a call.
    pub(super) fn query(self) -> Query {
        let mut query = Query::new();
        let numbers = |ids: Vec<i64>| ids.iter().map(i64::to_string).collect::<Vec<_>>();
        let lists = [
            ("job_type", self.job_type),
            ("queue", self.queue),
            ("tag", self.tag),
            ("target_id", self.target_id),
            ("parent_job_id", numbers(self.parent_job_id)),
            ("workflow_id", numbers(self.workflow_id)),
            ("key", self.key),
        ];
        for (name, values) in lists {
            query.extend(values.into_iter().map(|value| (name, value)));
        }
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let singles = [
            ("created_after", time(self.created_after)),
            ("created_before", time(self.created_before)),
            ("q", self.q),
        ];
        query.extend(singles.into_iter().filter_map(|(name, value)| Some((name, value?))));
        query
    }
}

/// Which jobs, by state too.
#[derive(Debug, clap::Args)]
pub(super) struct StateFilters {
    /// State
    #[arg(long, value_parser = values::states(), help_heading = "Which jobs")]
    state: Vec<String>,
    #[command(flatten)]
    others: Filters,
}

impl StateFilters {
    /// As parameters of a call.
    pub(super) fn query(self) -> Query {
        let states = self.state.into_iter().map(|state| ("state", state));
        states.chain(self.others.query()).collect()
    }
}
