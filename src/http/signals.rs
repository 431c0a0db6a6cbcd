//! Signals to jobs.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::body::Body;
use super::path::{JobId, PartOfJob};
use super::problem::Problem;
use super::query::NoQuery;
use super::reply::{self, Reply};
use super::resource;
use crate::domain::Json;
use crate::error::FieldFault;
use crate::runtime::Callboard;

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/jobs/{id}/signals").get(list).mount(config);
    resource::at("/api/jobs/{id}/signals/{name}").get(show).post(give).mount(config);
}

async fn list(callboard: Data<Callboard>, id: JobId, _: NoQuery) -> Reply {
    reply::list("signals", &callboard.signals(id.0).await?)
}

async fn show(callboard: Data<Callboard>, signal: PartOfJob, _: NoQuery) -> Reply {
    reply::ok(&callboard.signal_of(signal.job, &signal.name).await?)
}

async fn give(callboard: Data<Callboard>, to: PartOfJob, _: NoQuery, body: Body) -> Reply {
    let given = callboard.signal(to.job, &to.name, payload(body.text()?)?).await?;
    let body = reply::bytes(&given.signal)?;
    let mut answer: HttpResponseBuilder = match given.duplicate {
        true => HttpResponse::Ok(),
        false => HttpResponse::Created(),
    };
    if given.duplicate {
        answer.insert_header(("Duplicate", "true"));
    }
    Ok(answer.insert_header(header::ContentType::json()).body(body))
}

/// The JSON that is a whole body; none is `null`.
pub(super) fn payload(text: &str) -> Result<Json, Problem> {
    if text.trim_ascii().is_empty() {
        return Ok(Json::trusted("null"));
    }
    Json::checked(text).map_err(|message| match serde_json::from_str::<&serde_json::value::RawValue>(text) {
        Ok(_) => Problem::invalid(vec![FieldFault::new("payload", message)]),
        Err(e) => Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {e}")),
    })
}
