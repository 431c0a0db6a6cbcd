//! Numbers for new rows: they rise, and none is given twice.

use diesel::sql_types::BigInt;

use crate::store::error::StoreResult;
use crate::store::sql::{Dialect, binds, statement};
use crate::store::tx::Tx;

// A row that is written would make every transaction of every node wait for the one before it, so
// PostgreSQL has its sequences. Those give single numbers: others may take some in between.
statement!(Take, |dialect| {
    dialect.either(
        "UPDATE sequences SET last = last + ? WHERE name = ? RETURNING last",
        "SELECT nextval(CAST(numbers.name || '_ids' AS regclass)) \
         FROM (SELECT generate_series(1, ?), CAST(? AS TEXT) AS name) numbers",
    )
});

// Only if nobody has taken some behind them.
statement!(GiveBack, "UPDATE sequences SET last = ? WHERE name = ? AND last = ?");

/// What is numbered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Arrivals,
    Audit,
    Jobs,
    Nodes,
    Plans,
    Workflows,
}

impl Of {
    const fn name(self) -> &'static str {
        match self {
            Self::Arrivals => "arrivals",
            Self::Audit => "audit",
            Self::Jobs => "jobs",
            Self::Nodes => "nodes",
            Self::Plans => "plans",
            Self::Workflows => "workflows",
        }
    }
}

/// Takes `n` numbers, in rising order.
pub(super) fn take(tx: &mut Tx<'_>, of: Of, n: usize) -> StoreResult<Vec<i64>> {
    match (of, n) {
        (_, 0) => Ok(Vec::new()),
        (Of::Jobs, 1) => Ok(vec![next_job(tx)?]),
        _ => fetch(tx, of, n),
    }
}

/// Takes the number of one job, of many that are new maybe.
fn next_job(tx: &mut Tx<'_>) -> StoreResult<i64> {
    match tx.spare_id() {
        Ok(id) => Ok(id),
        Err(likely) => {
            let ids = fetch(tx, Of::Jobs, likely)?;
            tx.keep_ids(ids);
            Ok(tx.spare_id().unwrap_or(1))
        }
    }
}

/// Gives back, at the end of a transaction, the numbers of jobs that were taken and not given. A sequence of PostgreSQL
/// takes none back.
pub(in crate::store) fn give_back(tx: &mut Tx<'_>) -> StoreResult<()> {
    match (tx.dialect(), tx.left_over_ids()) {
        (Dialect::Sqlite, Some((first, last))) => {
            tx.run::<GiveBack>(binds![first - 1, Of::Jobs.name(), last]).map(|_| ())
        }
        _ => Ok(()),
    }
}

fn fetch(tx: &mut Tx<'_>, of: Of, n: usize) -> StoreResult<Vec<i64>> {
    let wanted = i64::try_from(n).unwrap_or(i64::MAX);
    let mut taken: Vec<i64> = tx.run_aside::<Take, BigInt, _>(binds![wanted, of.name()])?;
    match tx.dialect() {
        Dialect::Sqlite => {
            let last = taken.first().copied().unwrap_or(wanted);
            Ok((last - wanted + 1..=last).collect())
        }
        Dialect::Postgres => {
            taken.sort_unstable();
            Ok(taken)
        }
    }
}

/// Takes one number.
pub(super) fn next(tx: &mut Tx<'_>, of: Of) -> StoreResult<i64> {
    Ok(take(tx, of, 1)?.first().copied().unwrap_or(1))
}
