//! What can be done to one job.

use actix_web::web::ServiceConfig;

use super::super::board::Board;
use super::super::path::JobId;
use super::super::query;
use super::super::reply::Reply;
use super::super::{job_patch, resource, signals};
use super::form::{Form, Posted};
use super::go;
use super::notice::Notice;
use super::visit::Visit;

/// Mounts the actions.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/jobs/{id}/retry").post(retry).mount(config);
    resource::at("/jobs/{id}/cancel").post(cancel).mount(config);
    resource::at("/jobs/{id}/change").post(change).mount(config);
    resource::at("/jobs/{id}/signal").post(signal).mount(config);
}

async fn retry(callboard: Board, id: JobId, _: Posted) -> Reply {
    callboard.retry(id.0).await?;
    back(id, "notice-retried")
}

async fn cancel(callboard: Board, id: JobId, _: Posted) -> Reply {
    let cancelled = callboard.cancel(id.0).await?;
    back(id, if cancelled.at_once { "notice-cancelled" } else { "notice-cancel-asked" })
}

async fn change(callboard: Board, id: JobId, visit: Visit, Posted(form): Posted) -> Reply {
    let form = said(&form, &visit);
    let mut fields = form.fields();
    let mut patch = job_patch::read(&mut fields);
    // The form always shows the tags, so none of them means none.
    patch.tags.get_or_insert_default();
    query::finish(fields)?;
    callboard.patch(id.0, patch).await?;
    back(id, "notice-changed")
}

async fn signal(callboard: Board, id: JobId, Posted(form): Posted) -> Reply {
    let payload = signals::payload(form.get("payload").unwrap_or_default())?;
    callboard.signal(id.0, form.get("name").unwrap_or_default(), payload).await?;
    back(id, "notice-signalled")
}

/// The form as the API has it: tags apart, and a time that was emptied means now.
fn said(form: &Form, visit: &Visit) -> Form {
    let run_at = match form.get("run_at") {
        Some(text) => visit.zone.read(text).map_or_else(|| text.to_owned(), |at| at.to_string()),
        None => "null".to_owned(),
    };
    let form = form.without(&["run_at"]).split("tags", "tag");
    // A job that waits for nothing but its turn stays as it is without a time.
    form.with("run_at", run_at)
}

fn back(id: JobId, notice: &'static str) -> Reply {
    go(&format!("/jobs/{}", id.0), Notice::new(notice, id.0))
}
