//! A job's life drawn to scale: when it waited and when it ran.

use super::chart::PITCH;
use super::phases::phases;
use super::ui::Of;
use crate::domain::{Attempt, Job, State, Timestamp};

/// The width of the box that it is drawn into.
pub(super) const WIDTH: i64 = 1000;
/// The narrowest run that can still be seen.
const NARROWEST: i64 = 4;
/// Attempts that are drawn, the last ones.
const MOST: usize = 30;
/// Those of them that are seen at once.
const AT_ONCE: usize = 8;

/// Runs that fill the box of a history.
const FULL: usize = 40;

/// One attempt as a bar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub attempt: Attempt,
    pub x: i64,
    pub width: i64,
    /// How long it has taken.
    pub ms: i64,
}

/// A span in one state as a piece of a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub state: State,
    pub x: i64,
    pub width: i64,
    pub ms: i64,
}

/// The states and the attempts of a job, from its creation to its end or to now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Timeline {
    pub pieces: Vec<Piece>,
    pub runs: Vec<Run>,
    /// Attempts that are left out.
    pub left_out: usize,
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Timeline {
    /// The timeline of a job that was read with its attempts; see [`phases`].
    pub(super) fn of(job: &Job, unblocked: Option<Timestamp>, now: Timestamp) -> Self {
        let attempts = job.attempts.as_deref().unwrap_or_default();
        let left_out = attempts.len().saturating_sub(MOST);
        let shown = &attempts[left_out..];
        let from = if left_out > 0 { shown[0].started_at } else { job.created_at };
        let to = job.completed_at.unwrap_or(now).max(from);
        let span = (to.as_millis() - from.as_millis()).max(1);
        let place = |at: Timestamp| ((at.as_millis() - from.as_millis()) * WIDTH / span).clamp(0, WIDTH);
        let run = |attempt: &Attempt| {
            let end = attempt.finished_at.unwrap_or(now);
            let width = (place(end) - place(attempt.started_at)).max(NARROWEST);
            Run {
                x: place(attempt.started_at).min(WIDTH - width),
                width,
                ms: end.as_millis() - attempt.started_at.as_millis(),
                attempt: attempt.clone(),
            }
        };
        let pieces = phases(job, unblocked, now).into_iter().filter(|phase| phase.to > from).map(|phase| {
            let width = (place(phase.to) - place(phase.from)).max(NARROWEST);
            Piece {
                state: phase.state,
                x: place(phase.from).min(WIDTH - width),
                width,
                ms: phase.to.as_millis() - phase.from.as_millis(),
            }
        });
        Self { pieces: pieces.collect(), runs: shown.iter().map(run).collect(), left_out, from, to }
    }

    /// How many of the attempts are not seen at once; a few more are better seen than folded away.
    pub(super) fn earlier(&self) -> usize {
        let folded = self.runs.len().saturating_sub(AT_ONCE);
        if folded > 2 { folded } else { 0 }
    }

    /// From its beginning to its end.
    pub(super) fn ms(&self) -> i64 {
        self.to.as_millis() - self.from.as_millis()
    }
}

/// How long the last runs took, each as a bar against the longest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct History {
    /// Job, milliseconds and height of 100, the oldest first.
    pub bars: Vec<(i64, i64, i64)>,
    /// Half of them took at most this.
    pub median_ms: i64,
}

impl History {
    /// The width of the box; few runs stand at its end.
    pub(super) fn width(&self) -> usize {
        self.bars.len().max(FULL) * PITCH
    }

    /// Where a run stands.
    pub(super) fn x(&self, place: impl Of<usize>) -> usize {
        (FULL.saturating_sub(self.bars.len()) + place.of()) * PITCH
    }

    /// From runs as (job, milliseconds), the newest first; `None` of too few to tell.
    pub(super) fn of(runs: &[(i64, i64)]) -> Option<Self> {
        let longest = runs.iter().map(|(_, ms)| *ms).max().filter(|_| runs.len() > 1)?.max(1);
        let mut sorted: Vec<i64> = runs.iter().map(|(_, ms)| *ms).collect();
        sorted.sort_unstable();
        Some(Self {
            bars: runs.iter().rev().map(|(id, ms)| (*id, *ms, (ms * 100 / longest).max(2))).collect(),
            median_ms: sorted[sorted.len() / 2],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_is_measured_against_the_longest() {
        let history = History::of(&[(3, 200), (2, 1), (1, 100)]).unwrap();
        assert_eq!(history.bars, [(1, 100, 50), (2, 1, 2), (3, 200, 100)]);
        assert_eq!(history.median_ms, 100);
        assert_eq!(History::of(&[(1, 5)]), None);
        assert_eq!(History::of(&[(1, 0), (2, 0)]).unwrap().median_ms, 0);
    }
}
