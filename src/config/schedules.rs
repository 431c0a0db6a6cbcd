//! Schedules that stand in the configuration.

use std::collections::BTreeMap;

use ::config::{Value, ValueKind};

use super::job_types::backoff;
use super::kinds;
use super::section::Section;
use crate::domain::schedule::{Misfire, Overlap, ScheduleSpec, Timing, check_name};
use crate::domain::{Backoff, Json, NewJob, Timestamp, Unique, ident};

/// What is said of one schedule in `[schedules.NAME]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleConfig {
    /// What it does.
    pub spec: ScheduleSpec,
    /// Whether it rests when it is made. Later on, who pauses and resumes it has the say.
    pub paused: bool,
}

const MISFIRES: [(&str, Misfire); 3] = [
    (Misfire::Skip.as_str(), Misfire::Skip),
    (Misfire::Once.as_str(), Misfire::Once),
    (Misfire::All.as_str(), Misfire::All),
];
const OVERLAPS: [(&str, Overlap); 2] =
    [(Overlap::Allow.as_str(), Overlap::Allow), (Overlap::Skip.as_str(), Overlap::Skip)];

/// Reads `[schedules]`. `retry` is what the parts of a backoff are that a schedule leaves out.
pub(super) fn schedules(section: &mut Section<'_>, retry: Backoff) -> BTreeMap<String, ScheduleConfig> {
    let mut read = BTreeMap::new();
    for name in section.names() {
        if let Err(message) = check_name(&name) {
            section.fault(&name, format!("is not the name of a schedule: it {message}"));
        }
        if let Some(schedule) = section.section(&name, |section| schedule(section, retry)) {
            read.insert(name, schedule);
        }
    }
    read
}

fn schedule(section: &mut Section<'_>, retry: Backoff) -> Option<ScheduleConfig> {
    let timing = timing(section);
    let mut paused = false;
    section.set("paused", &mut paused, kinds::boolean);
    let (mut misfire, mut overlap) = (Misfire::default(), Overlap::default());
    section.set("misfire", &mut misfire, kinds::one_of(&MISFIRES));
    section.set("overlap", &mut overlap, kinds::one_of(&OVERLAPS));
    let job = job(section, retry);
    let spec = ScheduleSpec { timing: timing?, misfire, overlap, job: job? };
    for (field, message) in spec.faults(Timestamp::MIN) {
        let key = field.split('.').next().unwrap_or(&field);
        section.fault(key, message);
    }
    Some(ScheduleConfig { spec, paused })
}

fn timing(section: &mut Section<'_>) -> Option<Timing> {
    let given = section.has("cron") || section.has("every_secs");
    let cron = section.get("cron", kinds::text);
    let every_secs = section.get("every_secs", kinds::number);
    let timezone = section.get("timezone", kinds::text);
    if given && cron.is_none() && every_secs.is_none() {
        // What is wrong with it was said.
        return None;
    }
    let timing = Timing::new(cron.as_deref(), every_secs, timezone.as_deref());
    timing.map_err(|faults| faults.into_iter().for_each(|(key, message)| section.fault(key, message))).ok()
}

fn job(section: &mut Section<'_>, retry: Backoff) -> Option<NewJob> {
    let job_type = section.needed("job_type", kinds::text);
    let mut job = NewJob::default();
    section.set("args", &mut job.args, json);
    section.set("key", &mut job.key, |value| kinds::text(value).map(Some));
    section.set("queue", &mut job.queue, kinds::text);
    section.set("target_id", &mut job.target_id, |value| kinds::text(value).map(Some));
    section.set("priority", &mut job.priority, priority);
    job.max_retries = section.get("max_retries", kinds::max_retries);
    job.timeout_secs = section.get("timeout_secs", kinds::timeout);
    section.set("tags", &mut job.tags, kinds::texts(|tag| ident::check_text(tag, ident::MAX_TAG)));
    section.set("metadata", &mut job.metadata, json);
    job.unique = section.get("unique", unique);
    job.backoff = section.has("backoff").then(|| section.section("backoff", |s| backoff(s, retry)));
    Some(NewJob { job_type: job_type?, ..job })
}

fn priority(value: &Value) -> Result<u8, String> {
    kinds::whole(1, 10)(value).map(|n| u8::try_from(n).unwrap_or(u8::MAX))
}

fn unique(value: &Value) -> Result<Unique, String> {
    json(value)?.parse().map_err(|e| format!("is no rule for uniqueness: {e}"))
}

/// A value as JSON.
fn json(value: &Value) -> Result<Json, String> {
    Json::checked(&tree(value)?.to_string())
}

fn tree(value: &Value) -> Result<serde_json::Value, String> {
    use serde_json::Value as Tree;
    Ok(match &value.kind {
        ValueKind::Nil => Tree::Null,
        ValueKind::Boolean(on) => Tree::from(*on),
        ValueKind::I64(number) => Tree::from(*number),
        ValueKind::Float(number) if number.is_finite() => Tree::from(*number),
        ValueKind::String(text) => Tree::from(text.as_str()),
        ValueKind::Array(items) => Tree::Array(items.iter().map(tree).collect::<Result<_, _>>()?),
        ValueKind::Table(table) => {
            let fields = table.iter().map(|(name, value)| Ok((name.clone(), tree(value)?)));
            Tree::Object(fields.collect::<Result<_, String>>()?)
        }
        _ => {
            return Err(kinds::wrong(
                "made of texts, numbers of at most 64 bits, true, false, lists and tables",
                value,
            ));
        }
    })
}
