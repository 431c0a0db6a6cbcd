//! Dead letters in groups: those of one job type whose errors are of one kind.

use std::collections::HashMap;

use super::bulk::{CHUNK, deed};
use super::{Acted, Action, Callboard};
use crate::domain::{JobFilter, Order, State, Timestamp, failure_kind};
use crate::error::Error;
use crate::store::views;
use crate::store::views::cursor::Cursor;

/// The dead letters that are looked at for the groups, the latest ones: with more, the groups are
/// of these, so that the page costs the same however many there are.
pub const LOOKED_AT: u32 = 2_000;

/// Dead letters of one type and one kind of error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadGroup {
    /// Their type.
    pub job_type: String,
    /// What their errors have in common; see [`mod@failure_kind`].
    pub kind: String,
    /// How many there are among those that were looked at.
    pub count: u64,
    /// When the first of them failed.
    pub first: Timestamp,
    /// When the last of them failed.
    pub last: Timestamp,
    /// The last one.
    pub sample: i64,
    /// Its error.
    pub error: String,
}

impl Callboard {
    /// The dead letters in groups, the one with the latest failure first. They are made from the
    /// latest [`LOOKED_AT`].
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn dead_groups(&self) -> Result<Vec<DeadGroup>, Error> {
        let mut groups: Vec<DeadGroup> = Vec::new();
        let mut places = HashMap::new();
        for failure in self.latest_failures(LOOKED_AT).await? {
            let kind = failure_kind(&failure.error);
            let place = *places.entry((failure.job_type.clone(), kind.clone())).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => {
                    group.count += 1;
                    group.first = failure.at;
                }
                None => groups.push(DeadGroup {
                    job_type: failure.job_type,
                    kind,
                    count: 1,
                    first: failure.at,
                    last: failure.at,
                    sample: failure.id,
                    error: failure.error,
                }),
            }
        }
        Ok(groups)
    }

    /// Does something to every dead letter of a group, in chunks, oldest first.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub async fn act_on_group(&self, action: Action, job_type: &str, kind: &str) -> Result<Acted, Error> {
        let filter = JobFilter {
            state: vec![State::Failed],
            job_type: vec![job_type.to_owned()],
            ..JobFilter::default()
        };
        let detail = serde_json::json!({"state": ["failed"], "job_type": [job_type], "kind": kind});
        self.refuse_when_draining()?;
        let begun = self.begin(deed(action).with(detail)).await?;
        let acted = self.act_on_kind(action, &filter, kind).await;
        self.conclude(begun, acted, |acted| serde_json::json!(acted)).await
    }

    async fn act_on_kind(&self, action: Action, filter: &JobFilter, kind: &str) -> Result<Acted, Error> {
        let mut acted = Acted::default();
        let mut after: Option<Cursor> = None;
        loop {
            self.refuse_when_draining()?;
            let wanted = filter.clone();
            let read = move |conn: &mut _| views::list::list(conn, &wanted, Order::Oldest, after, CHUNK);
            let page = self.read(read).await?;
            let of_kind = page.jobs.iter().filter(|job| failure_kind(error_of(job)) == kind);
            let ids: Vec<i64> = of_kind.map(|job| job.id).collect();
            acted.matched += ids.len() as u64;
            acted.changed += self.act_on(action, ids).await?;
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(acted),
            }
        }
    }
}

fn error_of(job: &crate::domain::Job) -> &str {
    job.error.as_deref().unwrap_or_default()
}
