//! Schedules: the list, one of them, and what can be done with it.

use actix_web::HttpRequest;
use actix_web::web::ServiceConfig;
use askama::Template;

use super::super::board::Board;
use super::super::path::Name;
use super::super::reply::Reply;
use super::super::{jobs, query, resource};
use super::form::Posted;
use super::json_view::{JsonView, Kind};
use super::notice::Notice;
use super::runs_spark::{HEIGHT, RunsSpark};
use super::ui::{Section, Ui};
use super::visit::Visit;
use super::{go, page};
use crate::domain::schedule::{MAX_HISTORY, Owner, RunOutcome, Trigger};
use crate::domain::{ScheduleRun, Timestamp};
use crate::runtime::callboard::ScheduleView;

/// Schedules on a page.
const PAGE: usize = 50;
/// Runs in the line of a schedule in the list.
const RUNS: i64 = 30;

/// A schedule in the list.
struct Row {
    schedule: ScheduleView,
    words: String,
    spark: RunsSpark,
}

#[derive(Template)]
#[template(path = "schedules.html")]
struct SchedulesPage {
    ui: Ui,
    rows: Vec<Row>,
    next: Option<String>,
    is_first: bool,
}

#[derive(Template)]
#[template(path = "schedule.html")]
struct SchedulePage {
    ui: Ui,
    schedule: ScheduleView,
    words: String,
    args: JsonView,
    spark: RunsSpark,
    history: Vec<ScheduleRun>,
}

/// Mounts the pages and their actions; `/schedules/new` comes before.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/schedules").get(list).mount(config);
    resource::at("/schedules/{name}").get(show).mount(config);
    resource::at("/schedules/{name}/run").post(run).mount(config);
    resource::at("/schedules/{name}/pause").post(pause).mount(config);
    resource::at("/schedules/{name}/resume").post(resume).mount(config);
    resource::at("/schedules/{name}/delete").post(delete).mount(config);
}

async fn list(callboard: Board, visit: Visit, request: HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let after = fields.read("cursor", jobs::cursor);
    query::finish(fields)?;
    let found = callboard.schedules(after.clone(), PAGE).await?;
    let mut histories = callboard.schedule_histories(after.clone(), PAGE, RUNS).await?;
    let ui = visit.ui(&callboard, Section::Schedules).await?;
    let row = |schedule: ScheduleView| Row {
        words: schedule.timing.describe(ui.language.tongue()),
        spark: RunsSpark::of(&ui, &histories.remove(&schedule.name).unwrap_or_default(), RUNS),
        schedule,
    };
    let rows = found.schedules.into_iter().map(row).collect();
    page(&SchedulesPage { rows, next: found.next_cursor, is_first: after.is_none(), ui })
}

async fn show(callboard: Board, name: Name, visit: Visit) -> Reply {
    let found = callboard.schedule(&name.0).await?;
    let ui = visit.ui(&callboard, Section::Schedules).await?;
    let oldest_first: Vec<ScheduleRun> = found.history.iter().rev().cloned().collect();
    page(&SchedulePage {
        words: found.schedule.timing.describe(ui.language.tongue()),
        args: JsonView::of(found.schedule.job.args.as_str()),
        spark: RunsSpark::of(&ui, &oldest_first, MAX_HISTORY),
        history: found.history,
        schedule: found.schedule,
        ui,
    })
}

async fn run(callboard: Board, name: Name, _: Posted) -> Reply {
    let enqueued = callboard.run_schedule(&name.0).await?;
    let notice = if enqueued.duplicate { "notice-duplicate" } else { "notice-enqueued" };
    back(&name, notice, enqueued.job.id)
}

async fn pause(callboard: Board, name: Name, _: Posted) -> Reply {
    callboard.pause_schedule(&name.0, true).await?;
    back(&name, "notice-paused", 0)
}

async fn resume(callboard: Board, name: Name, _: Posted) -> Reply {
    callboard.pause_schedule(&name.0, false).await?;
    back(&name, "notice-resumed", 0)
}

async fn delete(callboard: Board, name: Name, _: Posted) -> Reply {
    callboard.delete_schedule(&name.0).await?;
    go("/schedules", Notice::new("notice-schedule-deleted", 0))
}

/// Leads on to the page of a schedule. Its name has no character that a path would have to escape.
pub(super) fn back(name: &Name, notice: &'static str, n: i64) -> Reply {
    go(&format!("/schedules/{}", name.0), Notice::new(notice, n))
}

impl Row {
    /// When it runs next.
    fn next(&self) -> Option<Timestamp> {
        self.schedule.next_runs.first().copied()
    }
}

impl SchedulePage {
    /// The word for what came of a run.
    fn outcome(&self, run: &ScheduleRun) -> String {
        let id = match (run.outcome, run.trigger) {
            (RunOutcome::Enqueued, Trigger::Manual) => "run-by-hand",
            (RunOutcome::Enqueued, Trigger::Time) => "run-enqueued",
            (RunOutcome::Skipped, _) => "run-skipped",
            (RunOutcome::Missed, _) => "run-missed",
        };
        self.ui.t(id)
    }

    /// Whether it can be changed here.
    fn is_ours(&self) -> bool {
        self.schedule.owner == Owner::Api
    }
}
