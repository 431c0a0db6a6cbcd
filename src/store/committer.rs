//! One commit: the writes of a batch in one transaction, and what is to be done when the database
//! fails in the middle of it.

use std::time::{Duration, Instant};

use super::checkpoint::Checkpointer;
use super::claims::{Fate, Standby};
use super::error::{StoreError, StoreResult};
use super::faults::{FaultLayer, Point};
use super::limits::LimitsTable;
use super::link::{self, Link};
use super::marks::Marks;
use super::sql::{self, statement};
use super::tx::{Committed, Names, NewJobs, Tx};
use super::writer::{Observer, Seams, Write};
use crate::metrics::{CommitFate, Metrics};

/// How long the writes of a commit that failed are tried one after the other.
const ALONE: Duration = Duration::from_secs(3);

/// How often a transaction is done again that met those of other nodes.
const CONTENDED: u32 = 8;

/// The time between two complaints in the log.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

statement!(Savepoint, "SAVEPOINT verb");
statement!(Release, "RELEASE verb");
statement!(RollbackTo, "ROLLBACK TO verb");

/// Writes that share a commit.
pub(super) type Batch = Vec<Box<dyn Write>>;

/// Why a batch is not on disk.
enum Trouble {
    /// The database does not even begin.
    Away(StoreError),
    /// A write failed after it had written something. Nothing is on disk.
    Verb(StoreError),
    /// The claims that went along failed. Nothing is on disk.
    Claims(StoreError),
    /// The transaction failed. Nothing is on disk.
    Undone(StoreError),
    /// The commit failed, and whether it is on disk cannot be told.
    Doubt(StoreError),
}

/// Has the connection that writes.
pub(super) struct Committer {
    link: Link,
    names: Names,
    new_jobs: NewJobs,
    faults: FaultLayer,
    limits: LimitsTable,
    marks: Marks,
    observer: Observer,
    standby: Standby,
    complaint: Complaint,
    checkpointer: Checkpointer,
    metrics: Metrics,
}

impl Committer {
    /// Works on this connection, tells the observer of each commit and lets claims go along.
    pub fn new(link: Link, limits: LimitsTable, marks: Marks, seams: Seams) -> Self {
        let Seams { observer, claims, faults, metrics, .. } = seams;
        Self {
            link,
            names: Names::default(),
            new_jobs: NewJobs::default(),
            faults,
            limits,
            marks,
            observer,
            standby: Standby::new(claims),
            complaint: Complaint::default(),
            checkpointer: Checkpointer::default(),
            metrics,
        }
    }

    /// Puts a batch on disk and answers its callers.
    ///
    /// # Errors
    /// The database takes nothing at the moment, so there is no use in trying the next batch.
    pub fn commit(&mut self, mut batch: Batch) -> StoreResult<()> {
        let (begun, writes) = (Instant::now(), batch.len());
        let done = self.through(&mut batch);
        let statements = done.as_ref().map_or(0, |committed| committed.statements);
        self.metrics.store.commit(fate(&done), writes, statements, begun.elapsed());
        match done {
            Ok(committed) => {
                self.tell(committed, batch);
                self.checkpointer.after(statements, &mut self.link.conn, &self.metrics.store);
                Ok(())
            }
            Err(Trouble::Away(e)) => {
                self.complaint.make(batch.len(), "the database takes nothing", &e);
                answer(batch, &Err(e.clone()));
                Err(e)
            }
            Err(Trouble::Undone(e) | Trouble::Claims(e)) if batch.len() > 1 => self.alone(batch, e),
            Err(Trouble::Verb(e)) => {
                answer(batch, &Err(e));
                Ok(())
            }
            Err(Trouble::Undone(e) | Trouble::Claims(e)) => {
                self.complaint.make(batch.len(), "nothing is on disk", &e);
                answer(batch, &Err(e));
                Ok(())
            }
            Err(Trouble::Doubt(e)) => {
                self.complaint.make(batch.len(), "they may be on disk", &e);
                answer(batch, &Err(e));
                Ok(())
            }
        }
    }

    /// Tells of a commit, counts it, and answers its callers.
    fn tell(&mut self, mut committed: Committed, batch: Batch) {
        let tally = std::mem::take(&mut committed.tally);
        if !committed.is_empty() {
            (self.observer)(committed);
        }
        self.standby.settle(Fate::Committed);
        let now = Instant::now();
        let since: Vec<Instant> = batch.iter().map(|write| write.since()).collect();
        answer(batch, &Ok(()));
        // Nobody waits any more.
        self.metrics.jobs.count(tally);
        self.metrics.store.writes(since.into_iter().map(|since| now.duration_since(since)));
    }

    /// Gets a batch through, also when other nodes are at the same rows.
    fn through(&mut self, batch: &mut Batch) -> Result<Committed, Trouble> {
        let mut tries = 0;
        loop {
            let done = match self.transaction(batch, together) {
                // One of them must not take its neighbours along, so each gets a savepoint now.
                Err(Trouble::Verb(e)) if batch.len() > 1 && !is_contention(&e) => {
                    self.transaction(batch, apart)
                }
                done => done,
            };
            match done {
                Err(Trouble::Verb(e) | Trouble::Undone(e)) if is_contention(&e) && tries < CONTENDED => {
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    /// After a commit of many failed: what one of them was too large for need not stop the others.
    fn alone(&mut self, batch: Batch, failure: StoreError) -> StoreResult<()> {
        self.complaint.make(batch.len(), "each is tried alone", &failure);
        let until = Instant::now() + ALONE;
        let mut away = Ok(());
        for write in batch {
            if away.is_ok() && Instant::now() > until {
                away = Err(failure.clone());
            }
            match &away {
                Ok(()) => away = self.commit(vec![write]),
                Err(e) => write.answer(Err(e.clone())),
            }
        }
        away
    }

    fn transaction(&mut self, batch: &mut Batch, verbs: Verbs) -> Result<Committed, Trouble> {
        match self.attempt(batch, verbs, true) {
            // What somebody waits for does not fail for what only saves a commit.
            Err(Trouble::Claims(e)) => {
                log::warn!("jobs could not be claimed with the commit that made them ready: {e}");
                self.attempt(batch, verbs, false)
            }
            done => done,
        }
    }

    fn attempt(&mut self, batch: &mut Batch, verbs: Verbs, claims: bool) -> Result<Committed, Trouble> {
        self.at(Point::Begin).and_then(|()| self.link.begin()).map_err(Trouble::Away)?;
        let (link, names, new_jobs) = (&mut self.link, &mut self.names, &mut self.new_jobs);
        let mut tx = Tx::new(&mut link.conn, names, &self.faults, &self.limits, &self.marks, new_jobs);
        if claims {
            tx = tx.with_claims(&mut self.standby);
        }
        let written = verbs(&mut tx, batch).and_then(|wrote| {
            if wrote {
                tx.claim_ready().map_err(Trouble::Claims)?;
            }
            seal(&mut tx, wrote).map_err(Trouble::Undone)
        });
        let done = match written {
            Ok((committed, mark)) => self.close(committed, mark),
            Err(trouble) => {
                // What was taken is not.
                self.marks.clear();
                self.link.rollback();
                Err(trouble)
            }
        };
        match &done {
            // Settled once it has been told.
            Ok(_) => {}
            Err(Trouble::Doubt(_)) => self.standby.settle(Fate::Doubt),
            Err(_) => self.standby.settle(Fate::Undone),
        }
        done
    }

    fn close(&mut self, committed: Committed, mark: Option<i64>) -> Result<Committed, Trouble> {
        let done =
            self.at(Point::Commit).and_then(|()| self.link.commit()).and_then(|()| self.at(Point::Committed));
        let Err(e) = done else {
            // One that wrote nothing shows nothing: a full disk takes it too.
            if mark.is_some() {
                self.complaint.withdraw();
            }
            return Ok(committed);
        };
        self.marks.clear();
        self.link.rollback();
        let Some(mark) = mark else { return Err(Trouble::Undone(e)) };
        match self.at(Point::Look).and_then(|()| self.link.is_on_disk(mark)) {
            Ok(true) => {
                log::warn!("a commit failed, but it is on disk: {e}");
                Ok(committed)
            }
            Ok(false) => Err(Trouble::Undone(e)),
            Err(_) => Err(Trouble::Doubt(e)),
        }
    }

    fn at(&mut self, point: Point) -> StoreResult<()> {
        self.faults.at(point, &mut self.link.conn)
    }
}

/// Says in the log that writes fail, and that this is over; not for each of them, because a full disk
/// holds the log too.
#[derive(Default)]
struct Complaint(Option<Instant>);

impl Complaint {
    fn make(&mut self, writes: usize, what: &str, error: &StoreError) {
        if self.0.is_none_or(|last| last.elapsed() > COMPLAIN_EVERY) {
            log::error!("{writes} writes failed, {what}: {error}");
            self.0 = Some(Instant::now());
        }
    }

    fn withdraw(&mut self) {
        if self.0.take().is_some() {
            log::warn!("the database takes writes again");
        }
    }
}

/// Does the verbs of a batch; whether there is anything to commit.
type Verbs = fn(&mut Tx<'_>, &mut Batch) -> Result<bool, Trouble>;

/// Hoping that none fails.
fn together(tx: &mut Tx<'_>, batch: &mut Batch) -> Result<bool, Trouble> {
    tx.set_together(batch.len());
    for write in batch {
        let before = tx.written();
        match write.attempt(tx) {
            // PostgreSQL takes nothing more in a transaction in which something failed.
            Err(e) if tx.written() != before || !e.is_refusal() => return Err(Trouble::Verb(e)),
            _ => {}
        }
    }
    Ok(tx.written() > 0)
}

/// Each behind a savepoint.
fn apart(tx: &mut Tx<'_>, batch: &mut Batch) -> Result<bool, Trouble> {
    let mut wrote = false;
    tx.set_apart();
    for write in batch {
        let (before, effects) = (tx.written(), tx.effects());
        run_in::<Savepoint>(tx)?;
        match write.attempt(tx) {
            Ok(()) => wrote |= tx.written() != before,
            // Its locks are in the way of others, and only the end of the transaction lets go of all.
            Err(e) if is_contention(&e) => return Err(Trouble::Undone(e)),
            Err(_) => {
                tx.restore(effects);
                run_in::<RollbackTo>(tx)?;
            }
        }
        run_in::<Release>(tx)?;
    }
    Ok(wrote)
}

fn run_in<S: sql::Statement>(tx: &mut Tx<'_>) -> Result<(), Trouble> {
    let conn = tx.conn().map_err(Trouble::Undone)?;
    sql::run::<S>(conn, &[]).map(|_| ()).map_err(|e| Trouble::Undone(e.into()))
}

/// Writes what is gathered in a transaction, and the mark that tells whether its commit is on disk.
fn seal(tx: &mut Tx<'_>, wrote: bool) -> StoreResult<(Committed, Option<i64>)> {
    let (mut committed, mark) = tx.seal()?;
    committed.statements = tx.written();
    match (wrote, mark) {
        (false, _) => Ok((committed, None)),
        (true, None) => Ok((committed, link::mark(tx)?)),
        (true, mark) => Ok((committed, mark)),
    }
}

fn fate(done: &Result<Committed, Trouble>) -> CommitFate {
    match done {
        Ok(_) => CommitFate::Committed,
        Err(Trouble::Away(_)) => CommitFate::Away,
        Err(Trouble::Doubt(_)) => CommitFate::InDoubt,
        Err(Trouble::Verb(e)) if e.is_refusal() => CommitFate::Refused,
        Err(Trouble::Verb(_) | Trouble::Claims(_) | Trouble::Undone(_)) => CommitFate::Failed,
    }
}

fn is_contention(e: &StoreError) -> bool {
    matches!(e, StoreError::Contended(_))
}

/// Answers all callers alike.
pub(super) fn answer(batch: Batch, committed: &StoreResult<()>) {
    for write in batch {
        write.answer(committed.clone());
    }
}
