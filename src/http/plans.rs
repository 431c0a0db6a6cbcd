//! Plans of changes to the media library: reading and reviewing them.

use actix_web::HttpRequest;
use actix_web::web::{Data, ServiceConfig};
use serde::Deserialize;

use super::board::Board;
use super::body::Body;
use super::fields::Fields;
use super::given::Given;
use super::openapi::{bodies, parameters};
use super::path::PlanPlace;
use super::query::{self, NoQuery};
use super::reply::{self, Reply};
use super::resource;
use crate::domain::{PlanRow, RowFilter, RowState};
use crate::error::Error;
use crate::runtime::Callboard;
use crate::runtime::callboard::{Acted, PlanPage, PlanWithRows};

/// How many things a page has unless the caller says.
const USUAL_LIMIT: i64 = 50;
/// The most things of a page.
const MAX_LIMIT: i64 = 500;
/// The most rows that one call names.
const MAX_ROWS: usize = 10_000;

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/plans").get(list).mount(config);
    resource::at("/api/plans/{id}").get(show).mount(config);
    resource::at("/api/plans/{id}/approve").post(approve).mount(config);
    resource::at("/api/plans/{id}/reject").post(reject).mount(config);
    resource::at("/api/plans/{id}/rows/{number}").patch(decide).mount(config);
}

/// Plans, listed
///
/// The newest first.
#[utoipa::path(
    get, path = "/api/plans", tag = "plans", operation_id = "listPlans",
    params(parameters::NumberedPage),
    responses(
        (status = 200, description = "A page of plans", body = PlanPage),
    ),
)]
pub(super) async fn list(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let (limit, before) = (limit(&mut fields), cursor(&mut fields));
    query::finish(fields)?;
    reply::ok(&callboard.plans(before, limit).await?)
}

/// A plan with a page of its rows
#[utoipa::path(
    get, path = "/api/plans/{id}", tag = "plans", operation_id = "getPlan",
    params(("id" = i64, Path, description = "The plan's id."), parameters::PlanRows, parameters::NumberedPage),
    responses(
        (status = 200, description = "The plan", body = PlanWithRows),
    ),
)]
pub(super) async fn show(callboard: Data<Callboard>, plan: PlanPlace, request: HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let (limit, after) = (limit(&mut fields), cursor(&mut fields));
    let mut filter = which(&mut fields);
    filter.state = fields.read("state", |given| given.text()?.parse());
    query::finish(fields)?;
    reply::ok(&callboard.plan(plan.id, filter, after.unwrap_or_default(), limit).await?)
}

/// Approve rows of a plan
#[utoipa::path(
    post, path = "/api/plans/{id}/approve", tag = "plans", operation_id = "approvePlan",
    params(("id" = i64, Path, description = "The plan's id.")),
    request_body = bodies::ReviewBody,
    responses(
        (status = 200, description = "How many", body = Acted),
        (status = 409, description = "The plan is still being made."),
    ),
)]
pub(super) async fn approve(callboard: Board, plan: PlanPlace, _: NoQuery, body: Body) -> Reply {
    review(&callboard, &plan, &body, RowState::Approved).await
}

/// Reject rows of a plan
#[utoipa::path(
    post, path = "/api/plans/{id}/reject", tag = "plans", operation_id = "rejectPlan",
    params(("id" = i64, Path, description = "The plan's id.")),
    request_body = bodies::ReviewBody,
    responses(
        (status = 200, description = "How many", body = Acted),
        (status = 409, description = "The plan is still being made."),
    ),
)]
pub(super) async fn reject(callboard: Board, plan: PlanPlace, _: NoQuery, body: Body) -> Reply {
    review(&callboard, &plan, &body, RowState::Rejected).await
}

async fn review(callboard: &Callboard, plan: &PlanPlace, body: &Body, to: RowState) -> Reply {
    let mut fields = body.fields()?;
    let filter = read_deliberate(&mut fields);
    query::finish(fields)?;
    reply::ok(&callboard.review_plan(plan.id, filter, to).await?)
}

/// What a person may decide on a row.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Proposed,
    Approved,
    Rejected,
}

impl From<Decision> for RowState {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Proposed => Self::Proposed,
            Decision::Approved => Self::Approved,
            Decision::Rejected => Self::Rejected,
        }
    }
}

/// Decide on a row of a plan
#[utoipa::path(
    patch, path = "/api/plans/{id}/rows/{number}", tag = "plans", operation_id = "decidePlanRow",
    params(("id" = i64, Path, description = "The plan's id."), ("number" = i64, Path, description = "The row's number.")),
    request_body = bodies::DecisionBody,
    responses(
        (status = 200, description = "The row as it is now", body = PlanRow),
        (status = 409, description = "It cannot be decided on any more."),
    ),
)]
pub(super) async fn decide(callboard: Board, row: PlanPlace, _: NoQuery, body: Body) -> Reply {
    let mut fields = body.fields()?;
    let decision: Option<Decision> = fields.needed("state", Given::word);
    query::finish(fields)?;
    let Some(decision) = decision else { return Err(Error::invalid("state", "is missing").into()) };
    reply::ok(&callboard.review_row(row.id, row.number, decision.into()).await?)
}

fn limit(fields: &mut Fields<'_>) -> i64 {
    fields.read("limit", |given| given.integer(1..=MAX_LIMIT)).unwrap_or(USUAL_LIMIT)
}

fn cursor(fields: &mut Fields<'_>) -> Option<i64> {
    fields.read("cursor", |given| {
        given.integer(1..=i64::MAX).map_err(|_| "is not a cursor that this list has given out".to_owned())
    })
}

/// Rows by field, scene or certainty.
fn which(fields: &mut Fields<'_>) -> RowFilter {
    RowFilter {
        numbers: None,
        state: None,
        field: fields.text("field"),
        scene_id: fields.read("scene_id", Given::id),
        min_confidence: fields.read("min_confidence", |given| match given.number()? {
            share if (0.0..=1.0).contains(&share) => Ok(share),
            other => Err(format!("must be from 0 to 1, got {other}")),
        }),
    }
}

/// Rows by number, by field, scene or certainty, or all of them if the caller says so.
fn read_deliberate(fields: &mut Fields<'_>) -> RowFilter {
    let numbers = fields.list("rows", MAX_ROWS, |given| given.integer(1..=i64::MAX));
    let all = fields.read("all", Given::flag) == Some(true);
    let filter = RowFilter { numbers, ..which(fields) };
    if filter == RowFilter::default() && !all {
        fields.fault("all", "must be true if every row is meant; else name rows, or give a filter");
    }
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RowFilter, Vec<String>> {
        let mut fields = Fields::of_object(text).unwrap();
        let filter = read_deliberate(&mut fields);
        fields.finish().map(|()| filter).map_err(|faults| faults.into_iter().map(|f| f.field).collect())
    }

    #[test]
    fn rows_a_filter_or_all() {
        assert_eq!(parse(r#"{"all":true}"#), Ok(RowFilter::default()));
        let rows = RowFilter { numbers: Some(vec![1, 2]), ..RowFilter::default() };
        assert_eq!(parse(r#"{"rows":[1,2]}"#), Ok(rows));
        let certain = RowFilter {
            field: Some("title".into()),
            scene_id: Some(7),
            min_confidence: Some(0.9),
            ..RowFilter::default()
        };
        assert_eq!(parse(r#"{"field":"title","scene_id":7,"min_confidence":0.9}"#), Ok(certain));
    }

    #[test]
    fn names_what_is_wrong() {
        for (body, field) in [
            ("{}", "all"),
            (r#"{"all":false}"#, "all"),
            (r#"{"rows":[0]}"#, "rows[0]"),
            (r#"{"rows":["x"]}"#, "rows[0]"),
            (r#"{"min_confidence":2,"all":true}"#, "min_confidence"),
            (r#"{"scene":1,"all":true}"#, "scene"),
        ] {
            let faults = parse(body).expect_err(body);
            assert_eq!(faults[0], field, "{body}");
        }
    }
}
