//! Turns: jobs of one priority start in rounds over the values of a key.
//!
//! Start-time fair queueing (Goyal, Vin, Cheng, 1996): a job gets its rank when it is stored, the
//! later of the turn that it is now and the turn after the last job of its value; a value's turns
//! are the further apart the smaller its weight. The claim then takes jobs by rank, as it takes
//! others by id, so fairness costs nothing there.

use diesel::sql_types::{BigInt, Text};

use crate::domain::Fairness;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

/// One turn of a value of weight 1.
const TURN: f64 = 1_000_000.0;
/// The value that stands for the turn that it is: no value is empty.
const NOW: &str = "";

statement!(Turns, "SELECT key, next FROM turns WHERE job_type = ? AND priority = ? AND key IN ('', ?)");
statement!(
    Set,
    "INSERT INTO turns (job_type, priority, key, next) VALUES (?, ?, ?, ?) \
     ON CONFLICT (job_type, priority, key) DO UPDATE SET \
     next = excluded.next WHERE excluded.next > turns.next"
);
statement!(
    Forget,
    "DELETE FROM turns WHERE key <> '' AND next <= (SELECT n.next FROM turns n \
     WHERE n.job_type = turns.job_type AND n.priority = turns.priority AND n.key = '')"
);

/// The rank of a new job, by its value.
pub fn rank(
    tx: &mut Tx<'_>,
    job_type: &str,
    priority: u8,
    fairness: &Fairness,
    value: Option<&str>,
) -> StoreResult<i64> {
    tx.alone()?;
    let value = value.unwrap_or("null");
    let found: Vec<(String, i64)> =
        tx.load::<Turns, (Text, BigInt), _>(binds![job_type, u32::from(priority), value])?;
    let rank = found.iter().map(|(_, next)| *next).max().unwrap_or_default();
    let weight = fairness.weight(value).max(0.001);
    #[expect(clippy::cast_possible_truncation, reason = "between 1 and 10^9")]
    let step = (TURN / weight).round().clamp(1.0, 1e9) as i64;
    tx.run::<Set>(binds![job_type, u32::from(priority), value, rank + step])?;
    Ok(rank)
}

/// Jobs up to this rank have started.
pub fn reached(tx: &mut Tx<'_>, job_type: &str, priority: u8, rank: i64) -> StoreResult<()> {
    if tx.turn_is_written(job_type, priority, rank) {
        return Ok(());
    }
    tx.run::<Set>(binds![job_type, u32::from(priority), NOW, rank])?;
    tx.wrote_turn(job_type, priority, rank);
    Ok(())
}

/// Forgets values whose turns are over: their next job gets the turn that it is then.
pub fn forget_turns(tx: &mut Tx<'_>) -> StoreResult<()> {
    tx.run::<Forget>(&[]).map(|_| ())
}
