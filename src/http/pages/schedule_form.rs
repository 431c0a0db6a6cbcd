//! The form for a schedule, new or changed.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use askama::Template;

use super::super::board::Board;
use super::super::path::Name;
use super::super::reply::Reply;
use super::super::{new_job, resource, schedules as api};
use super::form::{Form, Posted};
use super::schedules::back;
use super::ui::{Section, Ui};
use super::visit::Visit;
use super::{page, page_with};
use crate::domain::schedule::{Misfire, Overlap};
use crate::domain::{NewJob, ScheduleSpec};
use crate::error::{Error, FieldFault};
use crate::runtime::Callboard;
use crate::runtime::callboard::{JobTypeInfo, ScheduleView};
use crate::store::verbs::schedules::Given;

#[derive(Template)]
#[template(path = "schedule_form.html")]
struct FormPage {
    ui: Ui,
    types: Vec<JobTypeInfo>,
    /// The schedule that is changed; `None`: a new one.
    of: Option<String>,
    form: Form,
    faults: Vec<FieldFault>,
}

/// Mounts the pages. They come before those of single schedules.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/schedules/new").get(show_new).post(create).mount(config);
    resource::at("/schedules/{name}/edit").get(show_edit).post(change).mount(config);
}

async fn show_new(callboard: Board, visit: Visit, request: HttpRequest) -> Reply {
    let zone = Some(visit.zone.name()).filter(|name| !name.is_empty()).unwrap_or("UTC").to_owned();
    let form = Form::of_query(request.query_string()).with("timezone", zone).with("args", "{}");
    form_page(&callboard, visit, None, form, Vec::new()).await
}

async fn show_edit(callboard: Board, name: Name, visit: Visit) -> Reply {
    let schedule = callboard.schedule(&name.0).await?.schedule;
    form_page(&callboard, visit, Some(name.0), filled(&schedule), Vec::new()).await
}

async fn create(callboard: Board, visit: Visit, Posted(form): Posted) -> Reply {
    let name = Name(form.get("name").unwrap_or_default().trim().to_owned());
    let saved = save(&callboard, &form, &name.0, None).await?;
    match saved {
        Ok(()) => back(&name, "notice-schedule-created", 0),
        Err(faults) => form_page(&callboard, visit, None, form, faults).await,
    }
}

async fn change(callboard: Board, name: Name, visit: Visit, Posted(form): Posted) -> Reply {
    let was = callboard.schedule(&name.0).await?.schedule;
    match save(&callboard, &form, &name.0, Some(was)).await? {
        Ok(()) => back(&name, "notice-schedule-changed", 0),
        Err(faults) => form_page(&callboard, visit, Some(name.0), form, faults).await,
    }
}

async fn form_page(
    callboard: &Callboard,
    visit: Visit,
    of: Option<String>,
    form: Form,
    faults: Vec<FieldFault>,
) -> Reply {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let types = callboard.plain_job_types().await?;
    let ui = visit.ui(callboard, Section::Schedules).await?;
    let shown = FormPage { ui, types, of, form, faults };
    if status == StatusCode::OK { page(&shown) } else { page_with(status, &shown) }
}

/// Stores what a form says. The inner error is for the form to show.
async fn save(
    callboard: &Callboard,
    form: &Form,
    name: &str,
    was: Option<ScheduleView>,
) -> Result<Result<(), Vec<FieldFault>>, Error> {
    let given = match read(form, name, callboard) {
        Ok(given) => given,
        Err(faults) => return Ok(Err(faults)),
    };
    let new = was.is_none();
    let given = was.map_or(given.clone(), |was| with_the_rest(given, &was.job));
    match callboard.put_schedule(given, new).await {
        Ok(_) => Ok(Ok(())),
        Err(Error::Invalid(faults)) => Ok(Err(faults)),
        Err(Error::Conflict(why)) if new => Ok(Err(vec![FieldFault::new("name", why)])),
        Err(other) => Err(other),
    }
}

fn read(form: &Form, name: &str, usual: &impl new_job::Usual) -> Result<Given, Vec<FieldFault>> {
    let unlimited = form.get("timeout_secs") == Some("none");
    let form = form.without(&["name"]).split("tags", "tag");
    let form = if unlimited { form.without(&["timeout_secs"]).with("timeout_secs", "null") } else { form };
    let mut fields = form.fields();
    let given = api::read(&mut fields, name.to_owned(), usual);
    fields.finish().map(|()| given)
}

/// What the form does not show stays as it was.
fn with_the_rest(given: Given, was: &NewJob) -> Given {
    let job = NewJob {
        metadata: was.metadata.clone(),
        unique: was.unique.clone(),
        backoff: was.backoff,
        parent_job_id: was.parent_job_id,
        depends_on: was.depends_on.clone(),
        on_parent_failure: was.on_parent_failure,
        ..given.spec.job
    };
    Given { spec: ScheduleSpec { job, ..given.spec }, ..given }
}

/// The form of a schedule that is there.
fn filled(schedule: &ScheduleView) -> Form {
    let job = &schedule.job;
    let timeout =
        job.timeout_secs.map(|secs| secs.map_or_else(|| "none".to_owned(), |secs| secs.to_string()));
    let fields = [
        ("cron", schedule.cron.clone()),
        ("every_secs", schedule.every_secs.map(|secs| secs.to_string())),
        ("timezone", Some(schedule.timezone.clone())),
        ("misfire", Some(schedule.misfire.as_str().to_owned())),
        ("overlap", Some(schedule.overlap.as_str().to_owned())),
        ("job_type", Some(job.job_type.clone())),
        ("args", Some(job.args.to_string())),
        ("queue", Some(job.queue.clone())),
        ("priority", Some(job.priority.to_string())),
        ("target_id", job.target_id.clone()),
        ("key", job.key.clone()),
        ("tags", Some(job.tags.join(", "))),
        ("max_retries", job.max_retries.map(|n| n.to_string())),
        ("timeout_secs", timeout),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

impl FormPage {
    /// What a field holds.
    fn value(&self, name: &str) -> &str {
        self.form.get(name).unwrap_or_default()
    }

    /// What is wrong with a field, or with a part of it.
    fn fault(&self, name: impl AsRef<str>) -> Option<String> {
        let name = name.as_ref();
        let of = |fault: &FieldFault| match fault.field.strip_prefix(name) {
            Some("") => Some(fault.message.clone()),
            Some(part) if part.starts_with(['.', '[']) => Some(format!("{} {}", fault.field, fault.message)),
            _ => None,
        };
        self.faults.iter().find_map(of)
    }

    /// Where it is posted.
    fn action(&self) -> String {
        match &self.of {
            Some(name) => format!("/schedules/{name}/edit"),
            None => "/schedules/new".to_owned(),
        }
    }

    /// A list to choose from: the words, and which is chosen.
    fn choices(&self, field: &str) -> Vec<(&'static str, bool)> {
        let words: Vec<&'static str> = match field {
            "misfire" => Misfire::ALL.iter().map(|misfire| misfire.as_str()).collect(),
            _ => Overlap::ALL.iter().map(|overlap| overlap.as_str()).collect(),
        };
        words.into_iter().map(|word| (word, self.value(field) == word)).collect()
    }
}
