//! The query of a live endpoint.

use std::str::FromStr;

use url::form_urlencoded;

use crate::domain::JobFilter;
use crate::error::{Error, FieldFault};

/// What a client wants to watch.
#[derive(Debug, Default, PartialEq)]
pub(super) struct LiveQuery {
    pub filter: JobFilter,
    pub logs: bool,
    pub last_event_id: Option<u64>,
}

/// Which parameters an endpoint takes beside `logs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Takes {
    /// The filters of the list of jobs.
    pub filters: bool,
    /// `last_event_id`.
    pub resume: bool,
}

/// Reads a query string.
///
/// # Errors
/// [`Error::Invalid`] with all that is wrong.
pub(super) fn read(query: &str, takes: Takes) -> Result<LiveQuery, Error> {
    let mut read = LiveQuery::default();
    let mut faults = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if let Err(message) = read.set(&name, &value, takes) {
            faults.push(FieldFault::new(name, message));
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(Error::Invalid(faults)) }
}

impl LiveQuery {
    fn set(&mut self, name: &str, value: &str, takes: Takes) -> Result<(), String> {
        if value.contains('\0') {
            return Err("must not contain NUL".to_owned());
        }
        match name {
            "logs" => self.logs = yes_or_no(value)?,
            "last_event_id" if takes.resume => self.last_event_id = Some(number(value)?),
            _ if takes.filters => self.set_filter(name, value)?,
            _ => return Err("is not a query parameter of this endpoint".to_owned()),
        }
        Ok(())
    }

    fn set_filter(&mut self, name: &str, value: &str) -> Result<(), String> {
        let filter = &mut self.filter;
        match name {
            "state" => filter.state.push(value.parse()?),
            "job_type" => filter.job_type.push(value.to_owned()),
            "queue" => filter.queue.push(value.to_owned()),
            "tag" => filter.tag.push(value.to_owned()),
            "target_id" => filter.target_id.push(value.to_owned()),
            "parent_job_id" => filter.parent_job_id.push(number(value)?),
            "workflow_id" => filter.workflow_id.push(number(value)?),
            "key" => filter.key.push(value.to_owned()),
            "created_after" => filter.created_after = Some(value.parse()?),
            "created_before" => filter.created_before = Some(value.parse()?),
            "q" => filter.q = Some(value.to_owned()),
            _ => return Err("is not a query parameter of this endpoint".to_owned()),
        }
        Ok(())
    }
}

fn number<T: FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{value:?} is not a whole number"))
}

fn yes_or_no(value: &str) -> Result<bool, String> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(format!("{value:?} is neither true nor false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::State;

    const ALL: Takes = Takes { filters: true, resume: true };

    #[test]
    fn reads_filters_that_repeat() {
        let query = read("state=failed&state=running&tag=a%20b&parent_job_id=7&logs=true", ALL).unwrap();
        assert_eq!(query.filter.state, [State::Failed, State::Running]);
        assert_eq!(query.filter.tag, ["a b"]);
        assert_eq!(query.filter.parent_job_id, [7]);
        assert!(query.logs);
    }

    #[test]
    fn names_all_that_is_wrong() {
        let fields = |query, takes| match read(query, takes) {
            Err(Error::Invalid(faults)) => faults.into_iter().map(|f| f.field).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(fields("state=gone&q=%00&colour=red&logs=maybe", ALL), ["state", "q", "colour", "logs"]);
        let none = Takes { filters: false, resume: false };
        assert_eq!(fields("state=failed&last_event_id=1&logs=1", none), ["state", "last_event_id"]);
    }
}
