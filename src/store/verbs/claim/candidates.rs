//! The pending jobs of a type in the order in which they are to start.

use std::collections::VecDeque;
use std::time::Duration;

use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use crate::domain::lifecycle::{self, Move};
use crate::domain::{Limits, RateLimit, State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::row::{COLUMNS, JobRow, RowSql};
use crate::store::sql::{LIMIT, binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::limits::rate::{self, Allowance};

statement!(Page, page("id, priority, rank, ready_at, concurrency_key, rate_key"));
// The whole row: it is most likely the one that is taken.
statement!(Head, |dialect| page(&format!("{COLUMNS}, rank, concurrency_key, rate_key"))
    + dialect.lock_free());
// With what its limits will ask next: how many of its value run, and how many have started within the span
// of a rate limit and before.
statement!(HeadAndCounts, |dialect| page(&format!(
    "{COLUMNS}, rank, concurrency_key, rate_key, \
     (SELECT count(*) FROM jobs r WHERE r.state = '{}' AND r.concurrency_key IS NOT NULL \
     AND r.job_type = jobs.job_type AND r.concurrency_key = jobs.concurrency_key), \
     (SELECT CAST(sum(s.n) AS BIGINT) FROM rate_starts s \
     WHERE s.job_type = jobs.job_type AND s.key = jobs.rate_key AND s.at > ?), \
     (SELECT count(*) FROM rate_starts s \
     WHERE s.job_type = jobs.job_type AND s.key = jobs.rate_key AND s.at <= ?)",
    State::Running
)) + dialect.lock_free());

fn page(columns: &str) -> String {
    format!(
        "SELECT {columns} FROM jobs \
         WHERE {} AND held IS NULL AND job_type = ? AND queue = ? AND (priority, rank, id) > (?, ?, ?) \
         AND priority <= ? ORDER BY priority, rank, id {LIMIT}",
        lifecycle::sql_guard(Move::Claim)
    )
}

/// The most jobs that are read at once.
const MAX_PAGE: i64 = 256;

/// A pending job that no limit holds.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub id: i64,
    pub priority: u8,
    pub rank: i64,
    pub concurrency_key: Option<String>,
    pub rate_key: Option<String>,
    /// What limits ask about its values, if that was read.
    pub counts: Option<Counts>,
    /// All of it, if that was read.
    pub row: Option<Box<JobRow>>,
    ready_at: i64,
}

/// What limits ask about the values of a job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    /// How many of its `concurrency_key` run.
    pub running: i64,
    /// What its rate limit leaves of its `rate_key`; `None`: that is to be asked for.
    pub starts: Option<Allowance>,
}

/// Gives them one by one.
pub(super) struct Candidates<'a> {
    job_type: &'a str,
    aging: Option<Duration>,
    /// Set if limits ask for counts of values.
    counted: Option<Counted<'a>>,
    lines: Vec<Line>,
}

/// How the values of jobs are counted.
#[derive(Clone, Copy)]
struct Counted<'a> {
    rate: Option<&'a RateLimit>,
    /// Starts after this are in the span of the rate limit.
    since: Timestamp,
}

impl<'a> Counted<'a> {
    fn by(limits: &'a Limits, now: Timestamp) -> Option<Self> {
        let rate = limits.rate_limit.as_ref().filter(|limit| limit.key.is_some());
        let since = rate.map_or(now, |limit| rate::window(limit, now));
        (limits.per_key.is_some() || rate.is_some()).then_some(Self { rate, since })
    }

    fn starts(&self, within: i64, stale: i64) -> Option<Allowance> {
        self.rate.and_then(|limit| rate::left(limit, within, stale))
    }
}

/// Jobs that are in order among themselves: those of a queue, or with aging, of one priority of it.
struct Line {
    queue: String,
    /// The last one given.
    given: (u8, i64, i64),
    /// The last one read.
    after: (u8, i64, i64),
    /// The largest priority in this line.
    last: u8,
    read: VecDeque<Candidate>,
    ended: bool,
    /// How many are read next.
    page: i64,
}

impl<'a> Candidates<'a> {
    /// Of these queues. About so many will be wanted.
    pub(super) fn new(
        job_type: &'a str,
        queues: Vec<String>,
        limits: &'a Limits,
        wanted: usize,
        now: Timestamp,
    ) -> Self {
        let aging = limits.aging;
        let page = i64::try_from(wanted).unwrap_or(i64::MAX).clamp(1, MAX_PAGE);
        let line = |queue: &String, first: u8, last: u8| Line {
            queue: queue.clone(),
            given: (first, i64::MIN, i64::MIN),
            after: (first, i64::MIN, i64::MIN),
            last,
            read: VecDeque::new(),
            ended: false,
            page,
        };
        let lines = match aging {
            None => queues.iter().map(|queue| line(queue, 1, 10)).collect(),
            Some(_) => queues.iter().flat_map(|queue| (1..=10).map(move |p| line(queue, p, p))).collect(),
        };
        Self { job_type, aging, counted: Counted::by(limits, now), lines }
    }

    /// The next one; `None` after the last.
    pub(super) fn next(&mut self, tx: &mut Tx<'_>) -> StoreResult<Option<Candidate>> {
        let mut best: Option<(usize, (i64, i64, i64))> = None;
        for i in 0..self.lines.len() {
            self.fill(tx, i)?;
            let Some(first) = self.lines.get(i).and_then(|line| line.read.front()) else { continue };
            let place = self.place(first);
            if best.is_none_or(|(_, other)| place < other) {
                best = Some((i, place));
            }
        }
        Ok(best.and_then(|(i, _)| self.lines.get_mut(i)).and_then(Line::give))
    }

    /// Some were let go that may stand before those that were read and not given.
    pub(super) fn look_again(&mut self) {
        for line in &mut self.lines {
            line.read.clear();
            line.after = line.given;
            line.ended = false;
        }
    }

    /// With aging, a job that waits gains one priority in each span. Of two jobs that wait the same
    /// one is ahead at all times, so the order is by when they would have reached priority 0.
    fn place(&self, candidate: &Candidate) -> (i64, i64, i64) {
        let priority = i64::from(candidate.priority);
        match self.aging {
            None => (priority, candidate.rank, candidate.id),
            Some(span) => {
                let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX).min(i64::MAX / 1024);
                (candidate.ready_at.saturating_add(priority * span), priority, candidate.id)
            }
        }
    }

    fn fill(&mut self, tx: &mut Tx<'_>, i: usize) -> StoreResult<()> {
        let only = self.lines.len() == 1;
        let Some(line) = self.lines.get_mut(i) else { return Ok(()) };
        if line.ended || !line.read.is_empty() {
            return Ok(());
        }
        let read = match self.counted {
            _ if !only || line.page != 1 => line.next_page(tx, self.job_type)?,
            Some(counted) => line.head_and_counts(tx, self.job_type, counted)?,
            None => line.head(tx, self.job_type)?,
        };
        line.ended = i64::try_from(read.len()).is_ok_and(|n| n < line.page);
        // The first ones are enough unless a limit holds some.
        line.page = (line.page * 4).min(MAX_PAGE);
        line.read.extend(read);
        if let Some(last) = line.read.back() {
            line.after = (last.priority, last.rank, last.id);
        }
        Ok(())
    }
}

impl Line {
    fn give(&mut self) -> Option<Candidate> {
        let next = self.read.pop_front()?;
        self.given = (next.priority, next.rank, next.id);
        Some(next)
    }

    fn next_page(&self, tx: &mut Tx<'_>, job_type: &str) -> StoreResult<Vec<Candidate>> {
        type Sql = (BigInt, Integer, BigInt, BigInt, Nullable<Text>, Nullable<Text>);
        type Row = (i64, i32, i64, i64, Option<String>, Option<String>);
        let (priority, rank, id) = self.after;
        let (priority, last) = (u32::from(priority), u32::from(self.last));
        let rows: Vec<Row> =
            tx.load::<Page, Sql, _>(binds![job_type, &self.queue, priority, rank, id, last, self.page])?;
        let candidate = |(id, priority, rank, ready_at, concurrency_key, rate_key)| {
            let priority = u8::try_from(priority).unwrap_or(10);
            Candidate { id, priority, rank, ready_at, concurrency_key, rate_key, counts: None, row: None }
        };
        Ok(rows.into_iter().map(candidate).collect())
    }

    /// The next one, if one is all that is wanted.
    fn head(&self, tx: &mut Tx<'_>, job_type: &str) -> StoreResult<Vec<Candidate>> {
        type Sql = (RowSql, BigInt, Nullable<Text>, Nullable<Text>);
        type Row = (JobRow, i64, Option<String>, Option<String>);
        let (priority, rank, id) = self.after;
        let (priority, last) = (u32::from(priority), u32::from(self.last));
        let rows: Vec<Row> =
            tx.load::<Head, Sql, _>(binds![job_type, &self.queue, priority, rank, id, last, self.page])?;
        Ok(rows
            .into_iter()
            .map(|(row, rank, concurrency, rate)| whole(row, rank, concurrency, rate, None))
            .collect())
    }

    /// The same, with what limits will ask about it.
    fn head_and_counts(
        &self,
        tx: &mut Tx<'_>,
        job_type: &str,
        counted: Counted<'_>,
    ) -> StoreResult<Vec<Candidate>> {
        type Sql = (RowSql, BigInt, Nullable<Text>, Nullable<Text>, BigInt, Nullable<BigInt>, BigInt);
        type Row = (JobRow, i64, Option<String>, Option<String>, i64, Option<i64>, i64);
        let (priority, rank, id) = self.after;
        let (priority, last) = (u32::from(priority), u32::from(self.last));
        let since = counted.since;
        let rows: Vec<Row> = tx.load::<HeadAndCounts, Sql, _>(binds![
            since,
            since,
            job_type,
            &self.queue,
            priority,
            rank,
            id,
            last,
            self.page
        ])?;
        let candidate = |(row, rank, concurrency, rate, running, within, stale): Row| {
            let starts = counted.starts(within.unwrap_or_default(), stale);
            whole(row, rank, concurrency, rate, Some(Counts { running, starts }))
        };
        Ok(rows.into_iter().map(candidate).collect())
    }
}

fn whole(
    row: JobRow,
    rank: i64,
    concurrency_key: Option<String>,
    rate_key: Option<String>,
    counts: Option<Counts>,
) -> Candidate {
    Candidate {
        id: row.id,
        priority: u8::try_from(row.priority).unwrap_or(10),
        rank,
        ready_at: row.ready_at,
        concurrency_key,
        rate_key,
        counts,
        row: Some(Box::new(row)),
    }
}
