//! A job as the protocol writes it, and what it is here.

use serde::{Deserialize, Serialize};

use crate::domain::foreign;
use crate::domain::remote::{DEFAULT_RETRY, RESERVED, RemoteExtra, RemoteFailure};
use crate::domain::unique::UniqueRule;
use crate::domain::{Job, Json, NewJob, OnConflict, State, Timestamp, Unique};
use crate::runtime::callboard::RemoteNew;

/// The least length of an id, in bytes.
const MIN_JID: usize = 8;
/// The most retries that are kept count of.
const MAX_RETRIES: i64 = 1000;
/// A name that needs no queue to be given.
const DEFAULT_QUEUE: &str = "default";

/// A job as a client writes it. Fields that are not here are taken and left.
#[derive(Debug, Deserialize)]
pub(super) struct Pushed {
    pub(super) jid: Option<String>,
    jobtype: Option<String>,
    args: Option<Json>,
    queue: Option<String>,
    at: Option<String>,
    reserve_for: Option<i64>,
    retry: Option<i64>,
    backtrace: Option<i64>,
    created_at: Option<String>,
    custom: Option<Json>,
}

/// What clients may say of a job in `custom`, and the server acts on.
#[derive(Debug, Default, Deserialize)]
struct Custom {
    unique_for: Option<f64>,
    unique_until: Option<String>,
    bid: Option<String>,
}

impl Pushed {
    /// Reads one job; the message says what is wrong with its JSON.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if !text.trim_start().starts_with('{') {
            return Err("invalid JSON: a job is an object".into());
        }
        let pushed: Self = serde_json::from_str(text).map_err(|e| format!("invalid JSON: {e}"))?;
        if pushed.args.as_ref().is_some_and(|args| !args.is_array() && args.as_str() != "null") {
            return Err("invalid JSON: args is an array".into());
        }
        if pushed.custom.as_ref().is_some_and(|custom| !custom.is_object() && custom.as_str() != "null") {
            return Err("invalid JSON: custom is an object".into());
        }
        Ok(pushed)
    }

    /// What it is here; else why it is refused.
    pub(super) fn into_new(self) -> Result<RemoteNew, String> {
        let jid =
            self.jid.filter(|jid| jid.len() >= MIN_JID).ok_or("jobs must have a reasonable jid parameter")?;
        let jobtype = given(self.jobtype).ok_or("jobs must have a jobtype parameter")?;
        let (key, job_type) = (foreign::jid(&jid).into_owned(), foreign::job_type(&jobtype).into_owned());
        let args = whole(self.args)?.ok_or("jobs must have an args parameter")?;
        if self.reserve_for.is_some_and(|secs| secs > seconds(*RESERVED.end())) {
            return Err("jobs cannot be reserved for more than one day".into());
        }
        let at = given(self.at).map(|at| moment(&at).map(|found| (at, found))).transpose()?;
        let mut job =
            NewJob::new(&*job_type).queue(given(self.queue).unwrap_or_else(|| DEFAULT_QUEUE.into()));
        job.args = args;
        job.run_at = at.as_ref().map(|(_, at)| *at);
        let retry = self.retry.unwrap_or(DEFAULT_RETRY);
        job.max_retries = Some(u32::try_from(retry.clamp(0, MAX_RETRIES)).unwrap_or_default());
        let reserve_for = self.reserve_for.filter(|secs| *secs != 0);
        #[allow(clippy::cast_precision_loss)]
        let timeout = |secs: i64| Some(secs.max(seconds(*RESERVED.start())) as f64);
        job.timeout_secs = reserve_for.map(timeout);
        let mut batch = None;
        if let Some(custom) = whole(self.custom)? {
            let told: Custom = custom.parse().map_err(|e| format!("invalid JSON: custom: {e}"))?;
            batch = given(told.bid.clone()).map(|bid| bid.parse()).transpose()?;
            job.unique = unique(told)?;
            job.metadata = custom;
        }
        let extra = RemoteExtra {
            jid: (key != jid).then_some(jid),
            jobtype: (job_type != jobtype).then_some(jobtype),
            retry: Some(retry),
            reserve_for,
            at: at.and_then(|(text, _)| utc(&text)),
            created_at: given(self.created_at),
            backtrace: self.backtrace.filter(|lines| *lines != 0),
            failure: None,
        };
        Ok(RemoteNew { job, jid: key, extra, batch })
    }
}

/// `null` and the empty text count as not given.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Text that is JSON in every part, or `None` for `null`.
fn whole(json: Option<Json>) -> Result<Option<Json>, String> {
    let Some(json) = json.filter(|json| json.as_str() != "null") else { return Ok(None) };
    Json::checked(json.as_str()).map(Some).map_err(|e| format!("invalid JSON: {e}"))
}

fn seconds(span: std::time::Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let wrong = |why: String| format!("invalid timestamp for 'at': {why}");
    // What the parser takes beyond RFC 3339.
    if text.as_bytes().get(10) != Some(&b'T') {
        return Err(wrong(format!("{text:?} is not an RFC 3339 time such as 2030-01-02T03:04:05Z")));
    }
    text.parse().map_err(wrong)
}

/// The same moment in UTC, as exactly as it was given.
fn utc(text: &str) -> Option<String> {
    text.parse::<jiff::Timestamp>().ok().map(|at| at.to_string())
}

fn unique(Custom { unique_for, unique_until, .. }: Custom) -> Result<Option<Unique>, String> {
    let Some(for_secs) = unique_for else { return Ok(None) };
    let mut held = State::UNFINISHED.to_vec();
    match unique_until.as_deref() {
        None | Some("" | "success") => {}
        Some("start") => held.retain(|state| *state != State::Running),
        Some(other) => return Err(format!("unique_until must be success or start, got {other:?}")),
    }
    Ok(Some(Unique::Rule(UniqueRule {
        by: vec!["args".into(), "queue".into()],
        while_in: Some(held),
        for_secs: Some(for_secs),
        on_conflict: OnConflict::Refuse,
    })))
}

/// A job as those who fetch it see it.
#[derive(Debug, Serialize)]
pub(super) struct Payload<'a> {
    jid: &'a str,
    queue: &'a str,
    jobtype: &'a str,
    args: Json,
    retry: i64,
    reserve_for: i64,
    created_at: String,
    enqueued_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backtrace: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a RemoteFailure>,
}

impl<'a> Payload<'a> {
    pub(super) fn of(job: &'a Job, jid: &'a str, extra: &'a RemoteExtra, enqueued_at: Timestamp) -> Self {
        let created = || job.created_at.to_string();
        #[allow(clippy::cast_possible_truncation)]
        let time = job.timeout_secs.map(|secs| secs as i64);
        let least = seconds(*RESERVED.start());
        Self {
            jid: extra.jid.as_deref().unwrap_or(jid),
            queue: &job.queue,
            jobtype: extra.jobtype.as_deref().unwrap_or(&job.job_type),
            args: as_array(&job.args),
            retry: extra.retry.unwrap_or(i64::from(job.max_retries)),
            // One client cannot read a job without it.
            reserve_for: extra.reserve_for.or(time).unwrap_or(1800).max(least),
            created_at: extra.created_at.as_deref().and_then(utc).unwrap_or_else(created),
            enqueued_at: enqueued_at.to_string(),
            at: extra.at.as_deref(),
            backtrace: extra.backtrace,
            custom: (job.metadata.as_str() != "{}").then_some(&job.metadata),
            failure: extra.failure.as_ref(),
        }
    }
}

/// Args there are an array always: an object is the only one.
fn as_array(args: &Json) -> Json {
    if args.is_array() { args.clone() } else { Json::trusted(format!("[{args}]")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(text: &str) -> Result<RemoteNew, String> {
        Pushed::read(text).and_then(Pushed::into_new)
    }

    #[test]
    fn all_fields_come_back() {
        let text = r#"{"jid":"12345678","jobtype":"Resize","args":[12345678901234567890123,1.10,{"a":[]}],"queue":"bulk",
            "at":"2030-01-01T02:00:00.123456789+02:00","reserve_for":120,"retry":-1,"backtrace":3,
            "created_at":"2026-03-01T09:00:00Z","custom":{"locale":"fr"},"priority":5,"unknown":{}}"#;
        let new = push(text).unwrap();
        let job = crate::store::verbs::enqueue::Prepared::new(new.job, 3).into_job(
            7,
            State::Pending,
            Timestamp::from_millis(0),
        );
        let payload = Payload::of(&job, &new.jid, &new.extra, Timestamp::from_millis(0));
        let sent: serde_json::Value = serde_json::to_value(&payload).unwrap();
        for (field, expected) in [
            ("jid", serde_json::json!("12345678")),
            ("queue", "bulk".into()),
            ("at", "2030-01-01T00:00:00.123456789Z".into()),
            ("retry", (-1).into()),
            ("reserve_for", 120.into()),
            ("backtrace", 3.into()),
            ("created_at", "2026-03-01T09:00:00Z".into()),
            ("custom", serde_json::json!({"locale": "fr"})),
        ] {
            assert_eq!(sent[field], expected, "{field}");
        }
        assert!(
            serde_json::to_string(&payload).unwrap().contains("[12345678901234567890123,1.10,{\"a\":[]}]")
        );
    }

    #[test]
    fn what_is_missing_has_the_protocols_defaults() {
        let new = push(
            r#"{"jid":"12345678","jobtype":"a","args":[],"queue":"","at":"","retry":null,"custom":null}"#,
        )
        .unwrap();
        assert_eq!(
            (new.job.queue.as_str(), new.job.run_at, new.job.max_retries),
            ("default", None, Some(25))
        );
        assert_eq!(new.extra, RemoteExtra { retry: Some(25), ..RemoteExtra::default() });
        let short = push(r#"{"jid":"12345678","jobtype":"a","args":[],"reserve_for":5}"#).unwrap();
        assert_eq!(short.job.timeout_secs, Some(Some(60.0)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let job = |more: &str| format!(r#"{{"jid":"12345678","jobtype":"a","args":[]{more}}}"#);
        for (bad, why) in [
            ("null".to_owned(), "invalid JSON"),
            ("[]".into(), "invalid JSON"),
            ("{".into(), "invalid JSON"),
            (job("") + " x", "invalid JSON"),
            (job(r#","retry":"3""#), "invalid JSON"),
            (job(r#","retry":1.5"#), "invalid JSON"),
            (job(r#","at":5"#), "invalid JSON"),
            (job(r#","custom":[]"#), "invalid JSON"),
            (job(r#","at":"2030-01-01 00:00:00""#), "invalid timestamp"),
            (job(r#","at":"soon""#), "invalid timestamp"),
            (job(r#","reserve_for":86401"#), "more than one day"),
            (r#"{"jid":"1","jobtype":"a","args":[]}"#.into(), "reasonable jid"),
            (r#"{"jobtype":"a","args":[]}"#.into(), "reasonable jid"),
            (r#"{"jid":"12345678","jobtype":"","args":[]}"#.into(), "jobtype"),
            (r#"{"jid":"12345678","jobtype":"a"}"#.into(), "args"),
            (r#"{"jid":"12345678","jobtype":"a","args":null}"#.into(), "args"),
            (r#"{"jid":"12345678","jobtype":"a","args":{}}"#.into(), "invalid JSON"),
            (r#"{"jid":"12345678","jobtype":"a","args":[1e400]}"#.into(), "invalid JSON"),
        ] {
            let said = push(&bad).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
        let odd = format!(r#"{{"jid":"{}","jobtype":"send mail!","args":[]}}"#, "j".repeat(400));
        let odd = push(&odd).unwrap();
        assert_eq!(odd.job.faults(), vec![]);
        assert_eq!((odd.extra.jid.unwrap().len(), odd.extra.jobtype.as_deref()), (400, Some("send mail!")));
        let deep = format!(
            r#"{{"jid":"12345678","jobtype":"a","args":{}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert!(push(&deep).is_err());
    }
}
