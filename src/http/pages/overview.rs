//! The first page: how it goes.

use actix_web::HttpRequest;
use actix_web::web::{Data, ServiceConfig};
use askama::Template;

use super::super::reply::Reply;
use super::super::resource;
use super::chart::{Bars, HEIGHT, PITCH, Span};
use super::form::Form;
use super::json_view::last_line;
use super::page;
use super::ui::{Section, Ui};
use super::visit::Visit;
use crate::domain::status::QueueStatus;
use crate::domain::{NodeInfo, State};
use crate::runtime::Callboard;
use crate::runtime::callboard::WorkerView;
use crate::store::views::failures::Failure;

/// Failures that are shown.
const FAILURES: u32 = 8;
/// Running attempts that are shown.
const WORKERS: usize = 40;

/// A span that the chart can show: its word in the query, the length of a step, their number.
struct Range {
    word: &'static str,
    step_ms: i64,
    steps: usize,
}

const RANGES: [Range; 3] = [
    Range { word: "5m", step_ms: 10_000, steps: 30 },
    Range { word: "1h", step_ms: 60_000, steps: 60 },
    Range { word: "1d", step_ms: 900_000, steps: 96 },
];

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    ui: Ui,
    status: QueueStatus,
    range: &'static str,
    chart: Bars,
    nodes: Vec<NodeInfo>,
    workers: Vec<WorkerView>,
    more_workers: usize,
    failures: Vec<Failure>,
}

/// Mounts the page.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/").get(overview).mount(config);
}

async fn overview(callboard: Data<Callboard>, visit: Visit, request: HttpRequest) -> Reply {
    let query = Form::of_query(request.query_string());
    let range = RANGES.iter().find(|range| query.get("range") == Some(range.word)).unwrap_or(&RANGES[0]);
    let span = Span::until(callboard.clock().now(), range.step_ms, range.steps);
    let throughputs = callboard.throughputs(span.since, span.step_ms).await?;
    let mut workers = callboard.workers().await?;
    let more_workers = workers.len().saturating_sub(WORKERS);
    workers.truncate(WORKERS);
    let mut nodes = callboard.nodes().await?;
    nodes.retain(|node| node.state == "alive");
    page(&OverviewPage {
        status: callboard.queue_status().await?,
        range: range.word,
        chart: span.bars(&throughputs),
        nodes,
        workers,
        more_workers,
        failures: callboard.latest_failures(FAILURES).await?,
        ui: visit.ui(&callboard, Section::Overview).await?,
    })
}

impl OverviewPage {
    fn ranges(&self) -> [&'static str; 3] {
        RANGES.map(|range| range.word)
    }

    fn last_line(&self, error: &str) -> String {
        last_line(error)
    }

    /// What runs on a node.
    fn of_node(&self, node: &NodeInfo) -> Vec<&WorkerView> {
        let node = node.id.to_string();
        let runs_there = |w: &&WorkerView| w.worker_id.split('/').next() == Some(node.as_str());
        self.workers.iter().filter(runs_there).collect()
    }

    /// What came to an end in the span.
    fn ended(&self) -> (i64, i64) {
        let sum = |of: fn(&super::chart::Bar) -> i64| self.chart.bars.iter().map(of).sum();
        (sum(|bar| bar.step.completed), sum(|bar| bar.step.failed))
    }
}
