//! Up to where the pending jobs of a queue are claimed: a claim begins there, and not at jobs that are long
//! gone. PostgreSQL keeps what is left of those in the index as long as anybody might still see them,
//! and a claim that begins before them walks over all of them (`docs/adr/0016-one-table.md`).
//!
//! And how far the turns of a job type are written down, so that not each claim writes that again.
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

/// The marks of a store. Cloning gives another handle to the same ones.
#[derive(Clone, Debug, Default)]
pub struct Marks(Arc<Mutex<HashMap<String, OfType>>>);

/// The marks of a job type.
#[derive(Debug, Default)]
struct OfType {
    /// Where the claims of each queue begin.
    queues: HashMap<String, Mark>,
    /// The turn that is written down: it need not be written again.
    turn: Option<Mark>,
}

/// Ranks that were reached.
#[derive(Clone, Debug)]
struct Mark {
    set: Instant,
    /// By priority.
    ranks: BTreeMap<i32, i64>,
}

impl Mark {
    fn new() -> Self {
        Self { set: Instant::now(), ranks: BTreeMap::new() }
    }

    fn holds(&self) -> bool {
        self.set.elapsed() < HOLDS
    }

    fn reach(&mut self, priority: i32, rank: i64) {
        let known = self.ranks.entry(priority).or_insert(i64::MIN);
        *known = (*known).max(rank);
    }
}

impl Marks {
    fn all(&self) -> MutexGuard<'_, HashMap<String, OfType>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rank behind which a claim is to look, for each priority.
    #[must_use]
    pub fn of(&self, job_type: &str, queue: &str) -> Vec<i64> {
        let all = self.all();
        let mark = all.get(job_type).and_then(|of_type| of_type.queues.get(queue));
        let mark = mark.filter(|mark| mark.holds());
        let rank = |priority| mark.and_then(|mark| mark.ranks.get(&priority)).copied().unwrap_or(i64::MIN);
        PRIORITIES.map(rank).collect()
    }

    /// Jobs of these priorities and ranks were taken, and all that stood before them.
    pub fn took(&self, job_type: &str, queue: &str, jobs: impl Iterator<Item = (i32, i64)>) {
        let mut all = self.all();
        let queues = &mut all.entry(job_type.to_owned()).or_default().queues;
        let mark = queues.entry(queue.to_owned()).or_insert_with(Mark::new);
        if !mark.holds() {
            *mark = Mark::new();
        }
        for (priority, rank) in jobs {
            mark.reach(priority, rank.saturating_sub(STANDS_BACK));
        }
    }

    /// Whether it is written down that the turn of a priority has come this far.
    #[must_use]
    pub fn turn_is_written(&self, job_type: &str, priority: i32, rank: i64) -> bool {
        let all = self.all();
        let turn = all.get(job_type).and_then(|of_type| of_type.turn.as_ref()).filter(|turn| turn.holds());
        turn.and_then(|turn| turn.ranks.get(&priority)).is_some_and(|written| rank <= *written)
    }

    /// It is written down.
    pub fn wrote_turn(&self, job_type: &str, priority: i32, rank: i64) {
        let mut all = self.all();
        let turn = &mut all.entry(job_type.to_owned()).or_default().turn;
        turn.take_if(|turn| !turn.holds());
        turn.get_or_insert_with(Mark::new).reach(priority, rank);
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

    #[test]
    fn a_turn_is_written_once_for_each_rank_of_a_priority() {
        let marks = Marks::default();
        assert!(!marks.turn_is_written("t", 5, 0));
        marks.wrote_turn("t", 5, 3);
        let written = |priority, rank| marks.turn_is_written("t", priority, rank);
        assert_eq!([written(5, 3), written(5, 2), written(5, 4), written(4, 3)], [true, true, false, false]);
        marks.clear();
        assert!(!marks.turn_is_written("t", 5, 3));
    }
}
