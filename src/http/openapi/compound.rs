//! Bodies that take the fields of a new job and others: schedules and workflows.
#![expect(dead_code, reason = "only their shape is used")]

use utoipa::openapi::schema::{Object, Schema};
use utoipa::openapi::{OneOfBuilder, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::bodies::NewJobBody;
use crate::domain::schedule::{Misfire, Overlap};
use crate::domain::{OnParentFailure, schema};

/// The fields of a new job but for some, and those of `Own`.
fn like_a_job<Own: PartialSchema>(without: &[&str]) -> Schema {
    let mut job = object(NewJobBody::schema());
    let own = object(Own::schema());
    job.properties.retain(|name, _| !without.contains(&name.as_str()));
    job.properties.extend(own.properties);
    job.required.extend(own.required);
    job.description = own.description;
    job.into()
}

/// The object that a struct is.
fn object(schema: RefOr<Schema>) -> Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        _ => Object::new(),
    }
}

type Named = Vec<(String, RefOr<Schema>)>;

/// A schedule: when, and the fields of the job that each run makes.
pub(in crate::http) struct ScheduleBody;

/// A schedule: when, and the fields of the job that each run makes. One of `cron` and `every_secs`
/// is needed.
#[derive(ToSchema)]
struct When {
    /// Picks it.
    #[schema(schema_with = schema::job_type)]
    name: String,
    /// Five or six fields, or a word such as `@daily`.
    cron: Option<String>,
    /// An interval in seconds.
    #[schema(minimum = 1, maximum = 31_536_000)]
    every_secs: Option<f64>,
    /// The IANA name of the zone whose clock it goes by; UTC unless said.
    timezone: Option<String>,
    /// What becomes of runs that were missed.
    misfire: Option<Misfire>,
    /// Whether a run may begin while the one before it goes on.
    overlap: Option<Overlap>,
    /// Whether it rests.
    #[schema(required = false)]
    paused: bool,
}

impl PartialSchema for ScheduleBody {
    fn schema() -> RefOr<Schema> {
        like_a_job::<When>(&["run_at", "delay_secs"]).into()
    }
}

impl ToSchema for ScheduleBody {
    fn schemas(named: &mut Named) {
        NewJobBody::schemas(named);
        When::schemas(named);
    }
}

/// A schedule whose name the path has.
pub(in crate::http) struct SchedulePutBody;

impl PartialSchema for SchedulePutBody {
    fn schema() -> RefOr<Schema> {
        let mut schedule = object(ScheduleBody::schema());
        schedule.required.retain(|name| name != "name");
        Schema::from(schedule).into()
    }
}

impl ToSchema for SchedulePutBody {
    fn schemas(named: &mut Named) {
        ScheduleBody::schemas(named);
    }
}

/// A new workflow.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct WorkflowBody {
    /// For people.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// Its jobs.
    #[schema(no_recursion, min_items = 1, max_items = 10_000)]
    jobs: Vec<NodeBody>,
    /// A job that is made when all others are final.
    callback: Option<CallbackBody>,
}

/// Jobs for a workflow that is there.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MoreJobsBody {
    /// The jobs.
    #[schema(no_recursion, min_items = 1, max_items = 10_000)]
    jobs: Vec<NodeBody>,
    /// The name of the job that adds them, in the workflow.
    added_by: Option<String>,
    /// Whether what waits for that job waits for these too; true unless said.
    #[schema(required = false)]
    join: bool,
}

/// Where to begin again.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct WorkflowRetryBody {
    /// The name of a job: it and all that depend on it run again. Else those that failed or were
    /// cancelled do.
    from: Option<String>,
}

/// A job of a workflow, or a workflow inside it.
pub(in crate::http) struct NodeBody;

impl PartialSchema for NodeBody {
    fn schema() -> RefOr<Schema> {
        let job = like_a_job::<Placed>(&[]);
        OneOfBuilder::new().item(job).item(Ref::from_schema_name("InnerWorkflowBody")).into()
    }
}

impl ToSchema for NodeBody {
    fn schemas(named: &mut Named) {
        NewJobBody::schemas(named);
        named.push((InnerWorkflowBody::name().into(), InnerWorkflowBody::schema()));
        InnerWorkflowBody::schemas(named);
    }
}

/// A job of a workflow. Its dependencies are names here.
#[derive(ToSchema)]
struct Placed {
    /// Its name in the workflow.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// The names of the jobs that must be final first.
    #[schema(required = false, max_items = 10_000)]
    depends_on: Vec<String>,
}

/// A workflow as a job of another one.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct InnerWorkflowBody {
    /// Its name in the workflow.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// The names of the jobs that must be final first.
    #[schema(required = false, max_items = 10_000)]
    depends_on: Vec<String>,
    /// What becomes of it when one of those fails or is cancelled.
    on_parent_failure: Option<OnParentFailure>,
    /// The workflow.
    #[schema(no_recursion)]
    workflow: WorkflowBody,
}

/// A job that is made when a workflow is over. How it ended stands in `metadata.workflow`.
pub(in crate::http) struct CallbackBody;

/// A job that is made when a workflow is over. How it ended stands in `metadata.workflow`.
#[derive(ToSchema)]
struct Nothing {}

/// What a callback cannot be given.
const NOT_FOR_A_CALLBACK: [&str; 7] =
    ["key", "unique", "depends_on", "parent_job_id", "on_parent_failure", "run_at", "delay_secs"];

impl PartialSchema for CallbackBody {
    fn schema() -> RefOr<Schema> {
        like_a_job::<Nothing>(&NOT_FOR_A_CALLBACK).into()
    }
}

impl ToSchema for CallbackBody {
    fn schemas(named: &mut Named) {
        NewJobBody::schemas(named);
    }
}
