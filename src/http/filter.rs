//! Which jobs a call is about, from a query or a body.

use super::fields::Fields;
use super::given::Given;
use super::new_job;
use crate::domain::JobFilter;
use crate::domain::ident::{self, MAX_BULK};
use crate::domain::lifecycle::State;

/// The most values for one field of a filter, as each becomes a parameter of an SQL statement.
const MAX_VALUES: usize = 200;

/// The longest text that can be looked for, in characters.
const MAX_Q: usize = 1000;

/// Reads a filter. Faults stay in `fields`.
pub(crate) fn read(fields: &mut Fields<'_>) -> JobFilter {
    JobFilter {
        state: fields.any_of("state", State::ALL.len(), Given::word),
        job_type: fields.any_of("job_type", MAX_VALUES, label),
        queue: fields.any_of("queue", MAX_VALUES, label),
        tag: fields.any_of("tag", MAX_VALUES, label),
        target_id: fields.any_of("target_id", MAX_VALUES, label),
        parent_job_id: fields.any_of("parent_job_id", MAX_VALUES, Given::id),
        workflow_id: fields.any_of("workflow_id", MAX_VALUES, Given::id),
        key: fields.any_of("key", MAX_VALUES, label),
        id: Vec::new(),
        created_after: fields.read("created_after", Given::time),
        created_before: fields.read("created_before", Given::time),
        q: fields.read("q", |g| checked(g, MAX_Q)),
    }
}

/// Reads a filter for a call that changes what it finds: one that lets everything pass is taken
/// only with `all`.
pub(crate) fn read_deliberate(fields: &mut Fields<'_>) -> JobFilter {
    let filter = read(fields);
    insist(fields, &filter);
    filter
}

/// As [`read_deliberate`], for the failed jobs alone: a filter on their state says nothing.
pub(crate) fn read_deliberate_failed(fields: &mut Fields<'_>) -> JobFilter {
    let filter = read_failed(fields);
    insist(fields, &JobFilter { state: Vec::new(), ..filter.clone() });
    filter
}

/// Reads a filter on the failed jobs.
pub(crate) fn read_failed(fields: &mut Fields<'_>) -> JobFilter {
    let filter = read(fields);
    if filter.state.iter().any(|s| *s != State::Failed) {
        fields.fault("state", "can only be failed here: these are the dead letters");
    }
    JobFilter { state: vec![State::Failed], ..filter }
}

/// Reads ids that were listed one by one.
pub(crate) fn read_ids(fields: &mut Fields<'_>) -> JobFilter {
    let ids = fields.list("ids", MAX_BULK, Given::id).unwrap_or_default();
    if ids.is_empty() && !fields.is_faulty("ids") {
        fields.fault("ids", "must name at least one job");
    }
    JobFilter { id: ids, ..JobFilter::default() }
}

fn insist(fields: &mut Fields<'_>, filter: &JobFilter) {
    let all = fields.read("all", Given::flag).unwrap_or(false);
    if filter.is_empty() && !all && fields.is_done() {
        fields.fault("all", "must be true when the filter lets every job pass");
    }
}

fn label(given: &Given<'_>) -> Result<String, String> {
    checked(given, ident::MAX_KEY)
}

pub(super) fn checked(given: &Given<'_>, max: usize) -> Result<String, String> {
    let text = new_job::text(given)?;
    ident::check_text(&text, max)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::query;

    fn parse(text: &str, read: impl Fn(&mut Fields<'_>) -> JobFilter) -> Result<JobFilter, Vec<String>> {
        let fields =
            if text.starts_with('{') { Fields::of_object(text).ok() } else { query::fields(text).ok() };
        let mut fields = fields.unwrap();
        let filter = read(&mut fields);
        match fields.finish() {
            Ok(()) => Ok(filter),
            Err(faults) => Err(faults.into_iter().map(|f| f.field).collect()),
        }
    }

    #[test]
    fn a_query_and_a_body_say_the_same() {
        let a = parse(
            "state=failed&state=pending&tag=x&parent_job_id=7&q=a%20b&created_after=2030-01-01T00:00:00Z",
            read,
        );
        let b = parse(
            r#"{"state":["failed","pending"],"tag":"x","parent_job_id":[7],"q":"a b",
            "created_after":"2030-01-01T00:00:00Z"}"#,
            read,
        );
        assert_eq!(a, b);
        assert_eq!(a.unwrap().state, [State::Failed, State::Pending]);
    }

    #[test]
    fn names_what_is_wrong() {
        for (text, field) in [
            ("state=asleep", "state"),
            ("state=", "state"),
            ("queue=", "queue"),
            ("key=%00", "key"),
            ("workflow_id=x", "workflow_id"),
            ("parent_job_id=9223372036854775808", "parent_job_id"),
            ("created_before=now", "created_before"),
            ("q=a&q=b", "q"),
            ("stat=failed", "stat"),
            (r#"{"state":[5]}"#, "state[0]"),
            (r#"{"state":null}"#, "state"),
            (r#"{"tag":[]}"#, "tag"),
            (r#"{"created_after":null}"#, "created_after"),
        ] {
            assert_eq!(parse(text, read), Err(vec![field.to_owned()]), "{text}");
        }
        let many = "key=x&".repeat(MAX_VALUES + 1);
        assert_eq!(parse(&many, read), Err(vec!["key".into()]));
    }

    #[test]
    fn everything_must_be_meant() {
        for refused in ["{}", r#"{"all":false}"#, "all=0", ""] {
            assert_eq!(parse(refused, read_deliberate), Err(vec!["all".into()]), "{refused}");
        }
        for all in [r#"{"all":true}"#, "all=true"] {
            assert_eq!(parse(all, read_deliberate), Ok(JobFilter::default()), "{all}");
        }
        assert!(parse("queue=a", read_deliberate).is_ok());
    }

    #[test]
    fn dead_letters_are_the_failed_jobs() {
        assert_eq!(parse("", read_failed).unwrap().state, [State::Failed]);
        assert_eq!(parse("state=completed", read_failed), Err(vec!["state".into()]));
        assert_eq!(parse("state=failed", read_deliberate_failed), Err(vec!["all".into()]));
        assert_eq!(parse("all=true", read_deliberate_failed).unwrap().state, [State::Failed]);
        assert_eq!(parse("queue=q", read_deliberate_failed).unwrap().queue, ["q"]);
    }

    #[test]
    fn ids_are_never_none() {
        assert_eq!(parse(r#"{"ids":[1,2]}"#, read_ids).unwrap().id, [1, 2]);
        for (bad, field) in [("{}", "ids"), (r#"{"ids":[]}"#, "ids"), (r#"{"ids":["1"]}"#, "ids[0]")] {
            assert_eq!(parse(bad, read_ids), Err(vec![field.into()]), "{bad}");
        }
    }
}
