//! Plans of changes to a media library.

use diesel::sql_types::{BigInt, Bool};

use crate::domain::{Change, RowFilter, RowState, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{Bind, Dialect, binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::ids;

statement!(OfJob, "SELECT id FROM plans WHERE job_id = ?");
statement!(IsReady, "SELECT ready FROM plans WHERE id = ?");
statement!(Begin, "INSERT INTO plans (id, job_id, ready, created_at) VALUES (?, ?, FALSE, ?)");
statement!(ForgetRows, "DELETE FROM plan_rows WHERE plan_id = ?");
statement!(Last, "SELECT COALESCE(MAX(number), 0) FROM plan_rows WHERE plan_id = ?");
statement!(
    Add,
    format!(
        "INSERT INTO plan_rows (plan_id, number, scene_id, base_updated_at, field, old, new, reason, \
         confidence, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '{}')",
        RowState::Proposed
    )
);
statement!(Publish, "UPDATE plans SET ready = TRUE WHERE id = ?");
statement!(
    Mark,
    format!(
        "UPDATE plan_rows SET state = ?, note = ? WHERE plan_id = ? AND number = ? AND state = '{}'",
        RowState::Approved
    )
);
statement!(Matching, |dialect| format!("SELECT COUNT(*) FROM plan_rows WHERE {}", open_rows(dialect)));
statement!(Review, |dialect| format!(
    "UPDATE plan_rows SET state = ?, note = NULL WHERE {} AND state <> ?",
    open_rows(dialect)
));

/// The rows that a person may still decide on and that a filter means; see [`filter_binds`].
fn open_rows(dialect: Dialect) -> String {
    let open = RowState::OPEN.map(|state| format!("'{state}'")).join(",");
    format!(
        "plan_id = ? AND state IN ({open}) \
         AND (? IS NULL OR number IN ({})) \
         AND COALESCE(state = ?, TRUE) AND COALESCE(field = ?, TRUE) AND COALESCE(scene_id = ?, TRUE) \
         AND COALESCE(confidence >= ?, TRUE)",
        dialect.numbers()
    )
}

/// Begins the plan of a job, or begins it again if the job is tried again; returns its id, and whether
/// the job has made it whole already.
pub fn begin(tx: &mut Tx<'_>, job_id: i64, now: Timestamp) -> StoreResult<(i64, bool)> {
    let known: Vec<i64> = tx.load::<OfJob, BigInt, _>(binds![job_id])?;
    if let Some(id) = known.first().copied() {
        let ready: Vec<bool> = tx.load::<IsReady, Bool, _>(binds![id])?;
        let ready = ready.first() == Some(&true);
        if !ready {
            tx.run::<ForgetRows>(binds![id])?;
        }
        return Ok((id, ready));
    }
    let id = ids::next(tx, ids::Of::Plans)?;
    tx.run::<Begin>(binds![id, job_id, now])?;
    Ok((id, false))
}

/// Adds changes to a plan that is not whole yet.
pub fn add(tx: &mut Tx<'_>, plan: i64, changes: &[Change]) -> StoreResult<()> {
    let last: Vec<i64> = tx.load::<Last, BigInt, _>(binds![plan])?;
    let first = last.first().copied().unwrap_or_default() + 1;
    for (number, change) in (first..).zip(changes) {
        tx.run::<Add>(binds![
            plan,
            number,
            change.scene_id,
            &change.base_updated_at,
            &change.field,
            change.old.as_str(),
            change.new.as_str(),
            &change.reason,
            Some(change.confidence),
        ])?;
    }
    Ok(())
}

/// Notes that a plan is whole.
pub fn publish(tx: &mut Tx<'_>, plan: i64) -> StoreResult<()> {
    tx.run::<Publish>(binds![plan]).map(|_| ())
}

/// Notes what became of approved rows. Rows that are not approved any more stay as they are.
pub fn mark(
    tx: &mut Tx<'_>,
    plan: i64,
    numbers: &[i64],
    to: RowState,
    note: Option<&str>,
) -> StoreResult<usize> {
    let mut marked = 0;
    for number in numbers {
        marked += tx.run::<Mark>(binds![to.as_str(), note, plan, *number])?;
    }
    Ok(marked)
}

/// Approves or rejects rows, or takes that back; rows that were applied, or could not be, stay as
/// they are. Returns how many the filter means and how many were changed.
///
/// # Errors
/// Refused when there is no such plan, or it is not whole yet.
pub fn review(tx: &mut Tx<'_>, plan: i64, filter: &RowFilter, to: RowState) -> StoreResult<(i64, i64)> {
    let ready: Vec<bool> = tx.load::<IsReady, Bool, _>(binds![plan])?;
    match ready.first() {
        None => return Err(Error::NotFound(format!("plan {plan}")).into()),
        Some(false) => return Err(Error::Conflict(format!("plan {plan} is still being made")).into()),
        Some(true) => {}
    }
    let numbers = filter.numbers.as_ref().map(|numbers| serde_json::json!(numbers).to_string());
    let chosen = filter_binds(plan, filter, numbers.as_deref());
    let matched: Vec<i64> = tx.load::<Matching, BigInt, _>(&chosen)?;
    let mut review = vec![Bind::from(to.as_str())];
    review.extend(filter_binds(plan, filter, numbers.as_deref()));
    review.push(to.as_str().into());
    let changed = tx.run::<Review>(&review)?;
    Ok((matched.first().copied().unwrap_or_default(), i64::try_from(changed).unwrap_or(i64::MAX)))
}

/// The values for [`open_rows`].
fn filter_binds<'a>(plan: i64, filter: &'a RowFilter, numbers: Option<&'a str>) -> Vec<Bind<'a>> {
    vec![
        plan.into(),
        numbers.into(),
        numbers.into(),
        filter.state.map(RowState::as_str).into(),
        (&filter.field).into(),
        filter.scene_id.into(),
        filter.min_confidence.into(),
    ]
}
