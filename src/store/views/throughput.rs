//! What happened in equal steps of time, from the kept statistics.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use crate::domain::Timestamp;
use crate::domain::status::Step;
use crate::store::sql::{self, Conn, binds, statement};
use crate::store::stats::{Metric, QUARTER_MS};

statement!(
    Quarters,
    "SELECT at / ? * ?, job_type, metric, CAST(sum(n) AS BIGINT) FROM stats_quarters WHERE at >= ? \
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
);
statement!(
    Steps,
    format!(
        "SELECT at / ? * ?, job_type, metric, CAST(sum(n) AS BIGINT) FROM stats WHERE at >= ? AND metric <= {} \
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        Metric::EndedInQueue.code()
    )
);

/// Whose steps they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// A job type's.
    JobType(String),
    /// A queue's: only how many came to an end, as completed; and not for long steps.
    Queue(String),
}

/// Steps in order, without those in which nothing happened.
pub type Throughputs = BTreeMap<Whose, Vec<Step>>;

/// The steps of `step_ms` since `since`, which should be where one begins.
pub fn throughputs(conn: &mut Conn, since: Timestamp, step_ms: i64) -> QueryResult<Throughputs> {
    type Row = (i64, String, i32, i64);
    type Sql = (BigInt, Text, Integer, BigInt);
    let bounds = binds![step_ms, step_ms, since];
    let rows: Vec<Row> = if step_ms % QUARTER_MS == 0 {
        sql::load::<Quarters, Sql, _>(conn, bounds)?
    } else {
        sql::load::<Steps, Sql, _>(conn, bounds)?
    };
    let mut all = Throughputs::new();
    for (at, name, metric, n) in rows {
        let metric = Metric::from_code(metric);
        let whose = match metric {
            Some(Metric::EndedInQueue) => Whose::Queue(name),
            _ => Whose::JobType(name),
        };
        let steps = all.entry(whose).or_default();
        let at = Timestamp::from_millis(at);
        if steps.last().is_none_or(|step| step.at != at) {
            steps.push(Step { at, enqueued: 0, completed: 0, failed: 0 });
        }
        let Some(step) = steps.last_mut() else { continue };
        match metric {
            Some(Metric::Enqueued) => step.enqueued += n,
            Some(Metric::Completed | Metric::EndedInQueue) => step.completed += n,
            Some(Metric::Failed) => step.failed += n,
            _ => {}
        }
    }
    Ok(all)
}
