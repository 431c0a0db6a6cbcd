//! Jobs that wait for jobs.

use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use crate::domain::lifecycle::{self, Move};
use crate::domain::{NewJob, OnParentFailure, State, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{self, Statement, binds, statement};
use crate::store::tx::Tx;

// Locked, so that a parent which ends meanwhile finds its new child.
statement!(StateOf, |dialect| format!("SELECT state FROM jobs WHERE id = ?{}", dialect.lock()));
statement!(Bind, "INSERT INTO dependencies (child_id, parent_id) VALUES (?, ?)");
statement!(MarkParent, "UPDATE jobs SET has_children = TRUE WHERE id = ? AND has_children = FALSE");
statement!(
    CountDown,
    format!(
        "UPDATE jobs SET parents_left = parents_left - 1 \
         WHERE {} AND id IN (SELECT child_id FROM dependencies WHERE parent_id = ?) \
         RETURNING id, job_type, queue, attempt, parents_left, on_parent_failure, run_at, workflow_id",
        lifecycle::sql_guard(Move::Unblock)
    )
);
statement!(
    Recount,
    format!(
        "UPDATE jobs SET parents_left = ? WHERE id = ? AND {} \
         RETURNING id, job_type, queue, attempt, parents_left, on_parent_failure, run_at, workflow_id",
        lifecycle::sql_guard(Move::Unblock)
    )
);
statement!(
    CountUp,
    format!(
        "UPDATE jobs SET parents_left = parents_left + 1 \
         WHERE {} AND id IN (SELECT child_id FROM dependencies WHERE parent_id = ?)",
        lifecycle::sql_guard(Move::Unblock)
    )
);
statement!(
    Unblock,
    format!(
        "UPDATE jobs SET state = ?, ready_at = ? WHERE id = ? AND {}",
        lifecycle::sql_guard(Move::Unblock)
    )
);
statement!(
    CancelChild,
    format!(
        "UPDATE jobs SET state = '{}', error = ?, completed_at = ? WHERE id = ? AND {} RETURNING has_children",
        State::Cancelled,
        lifecycle::sql_guard(Move::ParentFailed)
    )
);
statement!(Unfinished, |dialect| format!(
    "SELECT p.id FROM dependencies d JOIN jobs p ON p.id = d.parent_id \
         WHERE d.child_id = ? AND p.state IN ({}) ORDER BY d.parent_id{}",
    lifecycle::sql_list(&State::UNFINISHED),
    dialect.lock_of("p")
));

/// What the parents of a new job are like.
#[derive(Debug, Default)]
pub struct Family {
    /// How many are not final.
    pub unfinished: i64,
    /// One that failed or was cancelled.
    pub failed: Option<(i64, State)>,
}

impl Family {
    /// Takes in a parent.
    pub fn add(&mut self, parent: i64, state: State) {
        match state {
            State::Completed => {}
            State::Failed | State::Cancelled => self.failed = self.failed.or(Some((parent, state))),
            _ => self.unfinished += 1,
        }
    }
}

/// Looks at the parents of a new job.
///
/// # Errors
/// Refused when one is unknown: the field that names it, after `prefix`.
pub fn look(tx: &mut Tx<'_>, new: &NewJob, parents: &[i64], prefix: &str) -> StoreResult<Family> {
    let mut family = Family::default();
    for parent in parents {
        let found: Vec<String> = tx.load::<StateOf, Text, _>(binds![*parent])?;
        let state = found.first().and_then(|s| s.parse().ok()).ok_or_else(|| {
            let field = if new.depends_on.contains(parent) { "depends_on" } else { "parent_job_id" };
            Error::invalid(format!("{prefix}{field}"), format!("there is no job {parent}"))
        })?;
        family.add(*parent, state);
    }
    Ok(family)
}

/// Why a job was cancelled for its parent's sake.
#[must_use]
pub fn reason(parent: i64, state: State) -> String {
    format!("its parent, job {parent}, is {state}")
}

/// Notes whose child a new job is.
pub fn bind(tx: &mut Tx<'_>, child: i64, parents: &[i64]) -> StoreResult<()> {
    for parent in parents {
        tx.run::<Bind>(binds![child, *parent])?;
        tx.run::<MarkParent>(binds![*parent])?;
    }
    Ok(())
}

/// How many parents of a job are not final.
pub fn unfinished(tx: &mut Tx<'_>, child: i64) -> StoreResult<i64> {
    let open: Vec<i64> = tx.load::<Unfinished, BigInt, _>(binds![child])?;
    Ok(i64::try_from(open.len()).unwrap_or(i64::MAX))
}

/// A blocked job's parents have changed: counts anew those that are not final, and sets it free when
/// there is none.
pub(super) fn recount(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<()> {
    let left = unfinished(tx, id)?;
    for child in children::<Recount>(tx, binds![left, id])? {
        if left == 0 {
            set_free(tx, &child, now)?;
        }
    }
    Ok(())
}

/// A parent left a final state (a retry by hand): children that are still blocked wait for it again.
pub fn reopened(tx: &mut Tx<'_>, parent: i64) -> StoreResult<()> {
    tx.run::<CountUp>(binds![parent]).map(|_| ())
}

/// A parent reached a final state: its children are set free, or called off with theirs.
pub fn settled(tx: &mut Tx<'_>, parent: i64, state: State, now: Timestamp) -> StoreResult<()> {
    let mut settled = vec![(parent, state)];
    while let Some((parent, state)) = settled.pop() {
        for child in children::<CountDown>(tx, binds![parent])? {
            if state != State::Completed && child.policy != OnParentFailure::Run.as_str() {
                if call_off(tx, &child, &reason(parent, state), now)? {
                    settled.push((child.id, State::Cancelled));
                }
            } else if child.parents_left <= 0 {
                set_free(tx, &child, now)?;
            }
        }
    }
    Ok(())
}

struct Child {
    id: i64,
    job_type: String,
    queue: String,
    attempt: i32,
    parents_left: i32,
    policy: String,
    run_at: Option<i64>,
    workflow_id: Option<i64>,
}

fn children<S: Statement>(tx: &mut Tx<'_>, binds: &[sql::Bind<'_>]) -> StoreResult<Vec<Child>> {
    type Sql = (BigInt, Text, Text, Integer, Integer, Text, Nullable<BigInt>, Nullable<BigInt>);
    type Row = (i64, String, String, i32, i32, String, Option<i64>, Option<i64>);
    let rows: Vec<Row> = tx.run_returning::<S, Sql, _>(binds)?;
    let child = |(id, job_type, queue, attempt, parents_left, policy, run_at, workflow_id)| Child {
        id,
        job_type,
        queue,
        attempt,
        parents_left,
        policy,
        run_at,
        workflow_id,
    };
    Ok(rows.into_iter().map(child).collect())
}

/// Cancels a blocked child; returns whether it has children of its own.
fn call_off(tx: &mut Tx<'_>, child: &Child, why: &str, now: Timestamp) -> StoreResult<bool> {
    let done: Vec<bool> =
        tx.run_returning::<CancelChild, diesel::sql_types::Bool, _>(binds![why, now, child.id])?;
    let Some(has_children) = done.first() else { return Ok(false) };
    let job = tx.job_ref(child.id, &child.job_type, &child.queue, child.attempt, child.workflow_id);
    tx.moved(&job, Some(State::Blocked), State::Cancelled, Some(why), now);
    Ok(*has_children)
}

fn set_free(tx: &mut Tx<'_>, child: &Child, now: Timestamp) -> StoreResult<()> {
    let later = child.run_at.map(Timestamp::from_millis).filter(|at| *at > now);
    let to = if later.is_some() { State::Scheduled } else { State::Pending };
    if tx.run::<Unblock>(binds![to.as_str(), now, child.id])? == 0 {
        return Ok(());
    }
    let job = tx.job_ref(child.id, &child.job_type, &child.queue, child.attempt, child.workflow_id);
    tx.moved(&job, Some(State::Blocked), to, None, now);
    if let Some(at) = later {
        tx.due(at);
    }
    Ok(())
}
