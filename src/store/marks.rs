//! Up to where the pending jobs of a queue are claimed: a claim begins there, and not at jobs that are long
//! gone. PostgreSQL keeps what is left of those in the index as long as anybody might still see them,
//! and a claim that begins before them walks over all of them (`docs/adr/0016-one-table.md`).
//!
//! A mark may be wrong (a job that an older transaction commits late, an attempt that comes back on
//! another node), so it stands back a little, and holds for seconds only.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After so long a claim looks from the beginning again.
const HOLDS: Duration = Duration::from_secs(5);
/// So many ranks behind the last job that was taken. Ids are ranks, and are given out before their
/// transactions commit.
const STANDS_BACK: i64 = 1_000;
/// Priorities, from the most urgent one on.
pub const PRIORITIES: std::ops::RangeInclusive<i32> = 1..=10;

/// The marks of a store, by job type and queue. Cloning gives another handle to the same ones.
#[derive(Clone, Debug, Default)]
pub struct Marks(Arc<Mutex<HashMap<String, HashMap<String, Mark>>>>);

/// Where the claims of a queue begin.
#[derive(Clone, Debug)]
struct Mark {
    set: Instant,
    /// By priority.
    ranks: BTreeMap<i32, i64>,
}

impl Marks {
    fn all(&self) -> MutexGuard<'_, HashMap<String, HashMap<String, Mark>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rank behind which a claim is to look, for each priority.
    #[must_use]
    pub fn of(&self, job_type: &str, queue: &str) -> Vec<i64> {
        let all = self.all();
        let mark = all.get(job_type).and_then(|queues| queues.get(queue));
        let mark = mark.filter(|mark| mark.set.elapsed() < HOLDS);
        let rank = |priority| mark.and_then(|mark| mark.ranks.get(&priority)).copied().unwrap_or(i64::MIN);
        PRIORITIES.map(rank).collect()
    }

    /// Jobs of these priorities and ranks were taken, and all that stood before them.
    pub fn took(&self, job_type: &str, queue: &str, jobs: impl Iterator<Item = (i32, i64)>) {
        let mut all = self.all();
        let queues = all.entry(job_type.to_owned()).or_default();
        let mark = queues
            .entry(queue.to_owned())
            .or_insert_with(|| Mark { set: Instant::now(), ranks: BTreeMap::new() });
        if mark.set.elapsed() >= HOLDS {
            *mark = Mark { set: Instant::now(), ranks: BTreeMap::new() };
        }
        for (priority, rank) in jobs {
            let known = mark.ranks.entry(priority).or_insert(i64::MIN);
            *known = (*known).max(rank.saturating_sub(STANDS_BACK));
        }
    }

    /// Nothing is known any more.
    pub fn clear(&self) {
        self.all().clear();
    }

    /// A job that is not new may be claimed: it may stand anywhere.
    pub fn forget(&self, job_type: &str) {
        self.all().remove(job_type);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stands_back_a_little_and_is_forgotten() {
        let marks = Marks::default();
        marks.took("t", "q", [(5, 40_000), (5, 30_000), (7, 10)].into_iter());
        let ranks = marks.of("t", "q");
        assert_eq!((ranks[4], ranks[6], ranks[0]), (39_000, -990, i64::MIN));
        assert_eq!(marks.of("t", "other"), vec![i64::MIN; 10]);
        marks.forget("t");
        assert_eq!(marks.of("t", "q"), vec![i64::MIN; 10]);
    }
}
