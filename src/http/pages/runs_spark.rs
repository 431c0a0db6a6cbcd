//! The last runs of a schedule as a row of bars: as high and as coloured as they went well.

use super::ui::Ui;
use crate::domain::ScheduleRun;
use crate::domain::schedule::RunOutcome;

/// The height of the box.
pub(super) const HEIGHT: usize = 24;
/// The width of one bar with its gap.
const PITCH: usize = 8;

/// See the module.
pub(super) struct RunsSpark {
    pub bars: Vec<Bar>,
    pub width: usize,
}

/// A run.
pub(super) struct Bar {
    pub x: usize,
    pub y: usize,
    pub height: usize,
    /// The state of its job, or what came of it otherwise.
    pub state: String,
    /// For those who point at it.
    pub title: String,
}

impl RunsSpark {
    /// Of runs, the oldest first; there is room for `most`, and the newest is at the right.
    pub(super) fn of(ui: &Ui, runs: &[ScheduleRun], most: i64) -> Self {
        let most = usize::try_from(most).unwrap_or_default();
        let runs = &runs[runs.len().saturating_sub(most)..];
        let first = most - runs.len();
        let bar = |(i, run): (usize, &ScheduleRun)| {
            let (height, state, word) = look(ui, run);
            let title = format!("{}: {word}", ui.zone.exact(run.due_at));
            Bar { x: (first + i) * PITCH, y: HEIGHT - height, height, state, title }
        };
        Self { bars: runs.iter().enumerate().map(bar).collect(), width: most * PITCH - 2 }
    }
}

fn look(ui: &Ui, run: &ScheduleRun) -> (usize, String, String) {
    match (run.outcome, run.job_state) {
        (RunOutcome::Enqueued, Some(state)) => (HEIGHT, state.to_string(), ui.t(format!("is-{state}"))),
        (RunOutcome::Enqueued, None) => (HEIGHT, "gone".into(), ui.t("run-enqueued")),
        (RunOutcome::Skipped, _) => (HEIGHT / 2, "skipped".into(), ui.t("run-skipped")),
        (RunOutcome::Missed, _) => (HEIGHT / 4, "missed".into(), ui.t("run-missed")),
    }
}
