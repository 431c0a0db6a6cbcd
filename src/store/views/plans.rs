//! Plans of changes to a media library.

use std::collections::BTreeMap;

use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::domain::{Json, Plan, PlanRow, RowFilter, RowState, Timestamp};
use crate::store::schema::{plan_rows, plans};
use crate::store::sql::{Conn, Db};

type Head = (i64, i64, bool, i64);

/// Plans, the newest first: those before `before`.
pub fn plans(conn: &mut Conn, before: Option<i64>, limit: i64) -> QueryResult<Vec<Plan>> {
    let heads: Vec<Head> = plans::table
        .filter(plans::id.lt(before.unwrap_or(i64::MAX)))
        .order(plans::id.desc())
        .limit(limit)
        .load(conn)?;
    heads.into_iter().map(|head| counted(conn, head)).collect()
}

/// One plan.
pub fn plan(conn: &mut Conn, id: i64) -> QueryResult<Option<Plan>> {
    let head: Option<Head> = plans::table.find(id).first(conn).optional()?;
    head.map(|head| counted(conn, head)).transpose()
}

fn counted(conn: &mut Conn, (id, job_id, ready, created_at): Head) -> QueryResult<Plan> {
    let found: Vec<(String, i64)> = plan_rows::table
        .filter(plan_rows::plan_id.eq(id))
        .group_by(plan_rows::state)
        .select((plan_rows::state, count_star()))
        .load(conn)?;
    let mut counts: BTreeMap<_, _> = RowState::ALL.iter().map(|state| (*state, 0)).collect();
    counts.extend(found.into_iter().filter_map(|(state, n)| Some((state.parse().ok()?, n))));
    let total_changes = counts.values().sum();
    Ok(Plan { id, job_id, ready, created_at: Timestamp::from_millis(created_at), total_changes, counts })
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = plan_rows)]
struct Row {
    number: i64,
    scene_id: i64,
    base_updated_at: String,
    field: String,
    old: String,
    new: String,
    reason: String,
    confidence: f64,
    state: String,
    note: Option<String>,
}

/// Rows of a plan by number, those after `after`.
pub fn rows(
    conn: &mut Conn,
    plan: i64,
    filter: &RowFilter,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<PlanRow>> {
    let mut query = plan_rows::table
        .filter(plan_rows::plan_id.eq(plan).and(plan_rows::number.gt(after)))
        .order(plan_rows::number)
        .limit(limit)
        .select(Row::as_select())
        .into_boxed::<Db>();
    if let Some(numbers) = &filter.numbers {
        query = query.filter(plan_rows::number.eq_any(numbers));
    }
    if let Some(state) = filter.state {
        query = query.filter(plan_rows::state.eq(state.as_str()));
    }
    if let Some(field) = &filter.field {
        query = query.filter(plan_rows::field.eq(field));
    }
    if let Some(scene_id) = filter.scene_id {
        query = query.filter(plan_rows::scene_id.eq(scene_id));
    }
    if let Some(least) = filter.min_confidence {
        query = query.filter(plan_rows::confidence.ge(least));
    }
    Ok(query.load(conn)?.into_iter().filter_map(row).collect())
}

fn row(row: Row) -> Option<PlanRow> {
    Some(PlanRow {
        number: row.number,
        scene_id: row.scene_id,
        base_updated_at: row.base_updated_at,
        field: row.field,
        old: Json::trusted(row.old),
        new: Json::trusted(row.new),
        reason: row.reason,
        confidence: row.confidence,
        state: row.state.parse().ok()?,
        note: row.note,
    })
}
