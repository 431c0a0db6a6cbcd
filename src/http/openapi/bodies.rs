//! The bodies that calls take, as the document tells of them. Calls read them through `Fields`, which
//! names all faults at once; a test compares the names on both sides.
#![expect(dead_code, reason = "only their shape is used")]

use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, openapi::Ref};

use super::parameters::Label;
use crate::domain::{Backoff, Json, OnParentFailure, RateLimit, State, Timestamp, Unique, schema};
use crate::runtime::callboard::Action;

/// The longest an attempt may take, in seconds; null: no limit.
pub(super) fn timeout() -> Schema {
    let types = SchemaType::Array(vec![Type::Number, Type::Null]);
    ObjectBuilder::new().schema_type(types).exclusive_minimum(Some(0)).maximum(Some(31_536_000)).into()
}

/// One value, or a list of values any of which will do.
fn any_of(value: impl Into<RefOr<Schema>>, max: usize) -> Schema {
    let value = value.into();
    let list = ArrayBuilder::new().items(value.clone()).min_items(Some(1)).max_items(Some(max));
    AnyOfBuilder::new().item(value).item(list).into()
}

fn any_label() -> Schema {
    any_of(Label::schema(), 200)
}

fn any_id() -> Schema {
    let id = ObjectBuilder::new().schema_type(Type::Integer);
    any_of(id.format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64))), 200)
}

fn any_state() -> Schema {
    any_of(Ref::from_schema_name("State"), State::ALL.len())
}

/// A new job. What is left out is the job type's.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewJobBody {
    /// Picks the worker.
    #[schema(schema_with = schema::job_type)]
    job_type: String,
    /// What the worker is told: an object or an array, 1 MiB at most; `{}` unless said.
    #[schema(required = false, schema_with = schema::args)]
    args: Json,
    /// The caller's own id: while a job with it is stored, that one is the answer.
    #[schema(min_length = 1, max_length = 255)]
    key: Option<String>,
    /// What remote workers fetch from, and a unit to pause; `default` unless said.
    #[schema(required = false, schema_with = schema::queue)]
    queue: String,
    /// What the job works on. With it, and unless `unique` says otherwise, it is unique by it.
    #[schema(min_length = 1, max_length = 255)]
    target_id: Option<String>,
    /// 1 comes first; 5 unless said.
    #[schema(required = false, minimum = 1, maximum = 10)]
    priority: u8,
    /// Failures that are followed by another try.
    #[schema(required = false, maximum = 1000)]
    max_retries: u32,
    /// The longest an attempt may take, in seconds; null: no limit.
    #[schema(required = false, schema_with = timeout)]
    timeout_secs: Option<f64>,
    /// Not before; a time in the past means now.
    run_at: Option<Timestamp>,
    /// Not before so many seconds from now; not together with `run_at`.
    #[schema(minimum = 0)]
    delay_secs: Option<f64>,
    /// The job that makes it; counts as one of `depends_on`.
    parent_job_id: Option<i64>,
    /// Jobs that must be final first.
    #[schema(required = false, max_items = 10_000)]
    depends_on: Vec<i64>,
    /// What becomes of it when one of those fails or is cancelled.
    on_parent_failure: Option<OnParentFailure>,
    /// Labels.
    #[schema(required = false, schema_with = schema::tags)]
    tags: Vec<String>,
    /// Free for the caller; 64 KiB at most.
    #[schema(required = false, schema_with = schema::object)]
    metadata: Json,
    /// Which other jobs stand in its way.
    unique: Option<Unique>,
    /// The delays between tries.
    backoff: Option<Backoff>,
}

/// Many new jobs.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewJobsBody {
    /// The jobs.
    #[schema(max_items = 10_000)]
    jobs: Vec<NewJobBody>,
}

/// Changes to a job that waits. What is left out stays.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct JobPatchBody {
    /// 1 comes first.
    #[schema(required = false, minimum = 1, maximum = 10)]
    priority: u8,
    /// Not before; null: now.
    run_at: Option<Timestamp>,
    /// What the worker is told.
    #[schema(required = false, schema_with = schema::args)]
    args: Json,
    /// Failures that are followed by another try.
    #[schema(required = false, maximum = 1000)]
    max_retries: u32,
    /// The longest an attempt may take, in seconds; null: no limit.
    #[schema(required = false, schema_with = timeout)]
    timeout_secs: Option<f64>,
    /// Labels.
    #[schema(required = false, schema_with = schema::tags)]
    tags: Vec<String>,
    /// Free for the caller.
    #[schema(required = false, schema_with = schema::object)]
    metadata: Json,
    /// The queue.
    #[schema(required = false, schema_with = schema::queue)]
    queue: String,
}

/// How to try again.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RetryBody {
    /// Whether steps that have finished are forgotten and done again.
    #[schema(required = false)]
    fresh: bool,
}

/// What to do with many jobs: those with `ids`, or those that a filter finds.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ActionBody {
    /// What to do.
    action: Action,
    /// These jobs.
    #[schema(required = false, min_items = 1, max_items = 10_000)]
    ids: Vec<i64>,
    /// Jobs like these.
    #[schema(required = false)]
    filter: FilterBody,
}

/// Which jobs. In each field one value or a list of which any will do; all fields have to hold.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct FilterBody {
    /// In this state.
    #[schema(required = false, schema_with = any_state)]
    state: Vec<State>,
    /// Of this type.
    #[schema(required = false, schema_with = any_label)]
    job_type: Vec<String>,
    /// In this queue.
    #[schema(required = false, schema_with = any_label)]
    queue: Vec<String>,
    /// With this tag.
    #[schema(required = false, schema_with = any_label)]
    tag: Vec<String>,
    /// Working on this.
    #[schema(required = false, schema_with = any_label)]
    target_id: Vec<String>,
    /// Made by this job.
    #[schema(required = false, schema_with = any_id)]
    parent_job_id: Vec<i64>,
    /// Of this workflow.
    #[schema(required = false, schema_with = any_id)]
    workflow_id: Vec<i64>,
    /// With this key of the caller's.
    #[schema(required = false, schema_with = any_label)]
    key: Vec<String>,
    /// Made after this moment.
    #[schema(required = false)]
    created_after: Timestamp,
    /// Made before this moment.
    #[schema(required = false)]
    created_before: Timestamp,
    /// With this text in `args`, `target_id` or `error`.
    #[schema(required = false, min_length = 1, max_length = 1000)]
    q: String,
    /// Has to be true when nothing else is given.
    #[schema(required = false)]
    all: bool,
}

/// Changes to a job type. What is left out stays.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct JobTypePatchBody {
    /// How many attempts may run at once on a node.
    #[schema(required = false, minimum = 1, maximum = 10_000)]
    concurrency: u32,
    /// How many may run at once on all nodes together; null: no limit.
    #[schema(minimum = 1, maximum = 1_000_000)]
    global_concurrency: Option<u32>,
    /// How many may start in a span of time; null: no limit.
    rate_limit: Option<RateLimit>,
    /// The longest an attempt may take, in seconds; null: no limit.
    #[schema(required = false, schema_with = timeout)]
    timeout_secs: Option<f64>,
}

/// What to delete.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CleanupBody {
    /// Jobs that ended longer ago than so many days.
    #[schema(minimum = 0, maximum = 1_000_000)]
    older_than_days: f64,
    /// Whether failed jobs are deleted too.
    #[schema(required = false)]
    include_failed: bool,
}

/// Which rows of a plan: by number, by what they are about, or all.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ReviewBody {
    /// These numbers.
    #[schema(required = false, schema_with = row_numbers)]
    rows: Vec<i64>,
    /// About this field.
    field: Option<String>,
    /// About this scene.
    #[schema(required = false)]
    scene_id: i64,
    /// At least this certain.
    #[schema(required = false, minimum = 0, maximum = 1)]
    min_confidence: f64,
    /// Has to be true when nothing else is given.
    #[schema(required = false)]
    all: bool,
}

fn row_numbers() -> Schema {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    let number = number.format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
    ArrayBuilder::new().items(number).max_items(Some(10_000)).into()
}

/// A decision on one row of a plan.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DecisionBody {
    /// What is decided; `proposed` takes a decision back.
    state: RowDecision,
}

/// What a person may decide on a row.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(in crate::http) enum RowDecision {
    Proposed,
    Approved,
    Rejected,
}

/// Args as a whole body.
pub(in crate::http) struct Args;

impl PartialSchema for Args {
    fn schema() -> RefOr<Schema> {
        schema::args().into()
    }
}

impl ToSchema for Args {}
