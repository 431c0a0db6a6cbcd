//! New jobs of a transaction: their numbers are taken together, and on PostgreSQL they are stored together too: each
//! statement is a round trip there, and one COPY takes them all. Everything else that the transaction does comes after
//! that, so that nothing ever misses them. `docs/adr/0022-fewer-round-trips.md` has the figures.

use std::collections::VecDeque;

use diesel::result::Error as DieselError;
use diesel::{ExecuteCopyFromDsl, PgConnection, QueryResult};

use crate::store::schema::jobs;
use crate::store::sql::{Bind, Conn, Dialect};

/// See the module.
#[derive(Default)]
pub struct NewJobs {
    /// How many writes come true or fail together; 0: each job is stored at once, with a number of its own.
    writes: usize,
    /// As COPY reads them: a line for each job, tabs between its values.
    lines: String,
    /// Numbers that were taken and not given yet, and how many were taken in all.
    spare: VecDeque<i64>,
    taken: usize,
    /// How many the transaction before gave.
    before: usize,
}

impl NewJobs {
    /// A transaction begins. What is left of the one before is lost.
    pub fn begin(&mut self) {
        let before = self.taken - self.spare.len();
        *self = Self { before, ..Self::default() };
    }

    /// So many writes come true or fail together.
    pub fn expect(&mut self, writes: usize) {
        self.writes = writes;
    }

    /// Whether a job should wait for others. A single statement is faster than a COPY of one row.
    #[must_use]
    pub fn is_worthwhile(&self, dialect: Dialect, alone: bool) -> bool {
        dialect == Dialect::Postgres && (self.writes > 1 || (self.writes == 1 && !alone))
    }

    /// Adds one, with the values of the columns that [`Self::store`] names.
    pub fn add(&mut self, values: &[Bind<'_>]) {
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                self.lines.push('\t');
            }
            push(&mut self.lines, value);
        }
        self.lines.push('\n');
    }

    /// Puts them into the table.
    pub fn store(&mut self, conn: &mut Conn) -> QueryResult<()> {
        match conn {
            Conn::Postgres(conn) if !self.lines.is_empty() => copy(conn, &std::mem::take(&mut self.lines)),
            _ => Ok(()),
        }
    }

    /// A number that was taken with others; or how many to take. SQLite takes back what is left over, so that is one
    /// for each write. Of PostgreSQL it is lost: at first as many as the transaction before gave, then twice as many
    /// each time, and no more than there are writes.
    pub fn spare_id(&mut self, dialect: Dialect) -> Result<i64, usize> {
        let left = self.writes.saturating_sub(self.taken).max(1);
        let likely = match dialect {
            Dialect::Sqlite => left,
            Dialect::Postgres => self.taken.max(self.before).clamp(1, left),
        };
        self.spare.pop_front().ok_or(likely)
    }

    /// The numbers that are left over, the first and the last.
    #[must_use]
    pub fn left_over(&self) -> Option<(i64, i64)> {
        self.spare.front().copied().zip(self.spare.back().copied())
    }

    /// Keeps numbers.
    pub fn keep_ids(&mut self, ids: Vec<i64>) {
        self.taken += ids.len();
        self.spare.extend(ids);
    }
}

/// In the order of the INSERT of `store::verbs::enqueue`.
fn copy(conn: &mut PgConnection, lines: &str) -> QueryResult<()> {
    let columns = (
        jobs::id,
        jobs::state,
        jobs::job_type,
        jobs::queue,
        jobs::priority,
        jobs::max_retries,
        jobs::created_at,
        jobs::ready_at,
        jobs::rank,
        jobs::args,
        jobs::has_parents,
        jobs::parents_left,
        jobs::on_parent_failure,
        jobs::attempt,
        jobs::run_at,
        jobs::completed_at,
        jobs::timeout_secs,
        jobs::key,
        jobs::target_id,
        jobs::unique_hash,
        jobs::unique_states,
        jobs::unique_until,
        jobs::unique_spec,
        jobs::backoff,
        jobs::parent_job_id,
        jobs::workflow_id,
        jobs::name,
        jobs::tags,
        jobs::metadata,
        jobs::error,
        jobs::concurrency_key,
        jobs::rate_key,
        jobs::held,
        jobs::node,
        jobs::worker_id,
        jobs::started_at,
    );
    diesel::copy_from(jobs::table)
        .from_raw_data(columns, |out| {
            out.write_all(lines.as_bytes()).map_err(|e| DieselError::SerializationError(Box::new(e)))
        })
        .execute(conn)?;
    Ok(())
}

fn push(line: &mut String, value: &Bind<'_>) {
    use std::fmt::Write;
    let written = match value {
        Bind::Int(Some(n)) => write!(line, "{n}"),
        Bind::Real(Some(n)) => write!(line, "{n}"),
        Bind::Bool(yes) => line.write_char(if *yes { 't' } else { 'f' }),
        Bind::Text(Some(text)) => {
            push_text(line, text);
            Ok(())
        }
        Bind::Int(None) | Bind::Real(None) | Bind::Text(None) => line.write_str("\\N"),
    };
    debug_assert!(written.is_ok(), "a text takes everything");
}

/// What ends a value or a line is written with a backslash, and that one as well.
fn push_text(line: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
        let (plain, special) = rest.split_at(at);
        line.push_str(plain);
        line.push('\\');
        line.push(match special.as_bytes().first() {
            Some(b'\t') => 't',
            Some(b'\n') => 'n',
            Some(b'\r') => 'r',
            _ => '\\',
        });
        rest = special.get(1..).unwrap_or_default();
    }
    line.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_one_job_whatever_its_texts_are() {
        let mut jobs = NewJobs::default();
        let (odd, real) = ("a\tb\nc\\d\re\\N", Some(1.5));
        jobs.add(&[Bind::from(7_i64), Bind::from(odd), Bind::Text(None), Bind::from(true), Bind::from(real)]);
        jobs.add(&[Bind::Text(Some("\\.")), Bind::Text(Some(""))]);
        assert_eq!(jobs.lines, "7\ta\\tb\\nc\\\\d\\re\\\\N\t\\N\tt\t1.5\n\\\\.\t\n");
    }

    /// How many numbers are taken each time when so many of so many writes store a job.
    fn trips(jobs: &mut NewJobs, writes: usize, new: i64) -> Vec<usize> {
        jobs.begin();
        jobs.expect(writes);
        let (mut trips, mut next) = (Vec::new(), 0_i64);
        for wanted in 0..new {
            let id = jobs.spare_id(Dialect::Postgres).unwrap_or_else(|n| {
                trips.push(n);
                jobs.keep_ids((next..next + i64::try_from(n).unwrap()).collect());
                next += i64::try_from(n).unwrap();
                jobs.spare_id(Dialect::Postgres).unwrap()
            });
            assert_eq!(id, wanted);
        }
        trips
    }

    #[test]
    fn numbers_are_taken_as_the_transaction_before_has_needed_them() {
        let mut jobs = NewJobs::default();
        assert_eq!(trips(&mut jobs, 6, 6), [1, 1, 2, 2]);
        assert_eq!(trips(&mut jobs, 9, 7), [6, 3]);
        assert_eq!(trips(&mut jobs, 9, 3), [7]);
        assert_eq!(trips(&mut jobs, 1, 1), [1]);
    }

    #[test]
    fn numbers_that_can_be_given_back_are_taken_at_once() {
        let mut jobs = NewJobs::default();
        jobs.expect(6);
        assert_eq!(jobs.spare_id(Dialect::Sqlite), Err(6));
        jobs.keep_ids((1..=6).collect());
        assert_eq!([1, 2].map(|_| jobs.spare_id(Dialect::Sqlite).unwrap()), [1, 2]);
        assert_eq!(jobs.left_over(), Some((3, 6)));
        jobs.begin();
        assert_eq!((jobs.left_over(), jobs.spare_id(Dialect::Sqlite)), (None, Err(1)));
    }
}
