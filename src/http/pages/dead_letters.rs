//! The dead letters, in groups of one type and one kind of error.

use actix_web::web::ServiceConfig;
use askama::Template;

use super::super::board::Board;
use super::super::reply::Reply;
use super::super::resource;
use super::confirm::{self, ConfirmPage, SURE};
use super::form::{Form, Posted};
use super::json_view::printable;
use super::page;
use super::ui::{Section, Ui};
use super::visit::Visit;
use crate::domain::State;
use crate::domain::failure_kind::common_text;
use crate::error::Error;
use crate::runtime::callboard::{Action, DeadGroup, LOOKED_AT};

/// Groups that are shown.
const GROUPS: usize = 100;
/// Characters of an error that are shown.
const MAX_ERROR: usize = 600;

#[derive(Template)]
#[template(path = "dead_letters.html")]
struct DeadLettersPage {
    ui: Ui,
    groups: Vec<DeadGroup>,
    left_out: usize,
}

/// Mounts the page and its actions.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/dead-letters").get(list).mount(config);
    resource::at("/dead-letters/actions").post(act).mount(config);
}

async fn list(callboard: Board, visit: Visit) -> Reply {
    let mut groups = callboard.dead_groups().await?;
    let left_out = groups.len().saturating_sub(GROUPS);
    groups.truncate(GROUPS);
    page(&DeadLettersPage { ui: visit.ui(&callboard, Section::DeadLetters).await?, groups, left_out })
}

async fn act(callboard: Board, visit: Visit, Posted(form): Posted) -> Reply {
    let action = confirm::action(&form)?;
    if action == Action::Cancel {
        return Err(Error::invalid("action", "must be retry or delete: these jobs have ended").into());
    }
    let job_type = form.get("job_type").unwrap_or_default();
    // An error that says nothing has an empty kind.
    let kind = form.get("kind").unwrap_or_default();
    if form.get(SURE).is_some() {
        let acted = callboard.act_on_group(action, job_type, kind).await?;
        return confirm::done(action, acted, "/dead-letters");
    }
    let groups = callboard.dead_groups().await?;
    let count = groups.iter().find(|g| g.job_type == job_type && g.kind == kind).map_or(0, |g| g.count);
    let ui = visit.ui(&callboard, Section::DeadLetters).await?;
    let at_least = ui.count(State::Failed) > i64::from(LOOKED_AT);
    let back = "/dead-letters".to_owned();
    page(&ConfirmPage::new(ui, action, count, at_least, "/dead-letters/actions", form, back))
}

impl DeadLettersPage {
    /// Whether there are more than the groups were made from.
    fn looked_at(&self) -> Option<i64> {
        (self.ui.count(State::Failed) > i64::from(LOOKED_AT)).then_some(i64::from(LOOKED_AT))
    }

    /// The jobs of a group in the list of jobs.
    fn href(&self, group: &DeadGroup) -> String {
        let form = Form::default().with("state", State::Failed.as_str()).with("job_type", &group.job_type);
        let text = common_text(&group.kind);
        let form = if text.is_empty() { form } else { form.with("q", text) };
        format!("/jobs?{}", form.to_query())
    }

    fn error(&self, group: &DeadGroup) -> String {
        printable(&group.error, MAX_ERROR)
    }
}
