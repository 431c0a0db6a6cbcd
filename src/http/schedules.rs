//! Schedules: listed, made, changed, paused, run and deleted at run time.

use actix_web::http::header;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};

use super::board::Board;
use super::body::{Body, NoBody};
use super::fields::Fields;
use super::given::Given;
use super::new_job::{self, Usual};
use super::openapi::{compound, parameters};
use super::path::Name;
use super::query::{self, NoQuery};
use super::reply::{self, Reply};
use super::{jobs, resource};
use crate::domain::schedule::Timing;
use crate::domain::{Job, ScheduleSpec};
use crate::runtime::Callboard;
use crate::runtime::callboard::{SchedulePage, ScheduleView, ScheduleWithRuns};
use crate::store::verbs::schedules::Given as GivenSchedule;

/// The most schedules on a page, and how many there are unless the caller says.
const MAX_PAGE: i64 = 500;

/// What a schedule says of its own time, so that its job cannot.
const NOT_HERE: &str = "is not for schedules: cron or every_secs say when";

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/schedules").get(list).post(make).mount(config);
    resource::at("/api/schedules/{name}").get(show).put(put).delete(delete).mount(config);
    resource::at("/api/schedules/{name}/run").post(run).mount(config);
    resource::at("/api/schedules/{name}/pause").post(pause).mount(config);
    resource::at("/api/schedules/{name}/resume").post(resume).mount(config);
}

/// Schedules, by name
#[utoipa::path(
    get, path = "/api/schedules", tag = "schedules", operation_id = "listSchedules",
    params(parameters::SchedulePart),
    responses(
        (status = 200, description = "A page of schedules", body = SchedulePage),
    ),
)]
pub(super) async fn list(callboard: Board, request: HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let limit = fields.read("limit", |g| g.integer(1..=MAX_PAGE)).unwrap_or(MAX_PAGE);
    let after = fields.read("cursor", jobs::cursor);
    query::finish(fields)?;
    reply::ok(&callboard.schedules(after, usize::try_from(limit).unwrap_or_default()).await?)
}

/// A schedule
///
/// With what became of its runs.
#[utoipa::path(
    get, path = "/api/schedules/{name}", tag = "schedules", operation_id = "getSchedule",
    params(parameters::NamePath),
    responses(
        (status = 200, description = "The schedule", body = ScheduleWithRuns),
    ),
)]
pub(super) async fn show(callboard: Board, name: Name, _: NoQuery) -> Reply {
    reply::ok(&callboard.schedule(&name.0).await?)
}

/// Make a schedule
#[utoipa::path(
    post, path = "/api/schedules", tag = "schedules", operation_id = "makeSchedule",
    request_body = compound::ScheduleBody,
    responses(
        (status = 201, description = "The schedule", body = ScheduleView, headers(("Location" = String, description = "Where it is."))),
        (status = 409, description = "There is one of this name."),
    ),
)]
pub(super) async fn make(callboard: Board, _: NoQuery, body: Body) -> Reply {
    let mut fields = body.fields()?;
    let name = fields.needed("name", new_job::text).unwrap_or_default();
    store(&callboard, fields, name, true).await
}

/// Make or replace a schedule
///
/// What is left out is as in a new one.
#[utoipa::path(
    put, path = "/api/schedules/{name}", tag = "schedules", operation_id = "putSchedule",
    params(parameters::SchedulePath),
    request_body = compound::SchedulePutBody,
    responses(
        (status = 200, description = "The schedule as it is now", body = ScheduleView),
        (status = 201, description = "The new schedule", body = ScheduleView, headers(("Location" = String, description = "Where it is."))),
        (status = 409, description = "It stands in the configuration."),
    ),
)]
pub(super) async fn put(callboard: Board, name: Name, _: NoQuery, body: Body) -> Reply {
    let mut fields = body.fields()?;
    let said = fields.read("name", new_job::text);
    if said.is_some_and(|said| said != name.0) {
        fields.fault("name", "is not the one in the path; a schedule keeps its name");
    }
    store(&callboard, fields, name.0, false).await
}

async fn store(callboard: &Callboard, mut fields: Fields<'_>, name: String, new: bool) -> Reply {
    let schedule = read(&mut fields, name, callboard);
    query::finish(fields)?;
    let (schedule, made) = callboard.put_schedule(schedule, new).await?;
    if !made {
        return reply::ok(&schedule);
    }
    let place = format!("/api/schedules/{}", schedule.name);
    let body = reply::bytes(&schedule)?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, place))
        .content_type("application/json")
        .body(body))
}

/// Delete a schedule
///
/// Jobs that it made stay.
#[utoipa::path(
    delete, path = "/api/schedules/{name}", tag = "schedules", operation_id = "deleteSchedule",
    params(parameters::NamePath),
    responses(
        (status = 200, description = "The schedule as it was", body = ScheduleView),
        (status = 409, description = "It stands in the configuration."),
    ),
)]
pub(super) async fn delete(callboard: Board, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.delete_schedule(&name.0).await?)
}

/// Run a schedule now
///
/// Beside its times, also while it is paused.
#[utoipa::path(
    post, path = "/api/schedules/{name}/run", tag = "schedules", operation_id = "runSchedule",
    params(parameters::NamePath),
    responses(
        (status = 201, description = "The new job", body = Job, headers(("Location" = String, description = "Where it is."))),
        (status = 200, description = "The job that stood in its way", body = Job, headers(("Duplicate" = String, description = "`true`."), ("Location" = String, description = "Where it is."))),
        (status = 409, description = "A job stands in its way, and that was to be refused."),
    ),
)]
pub(super) async fn run(callboard: Board, name: Name, _: NoQuery, _: NoBody) -> Reply {
    jobs::enqueued(&callboard.run_schedule(&name.0).await?)
}

/// Pause a schedule
#[utoipa::path(
    post, path = "/api/schedules/{name}/pause", tag = "schedules", operation_id = "pauseSchedule",
    params(parameters::NamePath),
    responses(
        (status = 200, description = "The schedule as it is now", body = ScheduleView),
    ),
)]
pub(super) async fn pause(callboard: Board, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_schedule(&name.0, true).await?)
}

/// Resume a schedule
#[utoipa::path(
    post, path = "/api/schedules/{name}/resume", tag = "schedules", operation_id = "resumeSchedule",
    params(parameters::NamePath),
    responses(
        (status = 200, description = "The schedule as it is now", body = ScheduleView),
    ),
)]
pub(super) async fn resume(callboard: Board, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_schedule(&name.0, false).await?)
}

/// Reads a schedule but for its name. Faults stay in `fields`.
pub(super) fn read(fields: &mut Fields<'_>, name: String, usual: &impl Usual) -> GivenSchedule {
    for field in ["run_at", "delay_secs"] {
        if fields.has(field) {
            fields.fault(field, NOT_HERE);
        }
    }
    let mut job = new_job::whole(fields, usual);
    job.run_at = None;
    let cron = fields.text("cron");
    let every_secs = fields.nullable("every_secs", Given::number).flatten();
    let timezone = fields.text("timezone");
    let timing = Timing::new(cron.as_deref(), every_secs, timezone.as_deref());
    let misfire = fields.nullable("misfire", Given::word).flatten().unwrap_or_default();
    let overlap = fields.nullable("overlap", Given::word).flatten().unwrap_or_default();
    let paused = fields.read("paused", Given::flag);
    let timing = timing.unwrap_or_else(|faults| {
        for (field, message) in faults {
            fields.fault(field, message);
        }
        Timing::default()
    });
    GivenSchedule { name, spec: ScheduleSpec { timing, misfire, overlap, job }, paused }
}
