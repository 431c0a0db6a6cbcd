//! The list of jobs.

use actix_web::HttpRequest;
use actix_web::web::{Data, ServiceConfig};
use askama::Template;

use super::super::reply::Reply;
use super::super::resource;
use super::filters::{Chip, Wanted};
use super::form::Form;
use super::json_view::last_line;
use super::page;
use super::ui::{Section, Ui};
use super::visit::Visit;
use crate::domain::{Job, Order, State};
use crate::runtime::Callboard;
use crate::runtime::callboard::by_state;

/// Jobs on a page.
const PAGE: usize = 50;
/// Tags that are shown in a row.
const TAGS: usize = 1;

/// A tab for the jobs of one state.
struct Tab {
    state: Option<State>,
    count: Option<i64>,
    href: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct JobsPage {
    ui: Ui,
    tabs: Vec<Tab>,
    chips: Vec<Chip>,
    jobs: Vec<Job>,
    /// The next page of the list.
    next: Option<String>,
    wanted: Wanted,
    types: Vec<String>,
    queues: Vec<String>,
    /// Whether that order is offered.
    by_priority: bool,
}

/// Mounts the page.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/jobs").get(list).mount(config);
}

async fn list(callboard: Data<Callboard>, visit: Visit, request: HttpRequest) -> Reply {
    let zone = visit.zone.clone();
    let mut wanted = Wanted::read(&Form::of_query(request.query_string()), &zone)?;
    let counters = callboard.counters().await?;
    let any = |names: &[String], name: &str| names.is_empty() || names.iter().any(|n| n == name);
    let counts = by_state(&counters, |job_type, queue| {
        any(&wanted.filter.job_type, job_type) && any(&wanted.filter.queue, queue)
    });
    let in_states = wanted.filter.state.iter().filter_map(|state| counts.get(state)).sum();
    if wanted.order == Order::Priority && !wanted.may_go_by_priority(Some(in_states)) {
        wanted = wanted.in_usual_order();
    }
    let found = callboard.list(wanted.filter.clone(), wanted.order, wanted.cursor.clone(), PAGE).await?;
    let tab = |state: Option<State>| Tab {
        state,
        count: wanted.is_counted().then(|| match state {
            Some(state) => counts.get(&state).copied().unwrap_or_default(),
            None => counts.values().sum(),
        }),
        href: wanted.with_state(state),
        current: wanted.filter.state.first().copied() == state && wanted.filter.state.len() < 2,
    };
    let types = callboard.job_type_names().into_iter();
    page(&JobsPage {
        tabs: std::iter::once(None).chain(State::ALL.map(Some)).map(tab).collect(),
        chips: wanted.chips(&zone),
        by_priority: wanted.may_go_by_priority(Some(in_states)),
        jobs: found.jobs,
        next: found.next_cursor.map(|cursor| wanted.at(&cursor)),
        types: names(types.chain(counters.iter().map(|(t, ..)| t.clone()))),
        queues: names(counters.iter().map(|(_, q, ..)| q.clone())),
        wanted,
        ui: visit.ui(&callboard, Section::Jobs).await?,
    })
}

fn names(all: impl Iterator<Item = String>) -> Vec<String> {
    all.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

impl JobsPage {
    /// What a filter field holds.
    fn value(&self, name: &str) -> &str {
        self.wanted.form.get(name).unwrap_or_default()
    }

    fn time_value(&self, name: &str) -> String {
        self.wanted
            .form
            .get(name)
            .and_then(|text| text.parse().ok())
            .map_or_else(String::new, |at| self.ui.zone.input(at))
    }

    fn is_order(&self, order: &str) -> bool {
        order.parse() == Ok(self.wanted.order)
    }

    /// Whether a search stopped before it had a page: it looks at so many jobs at a time.
    fn breaks_off(&self) -> bool {
        self.next.is_some() && self.jobs.len() < PAGE
    }

    /// New jobs belong at the top of the list.
    fn is_newest_first(&self) -> bool {
        self.wanted.order == Order::Newest && self.wanted.cursor.is_none()
    }

    fn first_tags<'a>(&self, job: &'a Job) -> &'a [String] {
        &job.tags[..job.tags.len().min(TAGS)]
    }

    fn more_tags(&self, job: &Job) -> usize {
        job.tags.len().saturating_sub(TAGS)
    }

    /// What went wrong, in a line.
    fn error_line(&self, job: &Job) -> Option<String> {
        job.error.as_deref().filter(|_| job.state != State::Completed).map(last_line)
    }

    /// How many jobs the list has in all, if that is known.
    fn matching(&self) -> Option<i64> {
        self.tabs.iter().find(|tab| tab.current)?.count
    }

    fn took(&self, job: &Job) -> Option<String> {
        let started = job.started_at?;
        let until = job.completed_at.or((job.state == State::Running).then_some(self.ui.now))?;
        Some(self.ui.took(until.as_millis() - started.as_millis()))
    }
}
