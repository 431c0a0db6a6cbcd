//! Plans of changes to the media library: reading and reviewing them.

use serde::Serialize;
use serde_json::json;

use super::{Acted, Callboard};
use crate::domain::audit::{Deed, Verb};
use crate::domain::{Plan, PlanRow, RowFilter, RowState};
use crate::error::Error;
use crate::store::{verbs, views};

/// A page of the list of plans.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PlanPage {
    /// The plans, the newest first.
    pub plans: Vec<Plan>,
    /// Give it back for the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// A plan with a page of its rows.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PlanWithRows {
    /// The plan.
    #[serde(flatten)]
    pub plan: Plan,
    /// The rows, by number.
    pub rows: Vec<PlanRow>,
    /// Give it back for the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

impl Callboard {
    /// The plans, the newest first: those before the id `before`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn plans(&self, before: Option<i64>, limit: i64) -> Result<PlanPage, Error> {
        let plans = self.read(move |conn| views::plans::plans(conn, before, limit + 1)).await?;
        let (plans, next_cursor) = page(plans, limit, |plan| plan.id);
        Ok(PlanPage { plans, next_cursor })
    }

    /// A plan with its rows that a filter means, those after the number `after`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn plan(
        &self,
        id: i64,
        filter: RowFilter,
        after: i64,
        limit: i64,
    ) -> Result<PlanWithRows, Error> {
        let found = self.read(move |conn| {
            let Some(plan) = views::plans::plan(conn, id)? else { return Ok(None) };
            Ok(Some((plan, views::plans::rows(conn, id, &filter, after, limit + 1)?)))
        });
        let (plan, rows) = found.await?.ok_or_else(|| Error::NotFound(format!("plan {id}")))?;
        let (rows, next_cursor) = page(rows, limit, |row| row.number);
        Ok(PlanWithRows { plan, rows, next_cursor })
    }

    /// Approves or rejects rows of a plan, or takes that back. Rows that were applied, or could not
    /// be, stay as they are and do not count as matched.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when the plan is still being made.
    pub async fn review_plan(&self, id: i64, filter: RowFilter, to: RowState) -> Result<Acted, Error> {
        self.refuse_when_draining()?;
        let deed = Deed::new(Verb::PlanReview, format!("plans/{id}")).with(json!({
            "to": to.as_str(),
            "rows": filter.numbers.as_ref().map(Vec::len),
        }));
        let reviewed = self.change(deed, move |tx| verbs::plans::review(tx, id, &filter, to)).await?;
        let (matched, changed) = reviewed;
        Ok(Acted { matched: matched.unsigned_abs(), changed: changed.unsigned_abs() })
    }

    /// Decides on one row of a plan, and gives it back.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it cannot be decided on any more.
    pub async fn review_row(&self, id: i64, number: i64, to: RowState) -> Result<PlanRow, Error> {
        let one = RowFilter { numbers: Some(vec![number]), ..RowFilter::default() };
        let acted = self.review_plan(id, one.clone(), to).await?;
        let found = self.plan(id, one, number - 1, 1).await?.rows.into_iter().next();
        let row = found.ok_or_else(|| Error::NotFound(format!("row {number} of plan {id}")))?;
        if acted.matched == 0 {
            return Err(Error::Conflict(format!("row {number} of plan {id} is {} already", row.state)));
        }
        Ok(row)
    }
}

/// Cuts off the one that was read beyond the page, and tells where the next page begins.
fn page<T>(mut all: Vec<T>, limit: i64, place: impl Fn(&T) -> i64) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| more).map(|last| place(last).to_string());
    (all, next)
}
