//! Actions on many jobs: asked about once, with their number, and then done.

use actix_web::web::ServiceConfig;
use askama::Template;

use super::super::board::Board;
use super::super::problem::Problem;
use super::super::reply::Reply;
use super::super::resource;
use super::filters::Wanted;
use super::form::{Form, Posted};
use super::notice::Notice;
use super::ui::{Section, Ui};
use super::visit::Visit;
use super::{go, own_path, page};
use crate::domain::JobFilter;
use crate::domain::ident::MAX_BULK;
use crate::error::{Error, FieldFault};
use crate::runtime::callboard::{Acted, Action};

/// Jobs that are counted for the question; beyond that it says "or more".
const COUNTED: usize = 10_000;

/// The field by which a form says that the question was answered with yes.
pub(super) const SURE: &str = "sure";

#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct ConfirmPage {
    ui: Ui,
    /// The message of the question; it takes a number.
    question: &'static str,
    /// The message on the button.
    verb: &'static str,
    count: i64,
    /// There may be more.
    at_least: bool,
    danger: bool,
    /// Where the answer is posted.
    to: &'static str,
    form: Form,
    back: String,
}

/// Mounts the action.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/jobs/actions").post(act).mount(config);
}

async fn act(callboard: Board, visit: Visit, Posted(form): Posted) -> Reply {
    let action = action(&form)?;
    let filter = filter(&form, &visit)?;
    let back = own_path(form.get("back"), "/jobs").to_owned();
    if form.get(SURE).is_some() {
        return done(action, callboard.act(action, filter).await?, &back);
    }
    let searched = filter.q.is_some();
    let count = callboard.count(filter, COUNTED).await?;
    let at_least = searched || count >= COUNTED as u64;
    let ui = visit.ui(&callboard, Section::Jobs).await?;
    page(&ConfirmPage::new(ui, action, count, at_least, "/jobs/actions", form, back))
}

impl ConfirmPage {
    /// The question whether to do something to so many jobs.
    pub(super) fn new(
        ui: Ui,
        action: Action,
        count: u64,
        at_least: bool,
        to: &'static str,
        form: Form,
        back: String,
    ) -> Self {
        let (question, verb) = match action {
            Action::Retry => ("confirm-retry", "action-retry"),
            Action::Cancel => ("confirm-cancel", "action-cancel"),
            Action::Delete => ("confirm-delete", "action-delete"),
        };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Self { ui, question, verb, count, at_least, danger: action != Action::Retry, to, form, back }
    }
}

/// The action that a form names.
pub(super) fn action(form: &Form) -> Result<Action, Problem> {
    match form.get("action") {
        Some("retry") => Ok(Action::Retry),
        Some("cancel") => Ok(Action::Cancel),
        Some("delete") => Ok(Action::Delete),
        _ => Err(Error::invalid("action", "must be retry, cancel or delete").into()),
    }
}

/// Goes back and tells how many jobs were changed.
pub(super) fn done(action: Action, acted: Acted, back: &str) -> Reply {
    let id = match action {
        Action::Retry => "notice-retried-many",
        Action::Cancel => "notice-cancelled-many",
        Action::Delete => "notice-deleted-many",
    };
    go(back, Notice::new(id, i64::try_from(acted.changed).unwrap_or(i64::MAX)))
}

/// The jobs that were selected, or all that a list shows.
fn filter(form: &Form, visit: &Visit) -> Result<JobFilter, Problem> {
    if form.get("all").is_some() {
        return Ok(Wanted::read(&Form::of_query(form.get("filter").unwrap_or_default()), &visit.zone)?.filter);
    }
    let ids: Vec<i64> = form.all("id").filter_map(|id| id.parse().ok()).collect();
    if ids.is_empty() || ids.len() > MAX_BULK {
        let fault = FieldFault::new("id", "select at least one job, or all that match");
        return Err(Problem::invalid(vec![fault]));
    }
    Ok(JobFilter { id: ids, ..JobFilter::default() })
}
