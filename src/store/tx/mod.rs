//! A transaction under way: its connection, and what has to happen with its commit.

mod effects;
mod left;
mod names;
mod new_jobs;
mod totals;

use std::sync::Arc;

use diesel::query_dsl::methods::LoadQuery;
use diesel::{PgConnection, SqliteConnection};

pub use self::effects::{Committed, Effects, JobRef, Nested};
pub use self::left::Left;
pub use self::names::Names;
pub use self::new_jobs::NewJobs;
use super::claims::Standby;
use super::error::{StoreError, StoreResult};
use super::faults::{FaultLayer, Point};
use super::limits::LimitsTable;
use super::marks::Marks;
use super::sql::{self, Bind, Conn, Dialect, Ids, Statement, statement};
use super::verbs::claim::Claimer;
use super::verbs::{ids, workflows};
use crate::domain::{Job, Limits};

// One lock for all that: with several, two nodes would take them in different orders and wait for
// each other.
statement!(Alone, "SELECT pg_advisory_xact_lock(hashtextextended('callboard ' || current_schema(), 0))");

/// A transaction under way. Every verb gets one.
pub struct Tx<'c> {
    conn: &'c mut Conn,
    names: &'c mut Names,
    faults: &'c FaultLayer,
    limits: &'c LimitsTable,
    marks: &'c Marks,
    claims: Option<&'c mut Standby>,
    /// Each verb may be undone by itself: what it would have started cannot be.
    apart: bool,
    /// The last type and queue of which nothing was found to keep a new job from starting.
    open: Option<(Arc<str>, Arc<str>)>,
    effects: Effects,
    /// Jobs that are not in the table yet.
    new_jobs: &'c mut NewJobs,
    written: u64,
}

impl<'c> Tx<'c> {
    pub(super) fn new(
        conn: &'c mut Conn,
        names: &'c mut Names,
        faults: &'c FaultLayer,
        limits: &'c LimitsTable,
        marks: &'c Marks,
        new_jobs: &'c mut NewJobs,
    ) -> Self {
        new_jobs.begin();
        Self {
            conn,
            names,
            faults,
            limits,
            marks,
            claims: None,
            apart: false,
            open: None,
            effects: Effects::default(),
            new_jobs,
            written: 0,
        }
    }

    /// The same, with claims that go along.
    pub(super) fn with_claims(mut self, claims: &'c mut Standby) -> Self {
        self.claims = Some(claims);
        self
    }

    /// All verbs, of so many writes, come true or fail together.
    pub(super) fn set_together(&mut self, writes: usize) {
        self.new_jobs.expect(writes);
    }

    /// The SQL that is spoken.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.conn.dialect()
    }

    /// The connection, for reads; writes go through [`Self::run`].
    ///
    /// # Errors
    /// When what comes before is refused.
    pub fn conn(&mut self) -> StoreResult<&mut Conn> {
        match self.new_jobs.store(self.conn).map_err(StoreError::from) {
            Ok(()) => Ok(self.conn),
            // Whoever comes next is not to be told that for a fault of its own.
            Err(StoreError::Refused(e)) => Err(StoreError::Database(e.to_string())),
            Err(e) => Err(e),
        }
    }

    /// From now on each verb may be undone by itself.
    pub(super) fn set_apart(&mut self) {
        self.apart = true;
    }

    /// The verbs are done: claims what they made ready.
    pub(super) fn claim_ready(&mut self) -> StoreResult<()> {
        self.claims.take().map_or(Ok(()), |claims| claims.claim(self))
    }

    /// Keeps a slot for a new job of a type of which nothing in this transaction is ready, and which
    /// no limit keeps back. `None`: the job waits for a claim.
    pub(super) fn slot(&mut self, job_type: &str) -> Option<Claimer> {
        let claims = self.claims.as_mut().filter(|_| !self.apart)?;
        let alone = self.effects.nothing_ready(job_type) && self.limits.of(job_type).is_none();
        alone.then(|| claims.slot(job_type)).flatten()
    }

    /// Whether nothing keeps new jobs of this type and queue from starting, as was found last.
    pub(super) fn is_open(&self, job_type: &str, queue: &str) -> bool {
        self.open.as_ref().is_some_and(|(t, q)| **t == *job_type && **q == *queue)
    }

    /// Notes that nothing does.
    pub(super) fn set_open(&mut self, job_type: &str, queue: &str) {
        self.open = Some((self.names.get(job_type), self.names.get(queue)));
    }

    /// The job that a slot was kept for is written, as one that runs.
    pub(super) fn fill_slot(&mut self, job: Job) {
        if let Some(claims) = &mut self.claims {
            claims.fill(job);
        }
    }

    /// Whether a new job is to be stored together with those that follow. `alone`: none follows from the same caller.
    pub(super) fn collects(&self, alone: bool) -> bool {
        self.new_jobs.is_worthwhile(self.dialect(), alone)
    }

    /// Stores a job so, with the values of its INSERT; returns how many rows that will change.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) fn collect(&mut self, values: &[Bind<'_>]) -> StoreResult<usize> {
        self.written += 1;
        self.faults.at(Point::Statement, self.conn)?;
        self.new_jobs.add(values);
        Ok(1)
    }

    /// Takes the number of a new job that was taken with others, if there is one; or else says how many to take.
    pub(super) fn spare_id(&mut self) -> Result<i64, usize> {
        self.new_jobs.spare_id(self.dialect())
    }

    /// The numbers that were taken and not given, the first and the last.
    pub(super) fn left_over_ids(&self) -> Option<(i64, i64)> {
        self.new_jobs.left_over()
    }

    /// Keeps numbers for further new jobs.
    pub(super) fn keep_ids(&mut self, ids: Vec<i64>) {
        self.new_jobs.keep_ids(ids);
    }

    /// Runs a statement that writes; returns how many rows it changed.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn run<S: Statement>(&mut self, binds: &[Bind<'_>]) -> StoreResult<usize> {
        // Counted before, because a statement that fails may have begun.
        self.written += 1;
        self.faults.at(Point::Statement, self.conn)?;
        Ok(sql::run::<S>(self.conn()?, binds)?)
    }

    /// Runs a statement that writes and gives rows.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn run_returning<S, ST, U>(&mut self, binds: &[Bind<'_>]) -> StoreResult<Vec<U>>
    where
        S: Statement,
        ST: 'static,
        for<'q> sql::Prepared<'q, S, ST>: LoadQuery<'q, SqliteConnection, U> + LoadQuery<'q, PgConnection, U>,
    {
        self.written += 1;
        self.faults.at(Point::Statement, self.conn)?;
        self.load::<S, ST, U>(binds)
    }

    /// As [`Self::run`], of one of two statements that differ in how they name the jobs, which comes last in them.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) fn run_for<Run, List>(&mut self, ids: &Ids, binds: &[Bind<'_>]) -> StoreResult<usize>
    where
        Run: Statement,
        List: Statement,
    {
        let binds = ids.after(binds);
        match ids {
            Ids::Run(..) => self.run::<Run>(&binds),
            Ids::List(_) => self.run::<List>(&binds),
        }
    }

    /// As [`Self::run_returning`], of a statement that has nothing to do with jobs that are about to be stored.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) fn run_aside<S, ST, U>(&mut self, binds: &[Bind<'_>]) -> StoreResult<Vec<U>>
    where
        S: Statement,
        ST: 'static,
        for<'q> sql::Prepared<'q, S, ST>: LoadQuery<'q, SqliteConnection, U> + LoadQuery<'q, PgConnection, U>,
    {
        self.written += 1;
        self.faults.at(Point::Statement, self.conn)?;
        Ok(sql::load::<S, ST, U>(self.conn, binds)?)
    }

    /// Reads rows.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn load<S, ST, U>(&mut self, binds: &[Bind<'_>]) -> StoreResult<Vec<U>>
    where
        S: Statement,
        ST: 'static,
        for<'q> sql::Prepared<'q, S, ST>: LoadQuery<'q, SqliteConnection, U> + LoadQuery<'q, PgConnection, U>,
    {
        Ok(sql::load::<S, ST, U>(self.conn()?, binds)?)
    }

    /// What holds for the starts of a job type.
    #[must_use]
    pub fn limits(&self, job_type: &str) -> Option<Arc<Limits>> {
        self.limits.of(job_type)
    }

    /// Where a claim of a queue begins, as PostgreSQL writes an array.
    pub(super) fn marks(&self, job_type: &str, queue: &str) -> String {
        let ranks: Vec<String> = self.marks.of(job_type, queue).iter().map(ToString::to_string).collect();
        format!("{{{}}}", ranks.join(","))
    }

    /// Notes which jobs of a queue were taken, by priority and rank: the next claim begins behind them.
    pub(super) fn took(&mut self, job_type: &str, queue: &str, jobs: impl Iterator<Item = (i32, i64)>) {
        self.marks.took(job_type, queue, jobs);
    }

    /// Whether it is written down that a turn has come this far.
    pub(super) fn turn_is_written(&self, job_type: &str, priority: u8, rank: i64) -> bool {
        self.marks.turn_is_written(job_type, priority.into(), rank)
    }

    /// It is written down, in this transaction.
    pub(super) fn wrote_turn(&self, job_type: &str, priority: u8, rank: i64) {
        self.marks.wrote_turn(job_type, priority.into(), rank);
    }

    /// The turns of a job type are not written down any more.
    pub(super) fn forgot_turns(&self, job_type: &str) {
        self.marks.forget(job_type);
    }

    /// Notes that a job that is not new may be claimed.
    pub(super) fn again(&mut self, job_type: &Arc<str>) {
        self.marks.forget(job_type);
        self.effects.again(job_type);
    }

    /// The shared form of a name.
    pub fn name(&mut self, text: &str) -> Arc<str> {
        self.names.get(text)
    }

    /// Waits until no other node decides by what this transaction is about to look at, and keeps them
    /// out until the commit: who holds the lock of a unique job, and what a limit leaves. An embedded
    /// database has one writer, so nobody is there to be kept out.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn alone(&mut self) -> StoreResult<()> {
        if self.dialect() == Dialect::Postgres && !self.effects.alone {
            sql::run::<Alone>(self.conn()?, &[])?;
            self.effects.alone = true;
        }
        Ok(())
    }

    /// How many writes there have been, to tell whether a verb that failed left something behind.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// What was gathered so far, to come back to.
    pub(super) fn effects(&self) -> Effects {
        self.effects.clone()
    }

    /// Forgets what was gathered since.
    pub(super) fn restore(&mut self, effects: Effects) {
        self.marks.clear();
        self.effects = effects;
    }

    /// Ends the workflows whose last job ended, and writes what is gathered; returns what to tell after the
    /// commit, and the number of the transaction if it was told.
    pub(super) fn seal(&mut self) -> StoreResult<(Committed, Option<i64>)> {
        workflows::roll_up(self)?;
        ids::give_back(self)?;
        let effects = std::mem::take(&mut self.effects);
        effects.write(self)
    }
}
