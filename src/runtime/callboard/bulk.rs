//! Many jobs at once, in chunks, and maintenance.

use std::time::Duration;

use serde_json::json;

use super::jobs::place;
use super::{Acted, ActedOnPart, Action, Callboard};
use crate::domain::audit::{self, Deed, Verb};
use crate::domain::{JobFilter, Order, State, Timestamp};
use crate::error::Error;
use crate::runtime::log_folders;
use crate::runtime::pruner::delete_old;
use crate::runtime::rescuer::rescue_stale;
use crate::store::views::cursor::Cursor;
use crate::store::{StoreError, Tx, verbs, views};

/// Jobs changed in one write.
pub(super) const CHUNK: usize = 200;

impl Callboard {
    /// Does something to every job that a filter matches, in chunks, oldest first. Jobs that are
    /// made meanwhile are left alone; so are those whose state does not allow it.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::ShuttingDown`], also in the middle; what was changed until
    /// then stays changed.
    pub async fn act(&self, action: Action, filter: JobFilter) -> Result<Acted, Error> {
        self.refuse_when_draining()?;
        let begun = self.begin(deed(action).with(audit::filter_detail(&filter))).await?;
        let acted = self.act_from(action, &filter, None, usize::MAX).await.map(|(acted, _)| acted);
        self.conclude(begun, acted, |acted| json!(acted)).await
    }

    /// The same for the next `limit` jobs only, from where the part before this ended: a caller can
    /// stop in between, and knows how far it got.
    ///
    /// # Errors
    /// As [`Self::act`], and [`Error::Invalid`] for a cursor that is not from here.
    pub async fn act_on_part(
        &self,
        action: Action,
        filter: JobFilter,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<ActedOnPart, Error> {
        let after = place(cursor, &filter, Order::Oldest)?;
        self.refuse_when_draining()?;
        let begun = self.begin(deed(action).with(audit::filter_detail(&filter))).await?;
        let done = self.act_from(action, &filter, after, limit).await;
        let (acted, next) = self.conclude(begun, done, |(acted, _)| json!(acted)).await?;
        Ok(ActedOnPart { acted, next_cursor: next.map(|next| next.encode(&filter, Order::Oldest)) })
    }

    async fn act_from(
        &self,
        action: Action,
        filter: &JobFilter,
        mut after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Acted, Option<Cursor>), Error> {
        self.refuse_when_draining()?;
        let newest = JobFilter::default();
        let newest = self.read(move |conn| views::list::list(conn, &newest, Order::Newest, None, 1)).await?;
        let Some(last) = newest.jobs.first().map(|job| job.id) else { return Ok((Acted::default(), None)) };
        let (mut acted, mut left) = (Acted::default(), limit);
        while left > 0 {
            self.refuse_when_draining()?;
            let (wanted, n) = (filter.clone(), left.min(CHUNK));
            let page =
                self.read(move |conn| views::list::list(conn, &wanted, Order::Oldest, after, n)).await?;
            let ids: Vec<i64> = page.jobs.iter().map(|job| job.id).filter(|id| *id <= last).collect();
            left -= page.jobs.len();
            acted.matched += ids.len() as u64;
            acted.changed += self.act_on(action, ids).await?;
            match page.next {
                Some(next) if next.id < last => after = Some(next),
                _ => return Ok((acted, None)),
            }
        }
        Ok((acted, after))
    }

    pub(super) async fn act_on(&self, action: Action, ids: Vec<i64>) -> Result<u64, Error> {
        if ids.is_empty() {
            return Ok(0);
        }
        let now = self.shared.clock.now();
        match action {
            Action::Retry => self.each(ids, move |tx, id| verbs::retry::retry(tx, id, now).map(|_| ())).await,
            Action::Cancel => {
                self.each(ids, move |tx, id| verbs::cancel::cancel(tx, id, now).map(|_| ())).await
            }
            Action::Delete => {
                let gone = self.write(move |tx| verbs::delete::delete(tx, &ids)).await?;
                let deleted = gone.len() as u64;
                log_folders::remove(&self.shared, gone).await;
                Ok(deleted)
            }
        }
    }

    /// Does a verb to each job; one that is refused leaves the others alone. The verbs look before
    /// they write, so a refused one has written nothing.
    async fn each<F>(&self, ids: Vec<i64>, verb: F) -> Result<u64, Error>
    where
        F: Fn(&mut Tx<'_>, i64) -> Result<(), StoreError> + Send + 'static,
    {
        self.write(move |tx| {
            let mut changed = 0;
            for id in &ids {
                match verb(tx, *id) {
                    Ok(()) => changed += 1,
                    Err(StoreError::Refused(_)) => {}
                    Err(e) => return Err(e),
                }
            }
            Ok(changed)
        })
        .await
    }

    /// Takes back attempts whose worker is gone. Returns how many.
    ///
    /// # Errors
    /// [`Error::ShuttingDown`], [`Error::Unavailable`].
    pub async fn recover_stale(&self) -> Result<u64, Error> {
        self.refuse_when_draining()?;
        let begun = self.begin(Deed::new(Verb::Recover, "jobs")).await?;
        let recovered = rescue_stale(&self.shared).await.map_err(Error::from);
        self.conclude(begun, recovered, |n| json!({"recovered": n})).await
    }

    /// Deletes final jobs that reached their end longer ago than `older_than`: completed and
    /// cancelled ones, and failed ones if asked for. Returns how many.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub async fn cleanup(&self, older_than: Duration, include_failed: bool) -> Result<u64, Error> {
        let before = self.shared.clock.now().minus(older_than);
        let detail = json!({"before": before, "include_failed": include_failed});
        self.refuse_when_draining()?;
        let begun = self.begin(Deed::new(Verb::Cleanup, "jobs").with(detail)).await?;
        let deleted = self.delete_before(before, include_failed).await;
        self.conclude(begun, deleted, |n| json!({"deleted": n})).await
    }

    async fn delete_before(&self, before: Timestamp, include_failed: bool) -> Result<u64, Error> {
        let states = [State::Completed, State::Cancelled, State::Failed];
        let mut deleted = 0;
        for state in &states[..if include_failed { 3 } else { 2 }] {
            deleted += delete_old(&self.shared, *state, before).await?;
        }
        Ok(deleted)
    }
}

/// What an action is in the audit log.
pub(super) fn deed(action: Action) -> Deed {
    let verb = match action {
        Action::Retry => Verb::JobsRetry,
        Action::Cancel => Verb::JobsCancel,
        Action::Delete => Verb::JobsDelete,
    };
    Deed::new(verb, "jobs")
}
