//! `GET /metrics`: figures for Prometheus.

use actix_web::http::header;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::reply::Reply;
use super::resource;
use crate::metrics::Format;
use crate::runtime::Callboard;

/// Mounts the call. It is lenient about queries: scrapers like to add something.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/metrics").get(metrics).mount(config);
}

/// Figures for Prometheus
///
/// Prometheus text 0.0.4, or OpenMetrics where `Accept` asks for it.
#[utoipa::path(
    get, path = "/metrics", tag = "server", operation_id = "getMetrics",
    responses(
        (status = 200, description = "The figures", content(
            (String = "text/plain; version=0.0.4; charset=utf-8"),
            (String = "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        )),
    ),
)]
pub(super) async fn metrics(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let format = Format::accepted(accept.unwrap_or_default());
    let text = callboard.metrics_text(format).await?;
    Ok(HttpResponse::Ok()
        .content_type(format.content_type())
        .insert_header((header::VARY, "accept"))
        .body(text))
}
