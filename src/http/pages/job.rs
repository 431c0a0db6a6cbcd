//! One job.

use actix_web::HttpRequest;
use actix_web::web::{Data, ServiceConfig};
use askama::Template;

use super::super::path::JobId;
use super::super::reply::Reply;
use super::super::resource;
use super::form::Form;
use super::json_view::{JsonView, Kind, printable};
use super::log_panel::LogPanel;
use super::page;
use super::timeline::{History, Timeline, WIDTH};
use super::ui::{Section, Ui};
use super::visit::Visit;
use super::waiting::Waits;
use crate::domain::lifecycle::{self, Move};
use crate::domain::{Attempt, Job, Outcome, SignalInfo, State, StepInfo, Timestamp};
use crate::runtime::Callboard;
use crate::store::views::family::Family;

/// Runs of the same type that are looked at.
const HISTORY: u32 = 40;
/// Characters of an error that are shown.
const MAX_ERROR: usize = 20_000;

#[derive(Template)]
#[template(path = "job.html")]
struct JobPage {
    ui: Ui,
    timeline: Timeline,
    history: Option<History>,
    family: Family,
    log: LogPanel,
    args: JsonView,
    metadata: JsonView,
    result: Option<JsonView>,
    job: Job,
}

/// Mounts the page.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/jobs/{id}").get(show).mount(config);
}

async fn show(callboard: Data<Callboard>, id: JobId, visit: Visit, request: HttpRequest) -> Reply {
    let query = Form::of_query(request.query_string());
    page(&JobPage::read(&callboard, id.0, visit, &query).await?)
}

/// When the last parent ended: not before now if one has not.
fn unblocked(family: &Family, now: Timestamp) -> Option<Timestamp> {
    family.parents.iter().map(|parent| parent.completed_at.unwrap_or(now)).max()
}

impl JobPage {
    async fn read(
        callboard: &Callboard,
        id: i64,
        visit: Visit,
        query: &Form,
    ) -> Result<Self, super::super::problem::Problem> {
        let job = callboard.job(id).await?;
        let runs = callboard.durations(&job.job_type, &job.queue, HISTORY).await?;
        let family = callboard.family(id).await?;
        let now = callboard.clock().now();
        Ok(Self {
            timeline: Timeline::of(&job, unblocked(&family, now), now),
            history: History::of(&runs),
            family,
            log: LogPanel::read(callboard, &job, query).await?,
            args: JsonView::of(job.args.as_str()),
            metadata: JsonView::of(job.metadata.as_str()),
            result: job.result.as_ref().map(|json| JsonView::of(json.as_str())),
            ui: visit.ui(callboard, Section::Jobs).await?,
            job,
        })
    }

    fn can_retry(&self) -> bool {
        lifecycle::rule(Move::Retry).from.contains(&self.job.state)
    }

    /// Whether to try again is what a visitor most likely came for.
    fn retry_class(&self) -> &'static str {
        if self.job.state == State::Completed { "" } else { "primary" }
    }

    fn can_cancel(&self) -> bool {
        !self.job.state.is_final() && self.job.cancel_requested_at.is_none()
    }

    fn can_change(&self) -> bool {
        !self.job.state.is_final() && self.job.state != State::Running
    }

    /// The word for how an attempt ended.
    fn outcome(&self, attempt: &Attempt) -> &'static str {
        attempt.outcome.map_or("running", Outcome::as_str)
    }

    fn first_line(&self, text: &str) -> String {
        printable(text.lines().next().unwrap_or_default(), 160)
    }

    fn error(&self, text: &str) -> String {
        printable(text, MAX_ERROR)
    }

    /// Why it waits, unless it is about to start.
    fn waits(&self) -> Option<Waits> {
        self.job.waiting_for.iter().flatten().next().map(|waiting| Waits::of(&self.ui, waiting))
    }

    fn steps(&self) -> &[StepInfo] {
        self.job.steps.as_deref().unwrap_or_default()
    }

    fn signals(&self) -> &[SignalInfo] {
        self.job.signals.as_deref().unwrap_or_default()
    }

    fn has_metadata(&self) -> bool {
        self.job.metadata.as_str() != "{}"
    }

    /// The time for which it waits, for the form.
    fn run_at_input(&self) -> String {
        self.job.run_at.map_or_else(String::new, |at| self.ui.zone.input(at))
    }

    fn has_progress(&self) -> bool {
        self.job.state == State::Running || self.job.progress.updated_at.is_some()
    }
}
