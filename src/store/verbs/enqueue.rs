//! New jobs.

use diesel::sql_types::BigInt;

use crate::domain::lifecycle::{self, Move};
use crate::domain::unique::Lock;
use crate::domain::{OnConflict, OnParentFailure, State, Timestamp};
use crate::error::Error;
use crate::metrics::Happened;
use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::{Bind, binds, statement};
use crate::store::stats::Metric;
use crate::store::tx::Tx;
use crate::store::verbs::limits::keys::Stand;
use crate::store::verbs::{claim, ids, limits, parents, patch, tags, unique};

pub use super::prepared::Prepared;

/// What each new job has.
const ALWAYS: &str = "id, state, job_type, queue, priority, max_retries, created_at, ready_at, rank, args";
/// What is the same for most of them, as the table says too.
const MOSTLY: &str = "has_parents, parents_left, on_parent_failure, attempt";
/// What few of them have.
const SOMETIMES: &str = "run_at, completed_at, timeout_secs, key, target_id, unique_hash, unique_states, \
    unique_until, unique_spec, backoff, parent_job_id, workflow_id, name, tags, metadata, error, concurrency_key, \
    rate_key, held, node, worker_id, started_at";

statement!(Insert, |dialect| format!(
    "INSERT INTO jobs ({ALWAYS}, {MOSTLY}, {SOMETIMES}) VALUES ({}){}",
    ["?"; 36].join(", "),
    dialect.unless_there("key")
));
// Each value that is bound takes time, also one that says nothing.
statement!(InsertPlain, format!("INSERT INTO jobs ({ALWAYS}) VALUES ({})", ["?"; 10].join(", ")));
statement!(ByKey, "SELECT id FROM jobs WHERE key = ?");

/// What became of a new job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id, or that of the job that was there.
    pub id: i64,
    /// Whether it was there already.
    pub duplicate: bool,
    /// Its state; without meaning for one that was there.
    pub state: State,
    /// When it was made; without meaning for one that was there.
    pub created_at: Timestamp,
}

/// Stores jobs, all or none.
///
/// # Errors
/// Refused when a parent is unknown (field `jobs[i].depends_on` or `jobs[i].parent_job_id`, without
/// `jobs[i].` when `bulk` is false) or a unique conflict is to be refused.
pub fn enqueue(tx: &mut Tx<'_>, jobs: &[Prepared], bulk: bool, now: Timestamp) -> StoreResult<Vec<Stored>> {
    let ids = next_ids(tx, jobs.len())?;
    let mut next = ids.iter().copied();
    let mut id = next.next();
    let mut stored = Vec::with_capacity(jobs.len());
    for (i, job) in jobs.iter().enumerate() {
        let field = if bulk { format!("jobs[{i}].") } else { String::new() };
        let place = Place { parents: job.parents(), alone: jobs.len() == 1, ..Place::default() };
        let found = one(tx, job, id.unwrap_or_default(), place, &field, now)?;
        if !found.duplicate {
            id = next.next();
        }
        stored.push(found);
    }
    Ok(stored)
}

/// Stores one job at a place of its own.
///
/// # Errors
/// As [`enqueue`].
pub(super) fn enqueue_at(
    tx: &mut Tx<'_>,
    job: &Prepared,
    place: Place<'_>,
    now: Timestamp,
) -> StoreResult<Stored> {
    let id = ids::next(tx, ids::Of::Jobs)?;
    one(tx, job, id, place, "", now)
}

/// Takes ids for `n` jobs.
pub(super) fn next_ids(tx: &mut Tx<'_>, n: usize) -> StoreResult<Vec<i64>> {
    ids::take(tx, ids::Of::Jobs, n)
}

/// Where a new job stands among others.
#[derive(Debug, Default)]
pub(super) struct Place<'a> {
    /// The workflow that it belongs to.
    pub workflow_id: Option<i64>,
    /// Its name there.
    pub name: Option<&'a str>,
    /// The jobs that it waits for.
    pub parents: &'a [i64],
    /// What those are like.
    pub family: parents::Family,
    /// Whether it waits for its workflow to begin.
    pub held: bool,
    /// Whether it comes alone, so that none that comes with it is to start before it.
    pub alone: bool,
}

fn one(
    tx: &mut Tx<'_>,
    new: &Prepared,
    id: i64,
    place: Place<'_>,
    field: &str,
    now: Timestamp,
) -> StoreResult<Stored> {
    if let Some(id) = duplicate(tx, new, field, now)? {
        return Ok(was_there(tx, new, id, now));
    }
    let family = parents::look(tx, &new.job, &new.parents, field)?;
    let place = Place { family, ..place };
    if let Some(state) = insert(tx, new, id, &place, now)? {
        return Ok(Stored { id, duplicate: false, state, created_at: now });
    }
    match with_key(tx, new)? {
        Some(id) => Ok(was_there(tx, new, id, now)),
        // It was there, and is gone again.
        None => Err(StoreError::Contended("a job with the same key came and went".into())),
    }
}

fn was_there(tx: &mut Tx<'_>, new: &Prepared, id: i64, now: Timestamp) -> Stored {
    let job_type = tx.name(&new.job.job_type);
    tx.happened(&job_type, Happened::Duplicate);
    Stored { id, duplicate: true, state: State::Pending, created_at: now }
}

/// Stores a job of which this transaction knows of no other like it. Returns its state, or `None`
/// when another node has stored one of the same key meanwhile.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    new: &Prepared,
    id: i64,
    place: &Place<'_>,
    now: Timestamp,
) -> StoreResult<Option<State>> {
    let (state, error) = first_state(new, place, now);
    debug_assert!(lifecycle::NEW.contains(&state));
    let job = &new.job;
    let stand = limits::keys::stand(tx, job, id, state)?;
    let by = claimer(tx, new, place, state)?;
    let begin = Begin { state, error: error.as_deref(), stand, by: by.as_ref() };
    if !add_row(tx, new, id, place, &begin, now)? {
        return Ok(None);
    }
    tags::add(tx, id, &job.tags)?;
    parents::bind(tx, id, place.parents)?;
    let job_ref = tx.job_ref(id, &job.job_type, &job.queue, 0, place.workflow_id);
    tx.moved(&job_ref, None, state, error.as_deref(), now);
    tx.stat(&job_ref.job_type, Metric::Enqueued, now);
    if let Some(by) = &by {
        claim::at_once::started(tx, new.clone().into_job(id, state, now), &job_ref, by, now);
    }
    if let (State::Scheduled, Some(at)) = (state, job.run_at) {
        tx.due(at);
    }
    Ok(Some(state))
}

/// How a new job begins.
struct Begin<'a> {
    state: State,
    error: Option<&'a str>,
    stand: Stand,
    by: Option<&'a claim::Claimer>,
}

/// Stores the row of a job; false: there is one of the same key.
fn add_row(
    tx: &mut Tx<'_>,
    new: &Prepared,
    id: i64,
    place: &Place<'_>,
    begin: &Begin<'_>,
    now: Timestamp,
) -> StoreResult<bool> {
    let (job, Begin { state, error, stand, by }) = (&new.job, begin);
    let states = new.lock.as_ref().map(Lock::states_text);
    let always = binds![
        id,
        by.map_or(*state, |_| State::Running).as_str(),
        &job.job_type,
        &job.queue,
        u32::from(job.priority),
        new.max_retries,
        now,
        now,
        stand.rank,
        job.args.as_str(),
    ];
    let mostly = binds![
        !place.parents.is_empty(),
        place.family.unfinished,
        job.on_parent_failure.as_str(),
        u32::from(by.is_some()),
    ];
    let sometimes = binds![
        job.run_at,
        (state.is_final()).then_some(now),
        new.timeout_secs,
        &job.key,
        &job.target_id,
        new.lock.as_ref().map(|lock| lock.hash.as_str()),
        states.as_deref(),
        new.unique_until(now),
        &new.unique_spec,
        &new.backoff,
        job.parent_job_id,
        place.workflow_id,
        place.name,
        &new.tags,
        &new.metadata,
        *error,
        &stand.marks.concurrency_key,
        &stand.marks.rate_key,
        &stand.held,
        by.map(|by| by.node),
        by.map(|by| by.worker_id.as_str()),
        by.map(|_| now),
    ];
    let usual = mostly == binds![false, 0_u32, OnParentFailure::Cancel.as_str(), 0_u32];
    // Only the INSERT itself tells whether there is one of the same key; and what has rows elsewhere is there first.
    let by_itself = job.key.is_some() || !job.tags.is_empty() || !place.parents.is_empty();
    let inserted = if !by_itself && tx.collects(place.alone) {
        tx.collect(&[always.as_slice(), mostly, sometimes].concat())?
    } else if usual && sometimes.iter().all(Bind::is_null) {
        tx.run::<InsertPlain>(always)?
    } else {
        tx.run::<Insert>(&[always.as_slice(), mostly, sometimes].concat())?
    };
    Ok(inserted > 0)
}

/// Who claims the job in the row that it is stored in, if it may start at once.
fn claimer(
    tx: &mut Tx<'_>,
    new: &Prepared,
    place: &Place<'_>,
    state: State,
) -> StoreResult<Option<claim::Claimer>> {
    match place.alone && lifecycle::allows(Move::Claim, state, State::Running) {
        true => claim::at_once::slot(tx, &new.job.job_type, &new.job.queue),
        false => Ok(None),
    }
}

fn first_state(new: &Prepared, place: &Place<'_>, now: Timestamp) -> (State, Option<String>) {
    match place.family.failed {
        Some((parent, state)) if new.job.on_parent_failure == OnParentFailure::Cancel => {
            return (State::Cancelled, Some(parents::reason(parent, state)));
        }
        _ => {}
    }
    let state = if place.family.unfinished > 0 || place.held {
        State::Blocked
    } else if new.job.run_at.is_some_and(|at| at > now) {
        State::Scheduled
    } else {
        State::Pending
    };
    (state, None)
}

fn with_key(tx: &mut Tx<'_>, new: &Prepared) -> StoreResult<Option<i64>> {
    let Some(key) = &new.job.key else { return Ok(None) };
    let found: Vec<i64> = tx.load::<ByKey, BigInt, _>(binds![key])?;
    Ok(found.first().copied())
}

/// Makes sure that a job is not there already, whatever its uniqueness says about that.
///
/// # Errors
/// Refused when it is; `field` tells which job is meant.
pub(super) fn refuse_duplicate(
    tx: &mut Tx<'_>,
    new: &Prepared,
    field: &str,
    now: Timestamp,
) -> StoreResult<()> {
    if let Some(id) = with_key(tx, new)? {
        return Err(Error::Conflict(format!("{field}key: job {id} has it already")).into());
    }
    let Some(lock) = &new.lock else { return Ok(()) };
    match unique::holder(tx, &lock.hash, now)? {
        None => Ok(()),
        Some(unique::Holder { id, state }) => Err(same(field, id, &state)),
    }
}

fn same(field: &str, id: i64, state: &str) -> StoreError {
    Error::Conflict(format!("{field}unique: job {id} ({state}) is the same and is there already")).into()
}

/// The job that is there already, if there is one: by key first, then by uniqueness.
fn duplicate(tx: &mut Tx<'_>, new: &Prepared, field: &str, now: Timestamp) -> StoreResult<Option<i64>> {
    if let Some(id) = with_key(tx, new)? {
        return Ok(Some(id));
    }
    let Some(lock) = &new.lock else { return Ok(None) };
    let Some(unique::Holder { id, state }) = unique::holder(tx, &lock.hash, now)? else { return Ok(None) };
    match lock.on_conflict {
        OnConflict::Return => Ok(Some(id)),
        OnConflict::Refuse => Err(same(field, id, &state)),
        OnConflict::Replace => {
            patch::replace(tx, id, &new.job, now)?;
            Ok(Some(id))
        }
    }
}
