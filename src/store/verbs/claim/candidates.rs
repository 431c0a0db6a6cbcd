//! The pending jobs of a type in the order in which they are to start.

use std::collections::VecDeque;
use std::time::Duration;

use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use crate::domain::lifecycle::{self, Move};
use crate::store::error::StoreResult;
use crate::store::sql::{LIMIT, binds, statement};
use crate::store::tx::Tx;

statement!(
    Page,
    format!(
        "SELECT id, priority, rank, ready_at, concurrency_key, rate_key FROM jobs \
         WHERE {} AND held IS NULL AND job_type = ? AND queue = ? AND (priority, rank, id) > (?, ?, ?) \
         AND priority <= ? ORDER BY priority, rank, id {LIMIT}",
        lifecycle::sql_guard(Move::Claim)
    )
);

/// A pending job that no limit holds.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub id: i64,
    pub priority: u8,
    pub rank: i64,
    pub concurrency_key: Option<String>,
    pub rate_key: Option<String>,
    ready_at: i64,
}

/// Gives them one by one.
pub(super) struct Candidates<'a> {
    job_type: &'a str,
    aging: Option<Duration>,
    page: i64,
    lines: Vec<Line>,
}

/// Jobs that are in order among themselves: those of a queue, or with aging, of one priority of it.
struct Line {
    queue: String,
    /// The last one read.
    after: (u8, i64, i64),
    /// The largest priority in this line.
    last: u8,
    read: VecDeque<Candidate>,
    ended: bool,
}

impl<'a> Candidates<'a> {
    /// Of these queues. About so many will be wanted.
    pub(super) fn new(
        job_type: &'a str,
        queues: Vec<String>,
        aging: Option<Duration>,
        wanted: usize,
    ) -> Self {
        let line = |queue: &String, first: u8, last: u8| Line {
            queue: queue.clone(),
            after: (first, i64::MIN, i64::MIN),
            last,
            read: VecDeque::new(),
            ended: false,
        };
        let lines = match aging {
            None => queues.iter().map(|queue| line(queue, 1, 10)).collect(),
            Some(_) => queues.iter().flat_map(|queue| (1..=10).map(move |p| line(queue, p, p))).collect(),
        };
        Self { job_type, aging, page: i64::try_from(wanted).unwrap_or(i64::MAX).clamp(8, 256), lines }
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
        Ok(best.and_then(|(i, _)| self.lines.get_mut(i)).and_then(|line| line.read.pop_front()))
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
        type Sql = (BigInt, Integer, BigInt, BigInt, Nullable<Text>, Nullable<Text>);
        type Row = (i64, i32, i64, i64, Option<String>, Option<String>);
        let Some(line) = self.lines.get_mut(i) else { return Ok(()) };
        if line.ended || !line.read.is_empty() {
            return Ok(());
        }
        let (priority, rank, id) = line.after;
        let rows: Vec<Row> = tx.load::<Page, Sql, _>(binds![
            self.job_type,
            &line.queue,
            u32::from(priority),
            rank,
            id,
            u32::from(line.last),
            self.page
        ])?;
        line.ended = i64::try_from(rows.len()).is_ok_and(|n| n < self.page);
        line.read.extend(rows.into_iter().map(
            |(id, priority, rank, ready_at, concurrency_key, rate_key)| {
                let priority = u8::try_from(priority).unwrap_or(10);
                Candidate { id, priority, rank, concurrency_key, rate_key, ready_at }
            },
        ));
        if let Some(last) = line.read.back() {
            line.after = (last.priority, last.rank, last.id);
        }
        Ok(())
    }
}
