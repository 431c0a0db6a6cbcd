//! Who changed what: an entry for each change that somebody asked for. Jobs that are handed in are
//! not among them, nor what the program does by itself.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{JobFilter, JobPatch, Json, Timestamp};

/// Who asks where nobody is known by name.
pub const LOCAL: &str = "local";

/// Values of a list that an entry shows.
const SHOWN: usize = 20;
/// The longest text that an entry shows, in characters.
const LONGEST: usize = 200;

/// Who asks for something, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name of a token, the id of a remote worker, or [`LOCAL`].
    pub name: String,
    /// Where the request comes from; empty when from this very process.
    pub address: String,
    /// The way it came.
    pub via: Via,
}

impl Default for Actor {
    /// The program itself.
    fn default() -> Self {
        Self { name: LOCAL.into(), address: String::new(), via: Via::Program }
    }
}

/// Declares an enum whose values have words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, utoipa::ToSchema)]
        pub enum $name { $($(#[$of])* #[schema(rename = $word)] $value,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$value),*];

            /// Its word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|known| known.as_str()).collect();
                    format!("{word:?} is not one of {}", known.join(", "))
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }
    };
}

words! {
    /// The way on which a wish came.
    Via {
        /// A call of the HTTP API, the command line's among them.
        Api = "api",
        /// A web page.
        Page = "page",
        /// The Faktory Work Protocol.
        Faktory = "faktory",
        /// The program that callboard is a part of.
        Program = "program",
    }
}

words! {
    /// What somebody did.
    Verb {
        /// Changed a job that waits.
        JobChange = "job.change",
        /// Gave a job another go.
        JobRetry = "job.retry",
        /// Called a job off.
        JobCancel = "job.cancel",
        /// Gave a job a signal.
        JobSignal = "job.signal",
        /// Gave many jobs another go.
        JobsRetry = "jobs.retry",
        /// Called many jobs off.
        JobsCancel = "jobs.cancel",
        /// Deleted many jobs.
        JobsDelete = "jobs.delete",
        /// Changed many jobs in the words of Faktory.
        JobsMutate = "jobs.mutate",
        /// Stopped the starting of jobs.
        Pause = "pause",
        /// Let jobs start again.
        Resume = "resume",
        /// Stopped the starting of jobs, to wait for those that run.
        Drain = "drain",
        /// Changed the limits of a job type.
        TypeChange = "job_type.change",
        /// Made a schedule, or changed it.
        SchedulePut = "schedule.put",
        /// Deleted a schedule.
        ScheduleDelete = "schedule.delete",
        /// Stopped a schedule.
        SchedulePause = "schedule.pause",
        /// Let a schedule go on.
        ScheduleResume = "schedule.resume",
        /// Ran a schedule out of turn.
        ScheduleRun = "schedule.run",
        /// Called a workflow off.
        WorkflowCancel = "workflow.cancel",
        /// Ran jobs of a workflow again.
        WorkflowRetry = "workflow.retry",
        /// Decided on changes of a plan.
        PlanReview = "plan.review",
        /// Had attempts taken back whose worker is gone.
        Recover = "maintenance.recover",
        /// Had old jobs deleted.
        Cleanup = "maintenance.cleanup",
        /// Had a remote worker fetch no more.
        RemoteQuiet = "remote.quiet",
        /// Had a remote worker end.
        RemoteTerminate = "remote.terminate",
        /// Signed in, or tried to.
        Login = "login",
        /// Signed out.
        Logout = "logout",
        /// Asked for what its role does not allow.
        Denied = "denied",
    }
}

words! {
    /// What became of it.
    AuditOutcome {
        /// It is done.
        Done = "done",
        /// It was not allowed.
        Refused = "refused",
        /// It is done in parts, and goes on; or the process died over it.
        Begun = "begun",
        /// It ended in the middle; the parts that were done stay done.
        Broken = "broken",
    }
}

/// What somebody does: to what, and the particulars.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// What.
    pub verb: Verb,
    /// To what: the end of its path in the API, as in `jobs/17`.
    pub object: String,
    /// A small JSON object. Never args, payloads or anything else that may be secret.
    pub detail: Value,
}

impl Deed {
    /// Without particulars.
    pub fn new(verb: Verb, object: impl Into<String>) -> Self {
        Self { verb, object: object.into(), detail: json!({}) }
    }

    /// Something done to a job.
    #[must_use]
    pub fn to_job(verb: Verb, id: i64) -> Self {
        Self::new(verb, format!("jobs/{id}"))
    }

    /// With particulars.
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Its number; they rise.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// The name of a token, the id of a remote worker, or `local`; `null` for somebody whose token is
    /// not known.
    pub who: Option<String>,
    /// The way it came: `api`, `page`, `faktory`, `program`.
    pub via: String,
    /// Where the request came from.
    pub address: Option<String>,
    /// What was done.
    pub what: String,
    /// To what.
    pub object: String,
    /// The particulars.
    pub detail: Json,
    /// What became of it: `done`, `refused`, `begun`, `broken`.
    pub outcome: String,
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By whom.
    pub who: Option<String>,
    /// What.
    pub what: Option<Verb>,
    /// To what.
    pub object: Option<String>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// Which fields of a job are changed, without what they are changed to: args may hold secrets.
#[must_use]
pub fn patch_detail(patch: &JobPatch) -> Value {
    let fields = [
        ("priority", patch.priority.is_some()),
        ("run_at", patch.run_at.is_some()),
        ("args", patch.args.is_some()),
        ("max_retries", patch.max_retries.is_some()),
        ("timeout_secs", patch.timeout_secs.is_some()),
        ("tags", patch.tags.is_some()),
        ("metadata", patch.metadata.is_some()),
        ("queue", patch.queue.is_some()),
    ];
    let changed: Vec<_> = fields.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect();
    json!({ "fields": changed })
}

/// What a filter says, in short.
#[must_use]
pub fn filter_detail(filter: &JobFilter) -> Value {
    if filter.is_empty() {
        return json!({"all": true});
    }
    let mut said = Map::new();
    let states: Vec<_> = filter.state.iter().map(|state| state.as_str().to_owned()).collect();
    let lists = [
        ("state", &states),
        ("job_type", &filter.job_type),
        ("queue", &filter.queue),
        ("tag", &filter.tag),
        ("target_id", &filter.target_id),
        ("key", &filter.key),
    ];
    for (name, values) in lists {
        note(&mut said, name, values.iter().map(|value| Value::from(shown(value))));
    }
    let numbers =
        [("id", &filter.id), ("parent_job_id", &filter.parent_job_id), ("workflow_id", &filter.workflow_id)];
    for (name, values) in numbers {
        note(&mut said, name, values.iter().map(|id| Value::from(*id)));
    }
    let singles = [
        ("created_after", filter.created_after.map(|at| at.to_string())),
        ("created_before", filter.created_before.map(|at| at.to_string())),
        ("q", filter.q.as_deref().map(shown)),
    ];
    said.extend(singles.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    Value::Object(said)
}

/// The first values of a list, and how many more there are.
fn note(said: &mut Map<String, Value>, name: &str, values: impl ExactSizeIterator<Item = Value>) {
    let all = values.len();
    if all > 0 {
        said.insert(name.to_owned(), values.take(SHOWN).collect());
    }
    if all > SHOWN {
        said.insert(format!("more_{name}"), (all - SHOWN).into());
    }
}

fn shown(text: &(impl AsRef<str> + ?Sized)) -> String {
    let text = text.as_ref();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::State;

    #[test]
    fn words_go_there_and_back() {
        for verb in Verb::ALL {
            assert_eq!(verb.as_str().parse(), Ok(*verb));
        }
        assert!("explode".parse::<Verb>().unwrap_err().contains("job.retry"));
    }

    #[test]
    fn args_are_not_told() {
        let patch = JobPatch {
            args: Some(Json::trusted(r#"{"password":"sesame"}"#)),
            priority: Some(1),
            ..JobPatch::default()
        };
        assert_eq!(patch_detail(&patch), json!({"fields": ["priority", "args"]}));
    }

    #[test]
    fn filters_are_told_in_short() {
        assert_eq!(filter_detail(&JobFilter::default()), json!({"all": true}));
        let filter = JobFilter {
            state: vec![State::Failed],
            id: (1..=25).collect(),
            q: Some("я".repeat(300)),
            ..JobFilter::default()
        };
        let told = filter_detail(&filter);
        assert_eq!(told["state"], json!(["failed"]));
        assert_eq!((told["id"].as_array().unwrap().len(), &told["more_id"]), (20, &json!(5)));
        assert_eq!(told["q"].as_str().unwrap().chars().count(), LONGEST + 1);
        assert_eq!(told.as_object().unwrap().len(), 4);
    }
}
