//! The parameters that calls take, as the document tells of them. Calls read them through
//! `Fields`, which names all faults at once; a test compares the names on both sides.
#![expect(dead_code, reason = "only their shape is used")]

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::domain::audit::Verb;
use crate::domain::{OnParentFailure, State, Timestamp, ident};

/// A name or a key.
pub(in crate::http) struct Label;

impl PartialSchema for Label {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.min_length(Some(1)).max_length(Some(ident::MAX_KEY)).into()
    }
}

impl ToSchema for Label {}

/// Which jobs. Each may be given several times: any of its values will do; and all parameters have to
/// hold.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// In this state.
    #[param(required = false, max_items = 8)]
    state: Vec<State>,
    /// Of this type.
    #[param(required = false, max_items = 200)]
    job_type: Vec<Label>,
    /// In this queue.
    #[param(required = false, max_items = 200)]
    queue: Vec<Label>,
    /// With this tag.
    #[param(required = false, max_items = 200)]
    tag: Vec<Label>,
    /// Working on this.
    #[param(required = false, max_items = 200)]
    target_id: Vec<Label>,
    /// Made by this job.
    #[param(required = false, max_items = 200)]
    parent_job_id: Vec<i64>,
    /// Of this workflow.
    #[param(required = false, max_items = 200)]
    workflow_id: Vec<i64>,
    /// With this key of the caller's.
    #[param(required = false, max_items = 200)]
    key: Vec<Label>,
    /// Made after this moment.
    #[param(required = false)]
    created_after: Timestamp,
    /// Made before this moment.
    #[param(required = false)]
    created_before: Timestamp,
    /// With this text in `args`, `target_id` or `error`.
    #[param(required = false, min_length = 1, max_length = 1000)]
    q: String,
}

/// Which entries of the audit log.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Audit {
    /// By whom: the name of a token, the id of a remote worker, or `local`.
    #[param(required = false, min_length = 1, max_length = 300)]
    who: String,
    /// What was done, such as `job.cancel`.
    #[param(required = false)]
    what: Verb,
    /// To what, such as `jobs/17`.
    #[param(required = false, min_length = 1, max_length = 300)]
    object: String,
    /// From this moment on.
    #[param(required = false)]
    since: Timestamp,
    /// Before this moment.
    #[param(required = false)]
    until: Timestamp,
}

/// A part of a long list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Page {
    /// At most so many.
    #[param(required = false, minimum = 1, maximum = 500, default = 50)]
    limit: u32,
    /// `next_cursor` of the page before.
    #[param(required = false, min_length = 1, max_length = 1000)]
    cursor: String,
}

/// The order of a list of jobs.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Ordered {
    /// What comes first. `priority` is as workers take them, and wants `state` with unfinished states.
    #[param(required = false)]
    order: ListOrder,
}

/// What comes first in a list of jobs.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase", default = "newest")]
pub(in crate::http) enum ListOrder {
    Newest,
    Oldest,
    Priority,
}

/// How long a caller waits.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Wait {
    /// Wait so long at most for the end; then the answer tells how things stand.
    #[param(required = false, minimum = 0, maximum = 60)]
    wait_secs: f64,
}

/// A part of the dead letters, for a call that changes them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Part {
    /// Has to be `true` when no filter is given.
    #[param(required = false)]
    all: bool,
    /// Only so many in this call, which then gives `next_cursor`.
    #[param(required = false, minimum = 1, maximum = 10_000)]
    limit: u32,
    /// `next_cursor` of the call before; wants `limit`.
    #[param(required = false, min_length = 1, max_length = 1000)]
    cursor: String,
}

/// The fields of a job beside its type and args.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct JobFields {
    /// The caller's own id: while a job with it is stored, that one is the answer.
    #[param(required = false, min_length = 1, max_length = 255)]
    key: String,
    /// The queue; `default` unless said.
    #[param(required = false, schema_with = crate::domain::schema::queue)]
    queue: String,
    /// What the job works on.
    #[param(required = false, min_length = 1, max_length = 255)]
    target_id: String,
    /// 1 comes first.
    #[param(required = false, minimum = 1, maximum = 10, default = 5)]
    priority: u8,
    /// Failures that are followed by another try; the job type's unless said.
    #[param(required = false, maximum = 1000)]
    max_retries: u32,
    /// The longest an attempt may take; `null`: no limit.
    #[param(required = false, schema_with = super::bodies::timeout)]
    timeout_secs: f64,
    /// Not before.
    #[param(required = false)]
    run_at: Timestamp,
    /// Not before so many seconds from now.
    #[param(required = false, minimum = 0)]
    delay_secs: f64,
    /// The job that makes it; counts as one of `depends_on`.
    #[param(required = false)]
    parent_job_id: i64,
    /// Jobs that must be final first.
    #[param(required = false, max_items = 10_000)]
    depends_on: Vec<i64>,
    /// What becomes of it when one of those fails.
    #[param(required = false)]
    on_parent_failure: OnParentFailure,
    /// A label; may be given several times.
    #[param(required = false, max_items = 20)]
    tag: Vec<String>,
    /// A JSON object.
    #[param(required = false)]
    metadata: String,
    /// `true`, `false` or a rule as a JSON object.
    #[param(required = false)]
    unique: String,
    /// A JSON object as in the body of `POST /api/jobs`.
    #[param(required = false)]
    backoff: String,
}

/// A part of what a job wrote.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct LogPart {
    /// Which of its streams.
    #[param(required = false)]
    stream: LogStream,
    /// Of which attempt; the last one unless said.
    #[param(required = false, minimum = 1)]
    attempt: u32,
    /// From this byte on.
    #[param(required = false, minimum = 0)]
    offset: i64,
    /// At most so many bytes: 256 KiB as JSON and all as plain text unless said.
    #[param(required = false, minimum = 1, maximum = 16_777_216)]
    limit: i64,
    /// The last so many lines instead.
    #[param(required = false, minimum = 1, maximum = 10_000)]
    tail: u32,
}

/// What a job writes to.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase", default = "log")]
pub(in crate::http) enum LogStream {
    Log,
    Stdout,
    Stderr,
    Progress,
    Events,
}

/// What events are told besides states and progress.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Watch {
    /// Whether log lines are told too.
    #[param(required = false)]
    logs: bool,
}

/// Where a stream of events goes on.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Resume {
    /// The id of the last event that was seen, as the header `Last-Event-ID` has it.
    #[param(required = false, minimum = 0)]
    last_event_id: i64,
}

/// Rows of a plan.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct PlanRows {
    /// In this state.
    #[param(required = false)]
    state: crate::domain::RowState,
    /// About this field.
    #[param(required = false)]
    field: String,
    /// About this scene.
    #[param(required = false)]
    scene_id: i64,
    /// At least this certain.
    #[param(required = false, minimum = 0, maximum = 1)]
    min_confidence: f64,
}

/// Part of a list whose cursors are numbers.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct NumberedPage {
    /// At most so many.
    #[param(required = false, minimum = 1, maximum = 500, default = 50)]
    limit: u32,
    /// `next_cursor` of the page before.
    #[param(required = false, minimum = 1)]
    cursor: i64,
}

/// Part of the list of schedules.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct SchedulePart {
    /// At most so many.
    #[param(required = false, minimum = 1, maximum = 500, default = 500)]
    limit: u32,
    /// `next_cursor` of the page before.
    #[param(required = false, min_length = 1, max_length = 1000)]
    cursor: String,
}

/// Which workflows.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Workflows {
    /// In this state; may be given several times.
    #[param(required = false, max_items = 4)]
    state: Vec<WorkflowState>,
    /// With this name.
    #[param(required = false)]
    name: String,
}

/// How a workflow is.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(in crate::http) enum WorkflowState {
    Running,
    Completed,
    Failed,
    Cancelled,
}

/// What of a workflow is told.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct WithJobs {
    /// `false` leaves its jobs out.
    #[param(required = false, default = true)]
    jobs: bool,
}

/// A job.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::http) struct JobPath {
    /// The job's id.
    id: i64,
}

/// Something with a name.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::http) struct NamePath {
    /// Its name.
    name: String,
}

/// A queue.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::http) struct QueuePath {
    /// Its name.
    #[param(schema_with = crate::domain::schema::queue)]
    name: String,
}

/// A schedule that is made.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::http) struct SchedulePath {
    /// Its name.
    #[param(schema_with = crate::domain::schema::job_type)]
    name: String,
}

/// A part of a job that has a name.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::http) struct PartPath {
    /// The job's id.
    id: i64,
    /// What the worker calls it.
    name: String,
}
