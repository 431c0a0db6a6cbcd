//! Lists of jobs.
//!
//! What makes the first page cost the same with ten million jobs as with a thousand: a list by
//! state, type and queue is a merge of ranges of one index (`jobs_list`), one range for each
//! combination that the kept counters know to be there; the other filters have indexes of their
//! own; and a search for text looks at a bounded number of jobs a page.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};

use super::cursor::Cursor;
use super::job::complete;
use crate::domain::{Job, JobFilter, Order, State, Timestamp};
use crate::store::row::{COLUMNS, JobRow, RowSql};
use crate::store::schema::{counters, jobs};
use crate::store::sql::{self, Bind, Conn, Db, Dialect};

/// How many jobs a search for text looks at for one page.
const SEARCH_WINDOW: i64 = 8_000;
/// With more ranges than this a plain walk over the table is as good.
const MAX_RANGES: usize = 64;
/// How far `created_at` may be out of step with the ids (clocks that were set back).
const CLOCK_SLACK: std::time::Duration = std::time::Duration::from_secs(60);

/// A page of a list, and where the next one begins.
#[derive(Debug)]
pub struct Page {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// The last job that was looked at, when there may be more.
    pub next: Option<Cursor>,
}

/// Reads a page.
pub fn list(
    conn: &mut Conn,
    filter: &JobFilter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> QueryResult<Page> {
    let rows = if filter.q.is_some() {
        return search(conn, filter, order, after, limit);
    } else {
        rows(conn, filter, order, after, i64::try_from(limit).unwrap_or(i64::MAX) + 1, None)?
    };
    page(conn, rows, limit)
}

/// How many jobs pass, counted up to `most`. With a text to look for, those of the first
/// `SEARCH_WINDOW` jobs that pass otherwise.
pub fn count(conn: &mut Conn, filter: &JobFilter, most: usize) -> QueryResult<i64> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut sql = Sql::new(conn.dialect());
    let plain = JobFilter { q: None, ..filter.clone() };
    let looked_at = if filter.q.is_some() { SEARCH_WINDOW } else { most };
    candidates(conn, &mut sql, &plain, Order::Newest, None, looked_at)?;
    let inner = std::mem::take(&mut sql.text);
    let text = match &filter.q {
        None => format!("SELECT count(*) FROM ({inner}) found"),
        Some(q) => {
            let holds = sql.holds(q);
            let found =
                format!("SELECT 1 FROM jobs WHERE id IN (SELECT id FROM ({inner}) near){holds} LIMIT {most}");
            format!("SELECT count(*) FROM ({found}) found")
        }
    };
    let counts: Vec<i64> = sql::load_built::<BigInt, _>(conn, &text, &sql.binds())?;
    Ok(counts.first().copied().unwrap_or_default())
}

fn page(conn: &mut Conn, mut rows: Vec<JobRow>, limit: usize) -> QueryResult<Page> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(cursor_of) } else { None };
    let jobs = rows.into_iter().map(|row| complete(conn, row)).collect::<QueryResult<_>>()?;
    Ok(Page { jobs, next })
}

fn cursor_of(row: &JobRow) -> Cursor {
    Cursor { id: row.id, priority: row.priority.into() }
}

/// A page may come out short, and still there is a next one: the search goes on where it stopped.
fn search(
    conn: &mut Conn,
    filter: &JobFilter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
) -> QueryResult<Page> {
    let wanted = i64::try_from(limit).unwrap_or(i64::MAX) + 1;
    let found = rows(conn, filter, order, after, wanted, Some(SEARCH_WINDOW))?;
    if found.len() > limit {
        return page(conn, found, limit);
    }
    let plain = JobFilter { q: None, ..filter.clone() };
    let edge = nth(conn, &plain, order, after, SEARCH_WINDOW - 1)?;
    let mut page = page(conn, found, limit)?;
    page.next = edge;
    Ok(page)
}

/// The job that stands `n` places further in a list.
fn nth(
    conn: &mut Conn,
    filter: &JobFilter,
    order: Order,
    after: Option<Cursor>,
    n: i64,
) -> QueryResult<Option<Cursor>> {
    let mut sql = Sql::new(conn.dialect());
    candidates(conn, &mut sql, filter, order, after, n + 1)?;
    let text = format!("SELECT id, priority FROM ({}) near LIMIT 1 OFFSET {n}", sql.text);
    let places: Vec<(i64, i32)> = sql::load_built::<(BigInt, Integer), _>(conn, &text, &sql.binds())?;
    Ok(places.first().map(|(id, priority)| Cursor { id: *id, priority: i64::from(*priority) }))
}

fn rows(
    conn: &mut Conn,
    filter: &JobFilter,
    order: Order,
    after: Option<Cursor>,
    limit: i64,
    window: Option<i64>,
) -> QueryResult<Vec<JobRow>> {
    let mut sql = Sql::new(conn.dialect());
    let plain = JobFilter { q: None, ..filter.clone() };
    candidates(conn, &mut sql, &plain, order, after, window.unwrap_or(limit))?;
    let inner = std::mem::take(&mut sql.text);
    let mut text = format!("SELECT {COLUMNS} FROM jobs WHERE id IN (SELECT id FROM ({inner}) near)");
    if let Some(q) = &filter.q {
        text += &sql.holds(q);
    }
    text += &format!(" ORDER BY {} LIMIT {limit}", order_by(order));
    sql::load_built::<RowSql, _>(conn, &text, &sql.binds())
}

fn order_by(order: Order) -> &'static str {
    match order {
        Order::Newest => "id DESC",
        Order::Oldest => "id",
        Order::Priority => "priority, id",
    }
}

/// Writes the query for (id, priority) of the first `limit` jobs that pass, without `q`.
fn candidates(
    conn: &mut Conn,
    sql: &mut Sql,
    filter: &JobFilter,
    order: Order,
    after: Option<Cursor>,
    limit: i64,
) -> QueryResult<()> {
    let tail = format!("ORDER BY {} LIMIT {limit}", order_by(order));
    let bounds = id_bounds(conn, filter)?;
    match ranges(conn, filter)? {
        Some(ranges) if ranges.is_empty() => sql.text = "SELECT id, priority FROM jobs WHERE FALSE".into(),
        Some(ranges) => {
            let mut parts = Vec::new();
            for range in ranges {
                // A literal state, so that the claim index (pending only) fits as well.
                let mut part = format!(
                    "SELECT id, priority FROM jobs WHERE job_type = ? AND queue = ? AND state = '{}'",
                    range.state
                );
                sql.binds.push(Value::Text(range.job_type));
                sql.binds.push(Value::Text(range.queue));
                part += &sql.rest(filter, order, after, bounds);
                parts.push(format!("SELECT * FROM ({part} {tail}) range"));
            }
            sql.text = format!("SELECT * FROM ({}) ranges {tail}", parts.join(" UNION ALL "));
        }
        None => {
            let mut text = sql.source(filter, order);
            // `jobs_list` is kept out where a better index fits.
            let (own_index, dialect) = (has_own_index(filter), sql.dialect);
            let column = |name: &str| if own_index { dialect.aside(name) } else { name.to_owned() };
            text += &sql.any_of(&column("state"), filter.state.iter().map(|s| s.as_str().to_owned()));
            text += &sql.any_of(&column("job_type"), filter.job_type.iter().cloned());
            text += &sql.any_of(&column("queue"), filter.queue.iter().cloned());
            text += &sql.rest(filter, order, after, bounds);
            sql.text = format!("{text} {tail}");
        }
    }
    Ok(())
}

/// Whether a filter names something that few jobs share and an index leads to.
fn has_own_index(filter: &JobFilter) -> bool {
    !filter.id.is_empty()
        || !filter.key.is_empty()
        || !filter.tag.is_empty()
        || !filter.target_id.is_empty()
        || !filter.parent_job_id.is_empty()
        || !filter.workflow_id.is_empty()
}

/// The tag whose index is walked for a list.
fn by_tag(filter: &JobFilter, order: Order) -> Option<&str> {
    match filter.tag.as_slice() {
        [tag] if order != Order::Priority => Some(tag),
        _ => None,
    }
}

struct Range {
    job_type: String,
    queue: String,
    state: State,
}

/// The ranges of `jobs_list` that a filter by state, type and queue covers; `None` where walking
/// the table or another index is better.
fn ranges(conn: &mut Conn, filter: &JobFilter) -> QueryResult<Option<Vec<Range>>> {
    let by_range = !filter.state.is_empty() || !filter.job_type.is_empty() || !filter.queue.is_empty();
    if !by_range || has_own_index(filter) {
        return Ok(None);
    }
    let mut query = counters::table.filter(counters::n.gt(0)).into_boxed::<Db>();
    if !filter.state.is_empty() {
        query = query.filter(counters::state.eq_any(filter.state.iter().map(|s| s.as_str())));
    }
    if !filter.job_type.is_empty() {
        query = query.filter(counters::job_type.eq_any(&filter.job_type));
    }
    if !filter.queue.is_empty() {
        query = query.filter(counters::queue.eq_any(&filter.queue));
    }
    let found: Vec<(String, String, String)> = query
        .select((counters::job_type, counters::queue, counters::state))
        .limit(i64::try_from(MAX_RANGES).unwrap_or(i64::MAX) + 1)
        .load(conn)?;
    if found.len() > MAX_RANGES {
        return Ok(None);
    }
    let range = |(job_type, queue, state): (String, String, String)| {
        state.parse().ok().map(|state| Range { job_type, queue, state })
    };
    Ok(Some(found.into_iter().filter_map(range).collect()))
}

/// The ids between which jobs made in a span of time lie, give or take some: ids rise with time.
fn id_bounds(conn: &mut Conn, filter: &JobFilter) -> QueryResult<(Option<i64>, Option<i64>)> {
    let low = filter.created_after.map(|t| first_id_at(conn, t.minus(CLOCK_SLACK))).transpose()?;
    let high = filter.created_before.map(|t| first_id_at(conn, t.plus(CLOCK_SLACK))).transpose()?;
    Ok((low.flatten(), high.flatten()))
}

/// The lowest id of a job made at `t` or later, by bisection; `None` when there is none.
fn first_id_at(conn: &mut Conn, t: Timestamp) -> QueryResult<Option<i64>> {
    use diesel::dsl::{max, min};
    let ends: (Option<i64>, Option<i64>) =
        (jobs::table.select(min(jobs::id)).first(conn)?, jobs::table.select(max(jobs::id)).first(conn)?);
    let (Some(mut low), Some(last)) = ends else { return Ok(None) };
    let mut high = last + 1;
    while low < high {
        let middle = low + (high - low) / 2;
        let at: Option<(i64, i64)> = jobs::table
            .filter(jobs::id.ge(middle))
            .order(jobs::id)
            .select((jobs::id, jobs::created_at))
            .first(conn)
            .optional()?;
        match at {
            Some((id, made)) if made < t.as_millis() => low = id + 1,
            _ => high = middle,
        }
    }
    Ok((low <= last).then_some(low))
}

struct Sql {
    dialect: Dialect,
    text: String,
    binds: Vec<Value>,
}

enum Value {
    Int(i64),
    Text(String),
}

impl Sql {
    const fn new(dialect: Dialect) -> Self {
        Self { dialect, text: String::new(), binds: Vec::new() }
    }

    fn binds(&self) -> Vec<Bind<'_>> {
        let bind = |value| match value {
            &Value::Int(n) => Bind::from(n),
            Value::Text(s) => Bind::from(s),
        };
        self.binds.iter().map(bind).collect()
    }

    fn any_of(&mut self, column: &str, values: impl Iterator<Item = String>) -> String {
        let before = self.binds.len();
        self.binds.extend(values.map(Value::Text));
        match self.binds.len() - before {
            0 => String::new(),
            n => format!(" AND {column} IN ({})", vec!["?"; n].join(",")),
        }
    }

    fn any_id(&mut self, column: &str, ids: &[i64]) -> String {
        if ids.is_empty() {
            return String::new();
        }
        self.binds.extend(ids.iter().copied().map(Value::Int));
        format!(" AND {column} IN ({})", vec!["?"; ids.len()].join(","))
    }

    /// Where candidates come from that no range leads to. Those of a tag are walked in the order of
    /// the list, so that a page of a tag that half of all jobs have costs no more than another.
    fn source(&mut self, filter: &JobFilter, order: Order) -> String {
        match by_tag(filter, order) {
            Some(tag) => {
                self.binds.push(Value::Text(tag.to_owned()));
                format!(
                    "SELECT job_id AS id, priority FROM job_tags {} jobs ON jobs.id = job_id WHERE tag = ?",
                    self.dialect.join_in_order()
                )
            }
            None => "SELECT id, priority FROM jobs WHERE TRUE".into(),
        }
    }

    /// That a job holds a text.
    fn holds(&mut self, q: &str) -> String {
        let columns = ["args", "coalesce(target_id, '')", "coalesce(error, '')"];
        self.binds.extend(columns.map(|_| Value::Text(q.to_owned())));
        let conditions = columns.map(|column| format!("{} > 0", self.dialect.place_of("?", column)));
        format!(" AND ({})", conditions.join(" OR "))
    }

    /// All conditions but state, type and queue.
    fn rest(
        &mut self,
        filter: &JobFilter,
        order: Order,
        after: Option<Cursor>,
        (low, high): (Option<i64>, Option<i64>),
    ) -> String {
        let mut text = self.any_of("key", filter.key.iter().cloned());
        text += &self.any_of("target_id", filter.target_id.iter().cloned());
        text += &self.any_id("id", &filter.id);
        text += &self.any_id("parent_job_id", &filter.parent_job_id);
        text += &self.any_id("workflow_id", &filter.workflow_id);
        let walked = by_tag(filter, order).is_some();
        let id = if walked { "job_id" } else { "id" };
        if !filter.tag.is_empty() && !walked {
            self.binds.extend(filter.tag.iter().cloned().map(Value::Text));
            let marks = vec!["?"; filter.tag.len()].join(",");
            text += &format!(" AND id IN (SELECT job_id FROM job_tags WHERE tag IN ({marks}))");
        }
        if let Some(t) = filter.created_after {
            text += &format!(" AND created_at > {} AND {id} >= {}", t.as_millis(), low.unwrap_or(i64::MAX));
        }
        if let Some(t) = filter.created_before {
            text += &format!(" AND created_at < {}", t.as_millis());
            text += &high.map(|high| format!(" AND {id} <= {high}")).unwrap_or_default();
        }
        if let Some(cursor) = after {
            text += &match order {
                Order::Newest => format!(" AND {id} < {}", cursor.id),
                Order::Oldest => format!(" AND {id} > {}", cursor.id),
                Order::Priority => format!(" AND (priority, id) > ({}, {})", cursor.priority, cursor.id),
            };
        }
        text
    }
}
