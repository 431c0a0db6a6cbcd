//! Enqueue within a transaction of the caller's.

use super::{Callboard, Enqueued, EnqueuedMany};
use crate::domain::NewJob;
use crate::error::Error;
use crate::runtime::prepare::{prepare, prepare_all};
use crate::store::verbs::enqueue::{self, Stored};
use crate::store::views::job::job as read;
use crate::store::{Committed, Lend};

impl Callboard {
    /// Stores a job on a connection of the caller's, to the same database: it exists if and only if
    /// the transaction that the connection is in commits, and starts as soon as it has. Without a
    /// transaction it has its own.
    ///
    /// Everything else is as with [`Self::enqueue`]. After an error nothing of the call is written,
    /// and the transaction can go on without it. This blocks, as everything on such a connection does.
    ///
    /// The transaction should be short, and the enqueue late in it. In an SQLite file whoever has
    /// written keeps all other writers out until the commit; begin with `immediate_transaction` and set a
    /// `busy_timeout`. On PostgreSQL a job with uniqueness or limits keeps other such decisions waiting.
    ///
    /// ```no_run
    /// use callboard::{Callboard, Error, NewJob};
    /// use diesel::prelude::*;
    ///
    /// fn sign_up(callboard: &Callboard, conn: &mut PgConnection, email: &str) -> Result<i64, Error> {
    ///     conn.transaction(|conn| {
    ///         diesel::sql_query("INSERT INTO users (email) VALUES ($1)")
    ///             .bind::<diesel::sql_types::Text, _>(email)
    ///             .execute(conn)?;
    ///         Ok(callboard.enqueue_on(conn, NewJob::new("welcome").target_id(email))?.job.id)
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`Self::enqueue`]; [`Error::Conflict`] when the connection is to another database.
    pub fn enqueue_on<C: Lend>(&self, conn: &mut C, job: NewJob) -> Result<Enqueued, Error> {
        self.refuse_when_draining()?;
        let prepared = [prepare(&self.shared, job, "")?];
        let now = self.shared.clock.now();
        let stored = self.shared.store.write_on(conn, |tx| {
            let stored = enqueue::enqueue(tx, &prepared, false, now)?;
            let Some(Stored { id, duplicate, .. }) = stored.first().copied() else { return Ok(None) };
            Ok(read(tx.conn()?, id)?.map(|job| (job, duplicate)))
        });
        let stored = stored?;
        self.expect_arrivals();
        let (job, duplicate) = stored.ok_or_else(|| Error::NotFound("such a job any more".into()))?;
        Ok(Enqueued { job: self.complete(job), duplicate })
    }

    /// Stores many jobs on a connection of the caller's, all or none; see [`Self::enqueue_on`].
    ///
    /// # Errors
    /// As [`Self::enqueue_on`]; fields are named `jobs[3].priority`.
    pub fn enqueue_many_on<C: Lend>(&self, conn: &mut C, jobs: Vec<NewJob>) -> Result<EnqueuedMany, Error> {
        self.refuse_when_draining()?;
        let prepared = prepare_all(&self.shared, jobs)?;
        let now = self.shared.clock.now();
        let stored = self.shared.store.write_on(conn, |tx| enqueue::enqueue(tx, &prepared, true, now))?;
        self.expect_arrivals();
        Ok(EnqueuedMany::of(&stored))
    }

    /// On an embedded database nobody tells of the commit, but a write waits for it by itself.
    fn expect_arrivals(&self) {
        if !self.shared.membership.is_shared() {
            self.shared.hear_commit(Committed { arrivals: true, ..Committed::default() });
        }
    }
}
