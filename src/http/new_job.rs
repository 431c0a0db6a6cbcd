//! A new job, from the fields of a body or the parameters of a query.

use std::borrow::Cow;
use std::time::Duration;

use super::fields::Fields;
use super::given::Given;
use crate::domain::ident::{MAX_DEPENDS_ON, MAX_TAGS, check_tags};
use crate::domain::lifecycle::State;
use crate::domain::unique::UniqueRule;
use crate::domain::{Backoff, Json, NewJob, Timestamp, Unique};
use crate::runtime::Callboard;

/// The most parts that a uniqueness rule may look at.
const MAX_UNIQUE_BY: usize = 20;

/// What is to be known besides what the caller says.
pub(crate) trait Usual {
    /// The present moment, from which a delay counts.
    fn now(&self) -> Timestamp;

    /// The delays between tries of a job type.
    fn backoff(&self, job_type: &str) -> Backoff;
}

impl Usual for Callboard {
    fn now(&self) -> Timestamp {
        self.clock().now()
    }

    fn backoff(&self, job_type: &str) -> Backoff {
        Self::backoff(self, job_type)
    }
}

/// Reads a whole job. Faults stay in `fields`; the job is worth something only without any.
pub(crate) fn whole(fields: &mut Fields<'_>, usual: &impl Usual) -> NewJob {
    let job_type = fields.needed("job_type", text);
    let args = fields.read("args", Given::json);
    around(fields, job_type.unwrap_or_default(), args.unwrap_or_else(Json::empty_object), usual)
}

/// Reads the fields around a job type and args that came another way.
pub(crate) fn around(fields: &mut Fields<'_>, job_type: String, args: Json, usual: &impl Usual) -> NewJob {
    let backoff = backoff(fields, || usual.backoff(&job_type));
    let plain = NewJob::new(job_type);
    let job = NewJob {
        args,
        key: fields.text("key"),
        queue: fields.read("queue", text).unwrap_or(plain.queue),
        target_id: fields.text("target_id"),
        priority: priority(fields).unwrap_or(plain.priority),
        max_retries: max_retries(fields),
        timeout_secs: fields.nullable("timeout_secs", Given::number),
        run_at: start(fields, usual),
        parent_job_id: fields.nullable("parent_job_id", Given::id).flatten(),
        depends_on: fields.list("depends_on", MAX_DEPENDS_ON, Given::id).unwrap_or_default(),
        on_parent_failure: fields.nullable("on_parent_failure", Given::word).flatten().unwrap_or_default(),
        tags: tags(fields).unwrap_or_default(),
        metadata: fields.read("metadata", Given::json).unwrap_or(plain.metadata),
        unique: unique(fields),
        backoff,
        ..plain
    };
    fields.faults(job.faults());
    job
}

/// A text that is kept.
pub(super) fn text(given: &Given<'_>) -> Result<String, String> {
    given.text().map(Cow::into_owned)
}

/// `priority`, if given.
pub(super) fn priority(fields: &mut Fields<'_>) -> Option<u8> {
    fields.read("priority", |g| g.integer(1..=10)).and_then(|n| n.try_into().ok())
}

/// `max_retries`, if given.
pub(super) fn max_retries(fields: &mut Fields<'_>) -> Option<u32> {
    fields.read("max_retries", |g| g.integer(0..=1000)).and_then(|n| n.try_into().ok())
}

/// `tags`, if given. In a query each is a parameter `tag` of its own.
pub(super) fn tags(fields: &mut Fields<'_>) -> Option<Vec<String>> {
    let name = if fields.is_query() { "tag" } else { "tags" };
    let tags = fields.list(name, MAX_TAGS, text)?;
    check_tags(&tags).map_err(|message| fields.fault(name, message)).ok()?;
    Some(tags)
}

/// `run_at` or `delay_secs`, whichever was given. A past time is kept: it means now.
fn start(fields: &mut Fields<'_>, usual: &impl Usual) -> Option<Timestamp> {
    let both = fields.has("run_at") && fields.has("delay_secs");
    let run_at = fields.nullable("run_at", Given::time).flatten();
    let delay = fields.nullable("delay_secs", delay).flatten();
    if both && run_at.is_some() && delay.is_some() {
        fields.fault("delay_secs", "cannot be given together with run_at");
    }
    let Some(delay) = delay else { return run_at };
    let at = usual.now().plus(delay);
    if at == Timestamp::MAX {
        fields.fault("delay_secs", "leads beyond the year 9999");
    }
    Some(at)
}

fn delay(given: &Given<'_>) -> Result<Duration, String> {
    Duration::try_from_secs_f64(given.number()?)
        .map_err(|_| format!("must be a number of seconds from 0, got {}", given.shown()))
}

fn unique(fields: &mut Fields<'_>) -> Option<Unique> {
    match fields.peek("unique") {
        Some("true" | "false") => fields.read("unique", Given::flag).map(Unique::Plain),
        // Also when it is not given: then it is a name that is known.
        _ => fields.table("unique", unique_rule).flatten().map(Unique::Rule),
    }
}

fn unique_rule(fields: &mut Fields<'_>) -> UniqueRule {
    UniqueRule {
        by: fields.list("by", MAX_UNIQUE_BY, text).unwrap_or_default(),
        while_in: fields.list("while", State::ALL.len(), Given::word),
        for_secs: fields.nullable("for_secs", Given::number).flatten(),
        on_conflict: fields.read("on_conflict", Given::word).unwrap_or_default(),
    }
}

/// A backoff; a part that is left out is the job type's.
fn backoff(fields: &mut Fields<'_>, usual: impl FnOnce() -> Backoff) -> Option<Backoff> {
    fields
        .table("backoff", |inner| {
            let usual = usual();
            Backoff {
                base_delay_secs: inner
                    .read("base_delay_secs", Given::number)
                    .unwrap_or(usual.base_delay_secs),
                multiplier: inner.read("multiplier", Given::number).unwrap_or(usual.multiplier),
                max_delay_secs: inner.read("max_delay_secs", Given::number).unwrap_or(usual.max_delay_secs),
                jitter: inner.read("jitter", Given::number).unwrap_or(usual.jitter),
            }
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{OnConflict, OnParentFailure};
    use crate::http::query;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::MIN;

    /// All job types wait for a minute at most, but `slow` for a day.
    struct Noon;

    impl Usual for Noon {
        fn now(&self) -> Timestamp {
            NOW.plus(Duration::from_secs(1000))
        }

        fn backoff(&self, job_type: &str) -> Backoff {
            let max_delay_secs = if job_type == "slow" { 86_400.0 } else { 60.0 };
            Backoff { max_delay_secs, ..Backoff::default() }
        }
    }

    fn from_body(text: &str) -> Result<NewJob, Vec<String>> {
        let mut fields = Fields::of_object(text).unwrap();
        let job = whole(&mut fields, &Noon);
        names(fields.finish()).map(|()| job)
    }

    fn from_query(text: &str) -> Result<NewJob, Vec<String>> {
        let mut fields = query::fields(text).unwrap();
        let job = around(&mut fields, "t".into(), Json::empty_object(), &Noon);
        names(fields.finish()).map(|()| job)
    }

    fn names(done: Result<(), Vec<crate::error::FieldFault>>) -> Result<(), Vec<String>> {
        done.map_err(|faults| faults.into_iter().map(|f| f.field).collect())
    }

    #[test]
    fn everything_that_can_be_said_is_kept() {
        let job = from_body(
            r#"{"job_type":"t","args":{"n":12345678901234567890123},"key":"k","queue":"q","target_id":"v",
            "priority":2,"max_retries":0,"timeout_secs":null,"run_at":"2030-01-02T03:04:05Z","parent_job_id":3,
            "depends_on":[1,2],"on_parent_failure":"run","tags":["a","b"],"metadata":{"m":1},
            "unique":{"by":["args.x"],"while":["pending"],"for_secs":1.5,"on_conflict":"refuse"},
            "backoff":{"jitter":0}}"#,
        )
        .unwrap();
        assert_eq!(job.args.as_str(), r#"{"n":12345678901234567890123}"#);
        assert_eq!((job.key.as_deref(), job.queue.as_str()), (Some("k"), "q"));
        assert_eq!((job.target_id.as_deref(), job.priority), (Some("v"), 2));
        assert_eq!((job.max_retries, job.timeout_secs), (Some(0), Some(None)));
        assert_eq!(job.run_at.unwrap().to_string(), "2030-01-02T03:04:05.000Z");
        assert_eq!((job.parent_job_id, job.depends_on), (Some(3), vec![1, 2]));
        assert_eq!((job.on_parent_failure, job.tags), (OnParentFailure::Run, vec!["a".into(), "b".into()]));
        assert_eq!(job.metadata.as_str(), r#"{"m":1}"#);
        let Some(Unique::Rule(rule)) = job.unique else { panic!("{:?}", job.unique) };
        assert_eq!((rule.by, rule.while_in), (vec!["args.x".into()], Some(vec![State::Pending])));
        assert_eq!((rule.for_secs, rule.on_conflict), (Some(1.5), OnConflict::Refuse));
        assert_eq!(job.backoff, Some(Backoff { jitter: 0.0, ..Noon.backoff("t") }));
    }

    #[test]
    fn a_query_says_the_same() {
        let job = from_query(
            "key=null&tag=a&tag=b+c&depends_on=1&depends_on=2&unique=true&priority=1&timeout_secs=null\
             &backoff=%7B%22jitter%22:0%7D&metadata=%7B%7D&delay_secs=0.5",
        )
        .unwrap();
        assert_eq!((job.key.as_deref(), job.timeout_secs), (Some("null"), Some(None)));
        assert_eq!((job.tags, job.depends_on), (vec!["a".into(), "b c".into()], vec![1, 2]));
        assert_eq!((job.unique, job.priority), (Some(Unique::Plain(true)), 1));
        assert_eq!(job.run_at, Some(NOW.plus(Duration::from_millis(1_000_500))));
    }

    #[test]
    fn the_rest_of_a_backoff_is_its_job_types() {
        let job = from_body(r#"{"backoff":{"multiplier":3},"job_type":"slow"}"#).unwrap();
        assert_eq!(job.backoff, Some(Backoff { multiplier: 3.0, ..Noon.backoff("slow") }));
        assert_eq!(from_body(r#"{"job_type":"slow"}"#).unwrap().backoff, None);
    }

    #[test]
    fn what_is_left_out_or_null_is_as_if_unsaid() {
        let said = from_body(
            r#"{"job_type":"t","key":null,"target_id":null,"run_at":null,"delay_secs":null,
            "parent_job_id":null,"on_parent_failure":null,"unique":null,"backoff":null}"#,
        );
        assert_eq!(said, Ok(NewJob::new("t")));
        assert_eq!(from_query(""), Ok(NewJob::new("t")));
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn each_wrong_field_is_named() {
        for (field, value) in [
            ("args", "5"),
            ("args", "null"),
            ("args", r#"{"a":"\u0000"}"#),
            ("args", r#"{"a":"\ud800"}"#),
            ("args", r#"{"a":1e400}"#),
            ("args", &("[".repeat(101) + &"]".repeat(101))),
            ("args", &("[".repeat(100_000) + &"]".repeat(100_000))),
            ("args", &format!("[\"{}\"]", "x".repeat(1024 * 1024))),
            ("key", "5"),
            ("key", "\"\""),
            ("key", "\"a\\u0000\""),
            ("queue", "null"),
            ("queue", "\"a b\""),
            ("target_id", "{}"),
            ("priority", "0"),
            ("priority", "11"),
            ("priority", "1e400"),
            ("priority", "\"1\""),
            ("priority", "null"),
            ("max_retries", "-1"),
            ("max_retries", "1001"),
            ("max_retries", "99999999999999999999"),
            ("timeout_secs", "0"),
            ("timeout_secs", "-1"),
            ("timeout_secs", "1e400"),
            ("timeout_secs", "\"5\""),
            ("run_at", "5"),
            ("run_at", "\"2030-02-30T00:00:00Z\""),
            ("run_at", "\"10000-01-01T00:00:00Z\""),
            ("run_at", "\"tomorrow\""),
            ("delay_secs", "-1"),
            ("delay_secs", "1e300"),
            ("delay_secs", "1e12"),
            ("parent_job_id", "1.5"),
            ("parent_job_id", "9223372036854775808"),
            ("depends_on", "1"),
            ("depends_on", "null"),
            ("depends_on[1]", "[1,\"2\"]"),
            ("on_parent_failure", "\"explode\""),
            ("tags", "\"a\""),
            ("tags[0]", "[5]"),
            ("tags", "[\"\"]"),
            ("metadata", "[]"),
            ("metadata", &format!("{{\"m\":\"{}\"}}", "x".repeat(65_536))),
            ("unique", "5"),
            ("unique.by", r#"{"by":["nothing"]}"#),
            ("unique.while[0]", r#"{"while":["asleep"]}"#),
            ("unique.while", r#"{"while":[]}"#),
            ("unique.for_secs", r#"{"for_secs":0}"#),
            ("unique.on_conflict", r#"{"on_conflict":"shout"}"#),
            ("unique.extra", r#"{"extra":1}"#),
            ("backoff", "[]"),
            ("backoff.jitter", r#"{"jitter":2}"#),
            ("backoff.base_delay_secs", r#"{"base_delay_secs":"1"}"#),
            ("backoff.jitter", r#"{"jitter":0,"jitter":1}"#),
        ] {
            let name = field.split(['.', '[']).next().unwrap();
            let shown: String = value.chars().take(50).collect();
            let body = format!(r#"{{"job_type":"t","{name}":{value}}}"#);
            assert_eq!(from_body(&body), Err(vec![field.to_owned()]), "{field} {shown}");
        }
        for bad in ["{}", r#"{"job_type":null}"#, r#"{"job_type":""}"#, r#"{"job_type":"bulk"}"#] {
            assert_eq!(from_body(bad), Err(vec!["job_type".into()]), "{bad}");
        }
    }

    #[test]
    fn all_wrong_fields_are_named_at_once() {
        let body = r#"{"job_type":"a b","priority":11,"tags":[1],"run_at":"2030-01-01T00:00:00Z",
            "delay_secs":1,"colour":"red"}"#;
        let mut found = from_body(body).unwrap_err();
        found.sort();
        assert_eq!(found, ["colour", "delay_secs", "job_type", "priority", "tags[0]"]);
    }

    #[test]
    fn wrong_parameters_are_named() {
        for (query, field) in [
            ("priority=x", "priority"),
            ("priority=1&priority=2", "priority"),
            ("tags=a", "tags"),
            ("tag=", "tag"),
            ("tag=%00", "tag"),
            ("args=%7B%7D", "args"),
            ("job_type=t", "job_type"),
            ("unique=maybe", "unique"),
            ("backoff=%5B", "backoff"),
            ("metadata=x", "metadata"),
            ("depends_on=99999999999999999999", "depends_on"),
            ("run_at=2030-13-01T00:00:00Z", "run_at"),
        ] {
            assert_eq!(from_query(query), Err(vec![field.to_owned()]), "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_values_are_read_or_refused(
            name in "job_type|args|key|run_at|delay_secs|tags|depends_on|unique|backoff|timeout_secs",
            value in r#"null|true|-?[0-9]{1,25}(\.[0-9]{1,5})?(e-?[0-9]{1,4})?|"[a-z\\0-9:TZ+-]{0,30}"|\[[0-9,]{0,9}\]|\{"by":.{0,9}\}"#,
        ) {
            if let Ok(mut fields) = Fields::of_object(&format!("{{\"{name}\":{value}}}")) {
                let job = whole(&mut fields, &Noon);
                if fields.finish().is_ok() {
                    prop_assert_eq!(job.faults(), vec![]);
                }
            }
        }
    }
}
