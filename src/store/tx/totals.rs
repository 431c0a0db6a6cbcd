//! What is counted: jobs by state, statistics, and what remote workers have done. Each transaction adds to it at
//! its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::sql_types::BigInt;
use serde::Serialize;

use super::Tx;
use crate::domain::State;
use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::{Dialect, binds, statement};
use crate::store::stats::{self, Metric};

statement!(
    AddToCounter,
    "INSERT INTO counters (job_type, queue, state, n) VALUES (?, ?, ?, ?) \
     ON CONFLICT (job_type, queue, state) DO UPDATE SET n = counters.n + excluded.n"
);
statement!(
    AddToStats,
    "INSERT INTO stats (at, job_type, metric, n) VALUES (?, ?, ?, ?) \
     ON CONFLICT (at, job_type, metric) DO UPDATE SET n = stats.n + excluded.n"
);
statement!(
    AddToQuarter,
    "INSERT INTO stats_quarters (at, job_type, metric, n) VALUES (?, ?, ?, ?) \
     ON CONFLICT (at, job_type, metric) DO UPDATE SET n = stats_quarters.n + excluded.n"
);

// Of PostgreSQL: all of them in one round trip, and the number of the transaction with them. Each of the lists
// is in order, and has no key twice.
statement!(AddAll, {
    let given = |of: &str| format!("json_array_elements(CAST(? AS JSON)) AS {of}(row)");
    format!(
        "WITH counted AS (INSERT INTO counters (job_type, queue, state, n) \
         SELECT row ->> 0, row ->> 1, row ->> 2, CAST(row ->> 3 AS BIGINT) FROM {} \
         ON CONFLICT (job_type, queue, state) DO UPDATE SET n = counters.n + excluded.n), \
         spans AS (INSERT INTO stats (at, job_type, metric, n) {STAT} {} \
         ON CONFLICT (at, job_type, metric) DO UPDATE SET n = stats.n + excluded.n), \
         quarters AS (INSERT INTO stats_quarters (at, job_type, metric, n) {STAT} {} \
         ON CONFLICT (at, job_type, metric) DO UPDATE SET n = stats_quarters.n + excluded.n) \
         SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",
        given("counts"),
        given("stats"),
        given("quarters")
    )
});
const STAT: &str = "SELECT CAST(row ->> 0 AS BIGINT), row ->> 1, CAST(row ->> 2 AS INTEGER), \
    CAST(row ->> 3 AS BIGINT) FROM";

statement!(
    AddElsewhere,
    "INSERT INTO remote_totals (node, name, n) VALUES (?, ?, ?) \
     ON CONFLICT (node, name) DO UPDATE SET n = remote_totals.n + excluded.n"
);

// In order, so that two nodes that add to the same rows do not wait for each other.
pub(super) type Counts = BTreeMap<(Arc<str>, Arc<str>, State), i64>;
pub(super) type Stats = BTreeMap<(i64, Arc<str>, i32), i64>;
pub(super) type Elsewhere = BTreeMap<(i64, &'static str), i64>;

/// Adds all of it; returns the number of the transaction if it was told.
pub(super) fn write(
    tx: &mut Tx<'_>,
    counts: &Counts,
    spans: &Stats,
    elsewhere: &Elsewhere,
) -> StoreResult<Option<i64>> {
    for ((node, name), n) in elsewhere {
        tx.run::<AddElsewhere>(binds![*node, *name, *n])?;
    }
    match tx.dialect() {
        _ if counts.is_empty() && spans.is_empty() => Ok(None),
        Dialect::Sqlite => write_one_by_one(tx, counts, spans).map(|()| None),
        Dialect::Postgres => write_at_once(tx, counts, spans),
    }
}

fn write_one_by_one(tx: &mut Tx<'_>, counts: &Counts, spans: &Stats) -> StoreResult<()> {
    for ((job_type, queue, state), n) in counts {
        tx.run::<AddToCounter>(binds![&**job_type, &**queue, state.as_str(), *n])?;
    }
    for ((at, job_type, metric), n) in spans {
        tx.run::<AddToStats>(binds![*at, &**job_type, i64::from(*metric), *n])?;
        if Metric::is_in_quarters(*metric) {
            let quarter = stats::quarter_of(*at);
            tx.run::<AddToQuarter>(binds![quarter, &**job_type, i64::from(*metric), *n])?;
        }
    }
    Ok(())
}

fn write_at_once(tx: &mut Tx<'_>, counts: &Counts, spans: &Stats) -> StoreResult<Option<i64>> {
    let counts = rows(counts.iter().map(|((of, queue, state), n)| (of, queue, state.as_str(), n)))?;
    let of = |stats: &Stats| rows(stats.iter().map(|((at, of, metric), n)| (at, of, metric, n)));
    let (spans, quarters) = (of(spans)?, of(&quarters(spans))?);
    Ok(tx.run_returning::<AddAll, BigInt, _>(binds![&counts, &spans, &quarters])?.first().copied())
}

/// The statistics that quarters of an hour have too, by those.
fn quarters(spans: &Stats) -> Stats {
    let mut quarters = Stats::new();
    for ((at, of, metric), n) in spans.iter().filter(|((_, _, metric), _)| Metric::is_in_quarters(*metric)) {
        *quarters.entry((stats::quarter_of(*at), of.clone(), *metric)).or_default() += n;
    }
    quarters
}

/// Rows as one value.
fn rows<T: Serialize>(rows: impl Iterator<Item = T>) -> StoreResult<String> {
    serde_json::to_string(&rows.collect::<Vec<_>>()).map_err(|e| StoreError::Database(e.to_string()))
}
