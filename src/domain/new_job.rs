//! What a caller gives to make a job, and to change one that waits.

use serde::{Deserialize, Deserializer, Serialize};

use super::{Backoff, Json, Timestamp, TraceContext, Unique, ident};

/// What becomes of a job when one it depends on fails or is cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnParentFailure {
    /// It is cancelled too.
    #[default]
    Cancel,
    /// It runs once all parents are final, whatever became of them.
    Run,
}

impl OnParentFailure {
    /// The word that users and the database know it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Run => "run",
        }
    }
}

/// A job to be made. Build it with [`NewJob::new`] and the setters; what is left out takes the
/// job type's defaults.
///
/// ```
/// use callboard::NewJob;
/// let job = NewJob::new("sync_all").args(&serde_json::json!({"full": true})).unwrap().priority(2);
/// assert_eq!(job.priority, 2);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[schema(description = "The job that each run makes.")]
pub struct NewJob {
    /// Picks the worker.
    #[schema(schema_with = super::schema::job_type)]
    pub job_type: String,
    /// An object or an array.
    #[schema(schema_with = super::schema::args)]
    pub args: Json,
    /// The caller's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `default` unless said.
    #[schema(schema_with = super::schema::queue)]
    pub queue: String,
    /// What it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// 1 (first) to 10.
    #[schema(minimum = 1, maximum = 10)]
    pub priority: u8,
    /// `None`: the job type's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 1000)]
    pub max_retries: Option<u32>,
    /// The job type's unless said; the inner `None`: no limit.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "said")]
    #[schema(value_type = Option<f64>)]
    pub timeout_secs: Option<Option<f64>>,
    /// Not before; a time in the past means now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_at: Option<Timestamp>,
    /// The job that makes it; counts as one of `depends_on`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_job_id: Option<i64>,
    /// The jobs that must be final first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<i64>,
    /// What becomes of it when one of those fails.
    pub on_parent_failure: OnParentFailure,
    /// Labels.
    #[schema(schema_with = super::schema::tags)]
    pub tags: Vec<String>,
    /// Free for the caller; an object.
    #[schema(schema_with = super::schema::object)]
    pub metadata: Json,
    /// `None`: unique by target if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique: Option<Unique>,
    /// `None`: the job type's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
}

/// Tells null, which means something, from what was left out.
fn said<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::deserialize(d).map(Some)
}

impl Default for NewJob {
    /// A job that still lacks its type.
    fn default() -> Self {
        Self::new("")
    }
}

impl NewJob {
    /// A job of this type with no args and all defaults.
    #[must_use]
    pub fn new(job_type: impl Into<String>) -> Self {
        Self {
            job_type: job_type.into(),
            args: Json::empty_object(),
            key: None,
            queue: "default".into(),
            target_id: None,
            priority: 5,
            max_retries: None,
            timeout_secs: None,
            run_at: None,
            parent_job_id: None,
            depends_on: Vec::new(),
            on_parent_failure: OnParentFailure::Cancel,
            tags: Vec::new(),
            metadata: Json::empty_object(),
            unique: None,
            backoff: None,
        }
    }

    /// Sets the args.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn args<T: Serialize + ?Sized>(mut self, args: &T) -> Result<Self, serde_json::Error> {
        self.args = Json::of(args)?;
        Ok(self)
    }

    /// Sets the priority, 1 (first) to 10.
    #[must_use]
    pub fn priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }

    /// Sets the queue.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = queue.into();
        self
    }

    /// Sets the caller's own id.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets what the job works on. Unless said otherwise it is then unique by it.
    #[must_use]
    pub fn target_id(mut self, target: impl Into<String>) -> Self {
        self.target_id = Some(target.into());
        self
    }

    /// Sets how many failures are followed by another try.
    #[must_use]
    pub fn max_retries(mut self, n: u32) -> Self {
        self.max_retries = Some(n);
        self
    }

    /// Sets the time before which it does not run.
    #[must_use]
    pub fn run_at(mut self, at: Timestamp) -> Self {
        self.run_at = Some(at);
        self
    }

    /// Makes it part of a trace, unless its metadata names one. Without this it is part of that of the
    /// request or the job that makes it. Call it after `metadata` is set.
    #[must_use]
    pub fn trace(mut self, context: &TraceContext) -> Self {
        self.metadata = context.put_into(self.metadata);
        self
    }

    /// Sets the jobs that must be final first.
    #[must_use]
    pub fn depends_on(mut self, ids: impl IntoIterator<Item = i64>) -> Self {
        self.depends_on = ids.into_iter().collect();
        self
    }

    /// Everything that is wrong with it, as (field, message); empty when all is well.
    #[must_use]
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let mut say = |field: &str, found: Result<(), String>| {
            if let Err(message) = found {
                faults.push((field.to_owned(), message));
            }
        };
        say("job_type", ident::check_job_type(&self.job_type));
        say("queue", ident::check_queue(&self.queue));
        if let Some(key) = &self.key {
            say("key", ident::check_text(key, ident::MAX_KEY));
        }
        if let Some(target) = &self.target_id {
            say("target_id", ident::check_text(target, ident::MAX_KEY));
        }
        say("priority", check_priority(self.priority));
        say("args", check_args(&self.args));
        say("metadata", check_metadata(&self.metadata));
        say("tags", ident::check_tags(&self.tags));
        if let Some(n) = self.max_retries {
            say("max_retries", check_max_retries(n));
        }
        if let Some(Some(secs)) = self.timeout_secs {
            say("timeout_secs", check_timeout(secs));
        }
        if self.depends_on.len() > ident::MAX_DEPENDS_ON {
            say("depends_on", Err(format!("at most {} jobs", ident::MAX_DEPENDS_ON)));
        }
        for (field, message) in self.backoff.iter().flat_map(Backoff::faults) {
            say(&format!("backoff.{field}"), Err(message));
        }
        for (field, message) in self.unique.iter().flat_map(Unique::faults) {
            say(&format!("unique.{field}"), Err(message));
        }
        faults
    }

    /// The parents: `depends_on` and `parent_job_id`, each once, in order.
    #[must_use]
    pub fn parents(&self) -> Vec<i64> {
        let mut all: Vec<i64> = self.depends_on.iter().copied().chain(self.parent_job_id).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Changes to a job that waits. `None` leaves a field as it is; the inner `None` clears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobPatch {
    /// 1 (first) to 10.
    pub priority: Option<u8>,
    /// Not before.
    pub run_at: Option<Option<Timestamp>>,
    /// An object or an array.
    pub args: Option<Json>,
    /// How many failures are followed by another try.
    pub max_retries: Option<u32>,
    /// The longest one attempt may take.
    pub timeout_secs: Option<Option<f64>>,
    /// Labels.
    pub tags: Option<Vec<String>>,
    /// Free for the caller.
    pub metadata: Option<Json>,
    /// Its queue.
    pub queue: Option<String>,
}

impl JobPatch {
    /// Everything that is wrong with it, as (field, message).
    #[must_use]
    pub fn faults(&self) -> Vec<(String, String)> {
        let checks = [
            ("priority", self.priority.map(check_priority)),
            ("args", self.args.as_ref().map(check_args)),
            ("max_retries", self.max_retries.map(check_max_retries)),
            ("timeout_secs", self.timeout_secs.flatten().map(check_timeout)),
            ("tags", self.tags.as_deref().map(ident::check_tags)),
            ("metadata", self.metadata.as_ref().map(check_metadata)),
            ("queue", self.queue.as_deref().map(ident::check_queue)),
        ];
        checks.into_iter().filter_map(|(field, found)| Some((field.to_owned(), found?.err()?))).collect()
    }
}

fn check_priority(p: u8) -> Result<(), String> {
    if (1..=10).contains(&p) { Ok(()) } else { Err(format!("must be from 1 to 10, got {p}")) }
}

fn check_max_retries(n: u32) -> Result<(), String> {
    if n <= 1000 { Ok(()) } else { Err(format!("must be from 0 to 1000, got {n}")) }
}

/// Checks a timeout: more than 0 and at most a year, in seconds.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_timeout(secs: f64) -> Result<(), String> {
    if secs > 0.0 && secs <= 31_536_000.0 {
        Ok(())
    } else {
        Err(format!("must be more than 0 and at most 31536000 (a year), got {secs}"))
    }
}

fn check_args(args: &Json) -> Result<(), String> {
    if !args.is_object() && !args.is_array() {
        return Err("must be an object or an array".into());
    }
    check_size(args, ident::MAX_ARGS)
}

fn check_metadata(metadata: &Json) -> Result<(), String> {
    if !metadata.is_object() {
        return Err("must be an object".into());
    }
    check_size(metadata, ident::MAX_METADATA)
}

fn check_size(json: &Json, max: usize) -> Result<(), String> {
    let size = json.as_str().len();
    if size > max { Err(format!("must be at most {max} bytes as JSON, got {size}")) } else { Ok(()) }
}
