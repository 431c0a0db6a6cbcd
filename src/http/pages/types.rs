//! Job types and queues.

use actix_web::web::ServiceConfig;
use askama::Template;

use super::super::board::Board;
use super::super::path::Name;
use super::super::reply::Reply;
use super::super::{job_types, query, resource};
use super::chart::{HEIGHT, Line, PITCH, Span};
use super::form::{Form, Posted};
use super::notice::Notice;
use super::ui::{Section, Ui};
use super::visit::Visit;
use super::{go, page};
use crate::domain::status::QueueInfo;
use crate::domain::{KeyPath, RateLimit, State};
use crate::error::Error;
use crate::runtime::callboard::{JobTypeInfo, JobTypePatch};
use crate::store::views::throughput::Whose;

/// The sparkline: an hour in minutes.
const STEP_MS: i64 = 60_000;
const STEPS: usize = 60;

/// A job type and its last hour.
struct TypeRow {
    info: JobTypeInfo,
    hour: Line,
}

/// A queue and its last hour.
struct QueueRow {
    info: QueueInfo,
    hour: Line,
}

#[derive(Template)]
#[template(path = "types.html")]
struct TypesPage {
    ui: Ui,
    types: Vec<TypeRow>,
    queues: Vec<QueueRow>,
}

/// Mounts the page and its actions.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/types").get(list).mount(config);
    resource::at("/pause").post(pause).mount(config);
    resource::at("/resume").post(resume).mount(config);
    resource::at("/types/{name}/pause").post(pause_type).mount(config);
    resource::at("/types/{name}/resume").post(resume_type).mount(config);
    resource::at("/types/{name}/change").post(change).mount(config);
    resource::at("/queues/{name}/pause").post(pause_queue).mount(config);
    resource::at("/queues/{name}/resume").post(resume_queue).mount(config);
}

async fn list(callboard: Board, visit: Visit) -> Reply {
    let span = Span::until(callboard.clock().now(), STEP_MS, STEPS);
    let throughputs = callboard.throughputs(span.since, span.step_ms).await?;
    let row = |info: JobTypeInfo| {
        let hour = span.line_of(&throughputs, Whose::JobType(info.name.clone()));
        TypeRow { info, hour }
    };
    let queue_row = |info: QueueInfo| {
        let hour = span.line_of(&throughputs, Whose::Queue(info.name.clone()));
        QueueRow { info, hour }
    };
    // The page shows no versions of programs, which would have to be asked for.
    let mut types: Vec<TypeRow> = callboard.plain_job_types().await?.into_iter().map(row).collect();
    // Those that can do something first; the order is otherwise that of their names.
    types.sort_by_key(|row| !row.info.available);
    page(&TypesPage {
        types,
        queues: callboard.queues().await?.into_iter().map(queue_row).collect(),
        ui: visit.ui(&callboard, Section::Types).await?,
    })
}

async fn pause(callboard: Board, _: Posted) -> Reply {
    callboard.pause_all(true).await?;
    back("notice-paused")
}

async fn resume(callboard: Board, _: Posted) -> Reply {
    callboard.pause_all(false).await?;
    back("notice-resumed")
}

async fn pause_type(callboard: Board, name: Name, _: Posted) -> Reply {
    callboard.pause_job_type(&name.0, true).await?;
    back("notice-paused")
}

async fn resume_type(callboard: Board, name: Name, _: Posted) -> Reply {
    callboard.pause_job_type(&name.0, false).await?;
    back("notice-resumed")
}

async fn pause_queue(callboard: Board, name: Name, _: Posted) -> Reply {
    callboard.pause_queue(&name.0, true).await?;
    back("notice-paused")
}

async fn resume_queue(callboard: Board, name: Name, _: Posted) -> Reply {
    callboard.pause_queue(&name.0, false).await?;
    back("notice-resumed")
}

async fn change(callboard: Board, name: Name, Posted(form): Posted) -> Reply {
    let key = callboard.job_type(&name.0).await?.rate_limit.and_then(|limit| limit.key);
    let patch = patch(&form, key)?;
    callboard.patch_job_type(&name.0, patch).await?;
    back("notice-type-changed")
}

/// The change that a form asks for. What was emptied has no limit.
fn patch(form: &Form, key: Option<KeyPath>) -> Result<JobTypePatch, super::super::problem::Problem> {
    let limits = form.without(&["limit", "per_secs"]);
    let limits =
        if limits.get("timeout_secs").is_some() { limits } else { limits.with("timeout_secs", "null") };
    let mut fields = limits.fields();
    let patch = job_types::read(&mut fields);
    query::finish(fields)?;
    let rate_limit = match (form.get("limit"), form.get("per_secs")) {
        (None, _) => None,
        (Some(limit), per_secs) => Some(RateLimit {
            limit: limit.trim().parse().map_err(|_| Error::invalid("limit", "must be a whole number"))?,
            per_secs: per_secs
                .unwrap_or("1")
                .trim()
                .parse()
                .map_err(|_| Error::invalid("per_secs", "must be a number of seconds"))?,
            key,
        }),
    };
    Ok(JobTypePatch { rate_limit: Some(rate_limit), ..patch })
}

fn back(notice: &'static str) -> Reply {
    go("/types", Notice::new(notice, 0))
}

impl TypesPage {
    /// The share of its slots that a type uses, of 100.
    fn used(&self, info: &JobTypeInfo) -> i64 {
        (info.running * 100 / i64::from(info.concurrency.max(1))).min(100)
    }

    /// The share of what could run in a queue that does run, of 100.
    fn at_work(&self, queue: &QueueInfo) -> i64 {
        let n = |state| queue.counts.get(&state).copied().unwrap_or_default();
        let (running, pending) = (n(State::Running), n(State::Pending));
        running * 100 / (running + pending).max(1)
    }

    /// The limits in short.
    fn limits(&self, info: &JobTypeInfo) -> String {
        let at_once = self.ui.n("limit-at-once", i64::from(info.concurrency));
        match &info.rate_limit {
            Some(rate) => {
                let starts = self.ui.n("limit-starts", i64::from(rate.limit));
                format!("{at_once}, {starts} {}", self.ui.took_secs(rate.per_secs))
            }
            None => at_once,
        }
    }

    fn width(&self) -> usize {
        (STEPS - 1) * PITCH
    }

    fn count(&self, counts: &crate::domain::status::Counts, state: &str) -> String {
        let n = state.parse().ok().and_then(|state: State| counts.get(&state).copied()).unwrap_or_default();
        self.ui.num(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emptied_fields_take_limits_away() {
        let given =
            patch(&Form::of_query("concurrency=4&limit=10&per_secs=0.5&timeout_secs=30"), None).unwrap();
        assert_eq!((given.concurrency, given.timeout_secs), (Some(4), Some(Some(30.0))));
        assert_eq!(given.rate_limit, Some(Some(RateLimit { limit: 10, per_secs: 0.5, key: None })));
        let emptied = patch(&Form::of_query("concurrency=4&limit=&timeout_secs="), None).unwrap();
        assert_eq!((emptied.rate_limit, emptied.timeout_secs), (Some(None), Some(None)));
        for bad in ["concurrency=x", "concurrency=0", "limit=x", "limit=1&per_secs=y", "colour=red"] {
            assert!(patch(&Form::of_query(bad), None).is_err(), "{bad}");
        }
    }
}
