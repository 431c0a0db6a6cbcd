//! Claiming where limits, turns or aging say more than priority and age: the candidates are walked
//! in the order in which they are to start, and those that a limit meets are held.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::candidates::{Candidate, Candidates, Counts};
use super::outlook::Outlook;
use super::{Claimed, Claimer, load_and_take, take};
use crate::domain::{Job, Limits, RateLimit, Timestamp};
use crate::metrics::Happened;
use crate::store::error::StoreResult;
use crate::store::tx::Tx;
use crate::store::verbs::limits::held::{self, Holder};
use crate::store::verbs::limits::{rate, turns};
use crate::store::views::limits::running;

/// The most jobs that one claim holds; then others get a turn, and it goes on.
const MAX_HELD: usize = 1000;

/// Takes up to `n` pending jobs of a type, as far as its limits let them start; of one queue, if one
/// is named, else of all that are not paused.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    job_type: &str,
    queue: Option<&str>,
    limits: &Limits,
    n: usize,
    by: &Claimer,
    now: Timestamp,
) -> StoreResult<Claimed> {
    tx.alone()?;
    let outlook = Outlook::read(tx, job_type)?;
    let mut room = Room::look(tx, job_type, limits, n, &outlook, now)?;
    let mut taken = Vec::new();
    if room.free > 0 {
        let queues = queue.map_or(outlook.queues, |queue| vec![queue.to_owned()]);
        let mut candidates = Candidates::new(job_type, queues, limits, n, now);
        while room.free > 0 && room.held < MAX_HELD {
            let Some(candidate) = candidates.next(tx)? else { break };
            match room.refusal(tx, &candidate)? {
                Some(holder) => {
                    if room.hold(tx, &candidate, holder)? {
                        candidates.look_again();
                    }
                }
                None => taken.push(candidate),
            }
        }
    }
    let next = room.write(tx)?;
    note_turns(tx, job_type, limits, &taken)?;
    let more = room.held >= MAX_HELD || room.let_go || (taken.len() == n && n > 0);
    let kept_back = room.full;
    if kept_back || room.held > 0 || next.is_some() {
        let job_type = tx.name(job_type);
        tx.happened(&job_type, Happened::Limited);
    }
    let jobs = take_all(tx, taken, by, now)?;
    Ok(Claimed { jobs, next, more, kept_back })
}

/// Takes them, in this order.
fn take_all(
    tx: &mut Tx<'_>,
    mut taken: Vec<Candidate>,
    by: &Claimer,
    now: Timestamp,
) -> StoreResult<Vec<Job>> {
    if let [Candidate { row, .. }] = taken.as_mut_slice()
        && let Some(row) = row.take()
    {
        return take(tx, vec![*row], by, now);
    }
    let ids: Vec<i64> = taken.iter().map(|candidate| candidate.id).collect();
    load_and_take(tx, &ids, by, now)
}

/// Whose turn it is now.
fn note_turns(tx: &mut Tx<'_>, job_type: &str, limits: &Limits, taken: &[Candidate]) -> StoreResult<()> {
    if limits.fairness.is_none() {
        return Ok(());
    }
    let mut reached: HashMap<u8, i64> = HashMap::new();
    for candidate in taken {
        let rank = reached.entry(candidate.priority).or_default();
        *rank = (*rank).max(candidate.rank);
    }
    for (priority, rank) in reached {
        turns::reached(tx, job_type, priority, rank)?;
    }
    Ok(())
}

/// What the limits leave in one claim.
struct Room<'a> {
    job_type: &'a str,
    limits: &'a Limits,
    now: Timestamp,
    /// How many more may start in all.
    free: usize,
    /// How many of each value that was met run.
    running: HashMap<String, u32>,
    /// When a rate limit lets the next held ones go.
    due: Option<Timestamp>,
    /// What the rate limit leaves of each value.
    starts: HashMap<String, Starts>,
    /// Whether as many run on all nodes as may.
    full: bool,
    /// Whether it let go some that it may have passed already.
    let_go: bool,
    held: usize,
    holds: HashMap<Holder, Vec<i64>>,
}

/// Starts under a rate limit.
struct Starts {
    allowed: u32,
    made: u32,
    stale: bool,
}

impl<'a> Room<'a> {
    fn look(
        tx: &mut Tx<'_>,
        job_type: &'a str,
        limits: &'a Limits,
        n: usize,
        outlook: &Outlook,
        now: Timestamp,
    ) -> StoreResult<Self> {
        let mut room = Self {
            job_type,
            limits,
            now,
            free: n,
            running: HashMap::new(),
            due: None,
            starts: HashMap::new(),
            full: false,
            let_go: false,
            held: 0,
            holds: HashMap::new(),
        };
        if let Some(most) = limits.global_concurrency {
            let left = i64::from(most) - outlook.running;
            let left = usize::try_from(left).unwrap_or_default();
            room.full = left <= n;
            room.free = room.free.min(left);
        }
        match &limits.rate_limit {
            Some(limit) if limit.key.is_some() => {
                room.due = rate::release_due(tx, job_type, limit, outlook.due, now)?;
            }
            Some(limit) => room.free = room.free.min(room.starts_of(tx, limit, "", None)?.allowed as usize),
            None => {}
        }
        Ok(room)
    }

    /// The limit that keeps a candidate from starting; `None`: it may, and counts from now on.
    fn refusal(&mut self, tx: &mut Tx<'_>, candidate: &Candidate) -> StoreResult<Option<Holder>> {
        let value = candidate.concurrency_key.as_deref().filter(|value| !value.is_empty());
        let per_key = self.limits.per_key.as_ref().zip(value);
        if let Some((per_key, value)) = per_key
            && *self.running_of(tx, value, candidate.counts)? >= per_key.limit
        {
            return Ok(Some(Holder::Concurrency(value.to_owned())));
        }
        if let Some(limit) = &self.limits.rate_limit {
            let key = candidate.rate_key.as_deref().filter(|_| limit.key.is_some()).unwrap_or_default();
            // A job without a value is limited only where no key is asked for.
            if limit.key.is_none() || !key.is_empty() {
                let starts = self.starts_of(tx, limit, key, candidate.counts)?;
                if starts.allowed == 0 {
                    return Ok(Some(Holder::Rate(key.to_owned())));
                }
                starts.allowed -= 1;
                starts.made += 1;
            }
        }
        if let Some((_, value)) = per_key {
            *self.running_of(tx, value, candidate.counts)? += 1;
        }
        self.free -= 1;
        Ok(None)
    }

    /// How many of a value run, those that this claim takes among them. `found`: as was read with one of
    /// its jobs.
    fn running_of(&mut self, tx: &mut Tx<'_>, value: &str, found: Option<Counts>) -> StoreResult<&mut u32> {
        match self.running.entry(value.to_owned()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let n = match found {
                    Some(counts) => counts.running,
                    None => running(tx.conn()?, self.job_type, Some(value))?,
                };
                Ok(new.insert(u32::try_from(n).unwrap_or(u32::MAX)))
            }
        }
    }

    /// What the rate limit leaves of a value. `found`: as for [`Self::running_of`].
    fn starts_of(
        &mut self,
        tx: &mut Tx<'_>,
        limit: &RateLimit,
        key: &str,
        found: Option<Counts>,
    ) -> StoreResult<&mut Starts> {
        match self.starts.entry(key.to_owned()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let left = match found.and_then(|counts| counts.starts) {
                    Some(left) => left,
                    None => rate::allowance(tx.conn()?, self.job_type, key, limit, self.now)?,
                };
                Ok(new.insert(Starts { allowed: left.starts, made: 0, stale: left.stale }))
            }
        }
    }

    /// Keeps a candidate out of claims; whether others were let go instead.
    fn hold(&mut self, tx: &mut Tx<'_>, candidate: &Candidate, holder: Holder) -> StoreResult<bool> {
        self.held += 1;
        // What the one limit would have let it have is left to others.
        let let_go = match (&holder, &self.limits.rate_limit) {
            (Holder::Rate(_), _) => held::room(tx, self.job_type, candidate.concurrency_key.as_deref())?,
            (Holder::Concurrency(_), Some(limit)) => {
                let key = candidate.rate_key.as_deref();
                let allowed = self.starts_of(tx, limit, key.unwrap_or_default(), None)?.allowed;
                allowed > 0 && held::start_left(tx, self.job_type, key)?
            }
            (Holder::Concurrency(_), None) => false,
        };
        self.let_go |= let_go;
        self.holds.entry(holder).or_default().push(candidate.id);
        Ok(let_go)
    }

    /// Writes what was found: what started, and who is held and until when. Returns when a rate
    /// limit that stands in the way lets the next one start.
    fn write(&self, tx: &mut Tx<'_>) -> StoreResult<Option<Timestamp>> {
        for (holder, ids) in &self.holds {
            held::hold(tx, ids, holder)?;
        }
        let Some(limit) = &self.limits.rate_limit else { return Ok(None) };
        for (value, starts) in self.starts.iter().filter(|(_, s)| s.made > 0) {
            if starts.stale {
                rate::forget(tx, self.job_type, value, limit, self.now)?;
            }
            rate::started(tx, self.job_type, value, limit, starts.made, self.now)?;
        }
        if limit.key.is_none() {
            return Ok(rate::allowance(tx.conn()?, self.job_type, "", limit, self.now)?.next);
        }
        let mut due = self.due;
        for holder in self.holds.keys() {
            let Holder::Rate(value) = holder else { continue };
            let until = rate::allowance(tx.conn()?, self.job_type, value, limit, self.now)?.next;
            let until = until.unwrap_or(self.now);
            rate::wait(tx, self.job_type, value, until)?;
            due = Some(due.map_or(until, |due| due.min(until)));
        }
        Ok(due)
    }
}
