//! The form for a new job.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig};
use askama::Template;

use super::super::reply::Reply;
use super::super::{new_job, resource};
use super::form::{Form, Posted};
use super::notice::Notice;
use super::schema_form::{self, Field, Input};
use super::ui::{Section, Ui};
use super::visit::Visit;
use super::{go, page, page_with};
use crate::domain::{Job, Json, NewJob};
use crate::error::{Error, FieldFault};
use crate::runtime::Callboard;
use crate::runtime::callboard::{Enqueued, JobTypeInfo};

#[derive(Template)]
#[template(path = "new_job.html")]
struct NewJobPage {
    ui: Ui,
    types: Vec<JobTypeInfo>,
    job_type: String,
    /// The fields of the args; none: they are written as JSON.
    fields: Vec<Field>,
    /// The args as JSON.
    args: String,
    /// Everything else as it was filled in.
    form: Form,
    faults: Vec<FieldFault>,
}

/// Mounts the page.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/new").get(show).post(enqueue).mount(config);
}

async fn show(callboard: Data<Callboard>, visit: Visit, request: HttpRequest) -> Reply {
    let query = Form::of_query(request.query_string());
    let types = callboard.plain_job_types().await?;
    let model = match query.get("from").and_then(|id| id.parse().ok()) {
        Some(id) => Some(callboard.job(id).await?),
        None => None,
    };
    let first = types.iter().find(|t| t.available).map(|t| t.name.clone()).unwrap_or_default();
    let job_type = model.as_ref().map(|job| job.job_type.clone());
    let job_type = job_type.or_else(|| query.get("type").map(str::to_owned)).unwrap_or(first);
    let as_json = query.get("json").is_some();
    let fields = fields_of(&types, &job_type).filter(|_| !as_json);
    let (fields, args) = match &model {
        None => (fields.unwrap_or_default(), "{}".to_owned()),
        Some(job) => {
            let filled = fields.and_then(|fields| schema_form::fill(fields, job.args.as_str()));
            (filled.unwrap_or_default(), job.args.to_string())
        }
    };
    let ui = visit.ui(&callboard, Section::NewJob).await?;
    let form = model.as_ref().map(like).unwrap_or_default();
    page(&NewJobPage { ui, types, job_type, fields, args, form, faults: Vec::new() })
}

async fn enqueue(callboard: Data<Callboard>, visit: Visit, Posted(form): Posted) -> Reply {
    let types = callboard.plain_job_types().await?;
    let job_type = form.get("job_type").unwrap_or_default().to_owned();
    let as_json = form.get("args").is_some();
    let fields = fields_of(&types, &job_type).filter(|_| !as_json).unwrap_or_default();
    let text = form.get("args").unwrap_or("{}").to_owned();
    let (fields, args) = if fields.is_empty() {
        (fields, Json::checked(&text).map_err(|message| vec![FieldFault::new("args", message)]))
    } else {
        schema_form::read(fields, &form)
    };
    let job = read(&form, job_type.clone(), args, &callboard, &visit);
    let faults = match job {
        Err(faults) => faults,
        Ok(job) => match enqueue_like(&callboard, &form, job).await {
            Ok(enqueued) => return enqueued_page(&enqueued),
            Err(Error::Invalid(faults)) => faults,
            Err(other) => return Err(other.into()),
        },
    };
    let ui = visit.ui(&callboard, Section::NewJob).await?;
    let page = NewJobPage { ui, types, job_type, fields, args: text, form, faults };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Enqueues a job; what the form does not show of the secrets of the job that it began with is as it was
/// there.
async fn enqueue_like(callboard: &Callboard, form: &Form, job: NewJob) -> Result<Enqueued, Error> {
    let job = match form.get("from").and_then(|id| id.parse().ok()) {
        Some(id) => callboard.with_secrets_of(id, job).await?,
        None => job,
    };
    callboard.enqueue(job).await
}

fn enqueued_page(enqueued: &Enqueued) -> Reply {
    let id = enqueued.job.id;
    let notice = if enqueued.duplicate { "notice-duplicate" } else { "notice-enqueued" };
    go(&format!("/jobs/{id}"), Notice::new(notice, id))
}

fn fields_of(types: &[JobTypeInfo], job_type: &str) -> Option<Vec<Field>> {
    schema_form::fields(&types.iter().find(|t| t.name == job_type)?.args_schema)
}

/// The job that a form asks for, or all that is wrong with it.
fn read(
    form: &Form,
    job_type: String,
    args: Result<Json, Vec<FieldFault>>,
    callboard: &Callboard,
    visit: &Visit,
) -> Result<NewJob, Vec<FieldFault>> {
    let run_at = form
        .get("run_at")
        .map(|text| visit.zone.read(text).map_or_else(|| text.to_owned(), |at| at.to_string()));
    let others: Form = form
        .iter()
        .filter(|(name, _)| !name.starts_with("args") && !["job_type", "run_at", "from"].contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let others = others.split("tags", "tag").split("depends_on", "depends_on");
    let others = run_at.into_iter().fold(others, |form, at| form.with("run_at", at));
    let mut fields = others.fields();
    let plain = args.as_ref().cloned().unwrap_or_else(|_| Json::empty_object());
    let job = new_job::around(&mut fields, job_type, plain, callboard);
    match (args, fields.finish()) {
        (Ok(_), Ok(())) => Ok(job),
        (args, others) => {
            Err(args.err().into_iter().flatten().chain(others.err().into_iter().flatten()).collect())
        }
    }
}

/// The fields of a form for a job like another. Its key and its time are its own.
fn like(job: &Job) -> Form {
    let form = Form::default().with("queue", &job.queue).with("priority", job.priority.to_string());
    let form = form.with("max_retries", job.max_retries.to_string()).with("tags", job.tags.join(", "));
    let form =
        form.with("target_id", job.target_id.clone().unwrap_or_default()).with("from", job.id.to_string());
    match job.timeout_secs.filter(|_| !job.timeout_inherited) {
        Some(secs) => form.with("timeout_secs", secs.to_string()),
        None => form,
    }
}

impl NewJobPage {
    /// What a field holds.
    fn value(&self, name: &str) -> &str {
        self.form.get(name).unwrap_or_default()
    }

    /// What is wrong with a field.
    fn fault(&self, name: impl AsRef<str>) -> Option<&str> {
        self.faults.iter().find(|fault| fault.field == name.as_ref()).map(|fault| fault.message.as_str())
    }

    /// The type that is chosen.
    fn chosen(&self) -> Option<&JobTypeInfo> {
        self.types.iter().find(|t| t.name == self.job_type)
    }

    /// Faults at fields that the form does not show.
    fn other_faults(&self) -> Vec<&FieldFault> {
        const SHOWN: [&str; 11] = [
            "job_type",
            "args",
            "queue",
            "priority",
            "target_id",
            "key",
            "tags",
            "run_at",
            "depends_on",
            "max_retries",
            "timeout_secs",
        ];
        let shown = |field: &str| {
            SHOWN.contains(&field) || self.fields.iter().any(|f| field.strip_prefix("args.") == Some(&f.name))
        };
        self.faults.iter().filter(|fault| !shown(&fault.field)).collect()
    }
}
