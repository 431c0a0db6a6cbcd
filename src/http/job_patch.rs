//! Changes to a job that waits, from the fields of a body.

use super::fields::Fields;
use super::given::Given;
use super::new_job;
use crate::domain::JobPatch;

/// Reads the changes. Null clears `run_at` (it may run now) and `timeout_secs` (no limit), and is a
/// fault elsewhere. Faults stay in `fields`.
pub(crate) fn read(fields: &mut Fields<'_>) -> JobPatch {
    let patch = JobPatch {
        priority: new_job::priority(fields),
        run_at: fields.nullable("run_at", Given::time),
        args: fields.read("args", Given::json),
        max_retries: new_job::max_retries(fields),
        timeout_secs: fields.nullable("timeout_secs", Given::number),
        tags: new_job::tags(fields),
        metadata: fields.read("metadata", Given::json),
        queue: fields.read("queue", new_job::text),
    };
    fields.faults(patch.faults());
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Json, Timestamp};

    fn parse(text: &str) -> Result<JobPatch, Vec<String>> {
        let mut fields = Fields::of_object(text).unwrap();
        let patch = read(&mut fields);
        match fields.finish() {
            Ok(()) => Ok(patch),
            Err(faults) => Err(faults.into_iter().map(|f| f.field).collect()),
        }
    }

    #[test]
    fn tells_left_out_from_cleared() {
        assert_eq!(parse("{}"), Ok(JobPatch::default()));
        let cleared = JobPatch { run_at: Some(None), timeout_secs: Some(None), ..JobPatch::default() };
        assert_eq!(parse(r#"{"run_at":null,"timeout_secs":null}"#), Ok(cleared));
        let set = JobPatch {
            priority: Some(1),
            run_at: Some(Some(Timestamp::MIN)),
            args: Some(Json::checked("[1]").unwrap()),
            tags: Some(vec![]),
            queue: Some("q".into()),
            ..JobPatch::default()
        };
        let body = r#"{"priority":1,"run_at":"1970-01-01T00:00:00Z","args":[1],"tags":[],"queue":"q"}"#;
        assert_eq!(parse(body), Ok(set));
    }

    #[test]
    fn names_what_is_wrong() {
        for (body, field) in [
            (r#"{"priority":null}"#, "priority"),
            (r#"{"args":null}"#, "args"),
            (r#"{"args":"x"}"#, "args"),
            (r#"{"max_retries":null}"#, "max_retries"),
            (r#"{"tags":null}"#, "tags"),
            (r#"{"metadata":null}"#, "metadata"),
            (r#"{"queue":""}"#, "queue"),
            (r#"{"timeout_secs":-1}"#, "timeout_secs"),
            (r#"{"state":"pending"}"#, "state"),
            (r#"{"job_type":"other"}"#, "job_type"),
        ] {
            assert_eq!(parse(body), Err(vec![field.into()]), "{body}");
        }
    }
}
