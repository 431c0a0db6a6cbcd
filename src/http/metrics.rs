//! Figures for Prometheus, worked out when they are asked for.

use std::sync::atomic::AtomicU64;

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::problem::Problem;
use super::reply::Reply;
use super::resource;
use crate::error::Error;
use crate::runtime::Callboard;

/// Mounts the call. It is lenient about queries: scrapers like to add something.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/metrics").get(metrics).mount(config);
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    job_type: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartLabels {
    part: String,
}

type Number = Gauge<f64, AtomicU64>;

/// Figures for Prometheus
///
/// OpenMetrics text.
#[utoipa::path(
    get, path = "/metrics", tag = "server", operation_id = "getMetrics",
    responses(
        (status = 200, description = "The figures", content((String = "application/openmetrics-text; version=1.0.0; charset=utf-8"))),
    ),
)]
pub(super) async fn metrics(callboard: Data<Callboard>) -> Reply {
    let mut registry = Registry::with_prefix("callboard");
    jobs(&callboard, &mut registry).await?;
    health(&callboard, &mut registry).await;
    let mut body = String::new();
    text::encode(&mut body, &registry)
        .map_err(|e| Problem::from(Error::Unavailable(format!("the figures cannot be written: {e}"))))?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(body))
}

async fn jobs(callboard: &Callboard, registry: &mut Registry) -> Result<(), Error> {
    let status = callboard.queue_status().await?;
    let jobs = Family::<JobLabels, Gauge>::default();
    for (job_type, counts) in &status.by_job_type {
        for (state, n) in counts {
            jobs.get_or_create(&JobLabels { job_type: job_type.clone(), state: state.as_str() }).set(*n);
        }
    }
    registry.register("jobs", "Stored jobs by type and state", jobs);
    let oldest = Number::default();
    oldest.set(status.oldest_pending_age_secs.unwrap_or_default());
    registry.register("oldest_pending_age_seconds", "How long the oldest pending job has waited", oldest);
    Ok(())
}

async fn health(callboard: &Callboard, registry: &mut Registry) {
    let readiness = callboard.readiness().await;
    registry.register("ready", "1 if every part makes progress", gauge(i64::from(readiness.ready)));
    let parts = Family::<PartLabels, Gauge>::default();
    for (part, said) in readiness.parts {
        parts.get_or_create(&PartLabels { part }).set(i64::from(said == "ok"));
    }
    registry.register("part_ok", "1 if this part is well", parts);
    let leaked = i64::try_from(callboard.leaked()).unwrap_or(i64::MAX);
    registry.register("leaked_attempts", "Attempts that are over whose code goes on running", gauge(leaked));
    let watching = i64::try_from(callboard.hub().subscribers()).unwrap_or(i64::MAX);
    registry.register("live_subscribers", "WebSocket and SSE clients", gauge(watching));
}

fn gauge(value: i64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(value);
    gauge
}
