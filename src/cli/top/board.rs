//! What is known, and what of it a person looks at.

use std::collections::VecDeque;

use super::feed::News;
use super::keys::Input;
use super::picture::{Picture, Running};
use crate::domain::State;
use crate::domain::status::Counts;

/// So much of the past is drawn.
const HISTORY: usize = 120;

/// See the module.
#[derive(Debug)]
pub(super) struct Board {
    pub url: String,
    pub picture: Option<Picture>,
    /// Jobs that ended between two pictures, oldest first.
    pub ended: VecDeque<u64>,
    /// Why the server cannot be reached now.
    pub lost: Option<String>,
    pub frozen: bool,
    pub help: bool,
    /// The line that is chosen among what runs.
    pub chosen: usize,
}

impl Board {
    /// Nothing is known yet.
    pub fn new(url: String) -> Self {
        let ended = VecDeque::with_capacity(HISTORY);
        Self { url, picture: None, ended, lost: None, frozen: false, help: false, chosen: 0 }
    }

    /// Whether something that is shown changes without news.
    pub fn is_moving(&self) -> bool {
        !self.frozen && !self.running().is_empty()
    }

    /// What runs, the oldest first.
    pub fn running(&self) -> &[Running] {
        self.picture.as_ref().map_or(&[], |picture| &picture.workers)
    }

    /// Takes news in.
    pub fn hear(&mut self, news: News) {
        match news {
            News::Lost(why) => self.lost = Some(why),
            News::Picture(_) if self.frozen => self.lost = None,
            News::Picture(picture) => {
                self.lost = None;
                self.take(*picture);
            }
            News::Progress(..) if self.frozen => {}
            News::Progress(job_id, step) => {
                let workers = self.picture.as_mut().map_or(&mut [][..], |picture| &mut picture.workers);
                let running = workers.iter_mut().find(|r| r.job_id == job_id && r.attempt == step.attempt);
                if let Some(running) = running {
                    running.progress.percent = step.percent;
                    running.progress.processed = step.processed;
                    running.progress.total = step.total;
                    running.progress.message = step.message;
                }
            }
        }
    }

    fn take(&mut self, mut picture: Picture) {
        picture.workers.sort_by_key(|running| (running.started_at, running.job_id));
        if let Some(before) = &self.picture {
            if self.ended.len() == HISTORY {
                self.ended.pop_front();
            }
            // Deleted jobs are no work that was undone.
            let more = ended(&picture.status.counts) - ended(&before.status.counts);
            self.ended.push_back(u64::try_from(more).unwrap_or(0));
        }
        // Whoever looks at a job goes on looking at it, wherever it stands now.
        let chosen = self.running().get(self.chosen).map(|running| running.job_id);
        let there = picture.workers.iter().position(|running| Some(running.job_id) == chosen);
        self.chosen = there.unwrap_or(self.chosen).min(picture.workers.len().saturating_sub(1));
        self.picture = Some(picture);
    }

    /// Does what a person wants; quitting is for others to do.
    pub fn obey(&mut self, input: Input) {
        let last = self.running().len().saturating_sub(1);
        match input {
            Input::Freeze => self.frozen = !self.frozen,
            Input::Help => self.help = !self.help,
            Input::Move(by) => {
                let by = isize::try_from(by).unwrap_or(0);
                self.chosen = self.chosen.saturating_add_signed(by).min(last);
            }
            Input::First => self.chosen = 0,
            Input::Last => self.chosen = last,
            Input::Quit | Input::Redraw => {}
        }
    }
}

fn ended(counts: &Counts) -> i64 {
    State::ALL.into_iter().filter(|state| state.is_final()).filter_map(|state| counts.get(&state)).sum()
}
