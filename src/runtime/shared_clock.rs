//! One time for all nodes: the database's. Machines whose clocks differ would else start what is
//! due too early or too late, and tell of ends before beginnings.

use std::time::{Duration, Instant};

use crate::domain::{Clock, Timestamp};
use crate::store::verbs::nodes;
use crate::store::{Store, StoreResult};

/// Clocks that differ by less are taken for the same, so that time does not jump at each look.
const ALIKE: i64 = 100;
/// An answer that took longer says too little of when the database looked at its clock.
const QUICK: Duration = Duration::from_secs(1);
/// From here on people should hear of it.
const WORTH_A_WORD: i64 = 1_000;

/// Sets the clock of this process by that of the database, if others go by it too.
///
/// # Errors
/// When the database does not answer.
pub async fn set(store: &Store, clock: &Clock) -> StoreResult<()> {
    if clock.is_manual() {
        return Ok(());
    }
    let own = clock.clone();
    let look = move |conn: &mut _| {
        let (began, before) = (Instant::now(), own.now());
        let there = nodes::database_time(conn)?;
        Ok(there.map(|there| (difference(there, before, began.elapsed()), began.elapsed())))
    };
    let Some((difference, took)) = store.read(look).await? else { return Ok(()) };
    if difference.abs() > ALIKE && took < QUICK {
        let ahead = clock.ahead() + difference;
        if (ahead - clock.ahead()).abs() > WORTH_A_WORD {
            log::warn!(
                "the clock of the database is {:.1} s ahead of this machine's; times go by the database's",
                Duration::from_millis(ahead.unsigned_abs()).as_secs_f64()
                    * if ahead < 0 { -1.0 } else { 1.0 }
            );
        }
        clock.set_ahead(ahead);
    }
    Ok(())
}

/// How many milliseconds the database's clock is ahead, which looked at it in the middle of the time
/// that its answer took.
fn difference(there: Timestamp, before: Timestamp, took: Duration) -> i64 {
    there.as_millis() - before.plus(took / 2).as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_looked_in_the_middle() {
        let (before, there) = (Timestamp::from_millis(1_000), Timestamp::from_millis(11_050));
        assert_eq!(difference(there, before, Duration::from_millis(100)), 10_000);
        assert_eq!(difference(before, there, Duration::ZERO), -10_050);
    }
}
