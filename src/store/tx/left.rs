//! What a transaction on a caller's own connection brought about, left for another one to write and
//! tell.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Effects, Tx};
use crate::domain::{Event, State};
use crate::metrics::Happened;
use crate::store::news::{self, Item};
use crate::store::stats::Metric;

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Left {
    counts: Vec<(Arc<str>, Arc<str>, State, i64)>,
    stats: Vec<(i64, Arc<str>, i32, i64)>,
    told: Vec<Item>,
}

impl Left {
    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.stats.is_empty() && self.told.is_empty()
    }
}

impl Tx<'_> {
    /// Lets go of what was gathered.
    pub(in crate::store) fn leave(&mut self) -> Left {
        let Effects { counts, stats, committed, .. } = std::mem::take(&mut self.effects);
        let mut told = news::of_commit(&committed);
        told.extend(news::of_events(&committed.events));
        Left {
            counts: counts.into_iter().map(|((t, q, state), n)| (t, q, state, n)).collect(),
            stats: stats.into_iter().map(|((at, of, metric), n)| (at, of, metric, n)).collect(),
            told,
        }
    }

    /// Takes in what another transaction has left; returns its events, some of which may be out of date.
    pub(in crate::store) fn take_in(&mut self, left: Left) -> Vec<Event> {
        for (job_type, queue, state, n) in left.counts {
            *self.effects.counts.entry((job_type, queue, state)).or_default() += n;
        }
        for (at, of, metric, n) in left.stats {
            if let (Some(Metric::Enqueued), Ok(n)) = (Metric::from_code(metric), u64::try_from(n)) {
                self.happened(&of, Happened::Enqueued(n));
            }
            *self.effects.stats.entry((at, of, metric)).or_default() += n;
        }
        let heard = news::gather(left.told).commit;
        for job_type in &heard.ready {
            self.ready(job_type);
            // Its id may be older than those of many that were claimed meanwhile.
            self.again(job_type);
        }
        if let Some(at) = heard.due {
            self.due(at);
        }
        heard.events
    }

    /// Notes that events of another transaction are to be told.
    pub(in crate::store) fn tell(&mut self, events: impl IntoIterator<Item = Event>) {
        self.effects.committed.events.extend(events);
    }
}
