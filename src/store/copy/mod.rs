//! Moves a queue from one database into another one, of whichever kinds: every row of every table as
//! it is, ids included, and the numbers that new rows get.
//!
//! The source is only read. The target has to be empty; it is written in parts, and a copy that was
//! cut short goes on where it stopped. In the end both are read again and compared, row by row.

mod mark;
mod numbers;
mod rows;
mod side;
mod table;

use diesel::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

pub use self::mark::refuse_half_a_copy;
use self::rows::{Row, Walk};
use self::side::{Source, Target};
use self::table::{Kind, Table};
use super::error::{StoreError, StoreResult};
use super::sql::Conn;
use crate::config::Database;

/// What a copy consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Each table.
    pub tables: Vec<CopiedTable>,
}

/// One table of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CopiedTable {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 over all of its rows, the same in the source and in the target. `None`: only counted.
    pub sha256: Option<String>,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// So many rows are to be copied, and as many to be compared.
    Begins(u64),
    /// So many rows were there from an earlier time.
    Resumed(u64),
    /// So many more rows of a table are on the disk of the target.
    Copied(&'a str, u64),
    /// So many more rows of a table were compared.
    Compared(&'a str, u64),
}

/// Is told how far it is; false: it is to stop, and can go on another time.
pub type Watch<'w> = &'w mut dyn FnMut(Step<'_>) -> bool;

/// Counts what a copy would consist of, and makes sure that it could begin. Writes nothing.
///
/// # Errors
/// As [`copy`].
pub fn look(from: &Database, to: &Database) -> StoreResult<Copied> {
    let mut source = Source::open(from)?;
    Target::look(to, &mut source)?;
    let mut tables = Vec::new();
    for table in table::tables(&mut source.conn)? {
        let rows = rows::count(&mut source.conn, &table.name)?;
        tables.push(CopiedTable { name: table.name, rows, sha256: None });
    }
    Ok(Copied { tables })
}

/// Copies everything. `None`: `watch` stopped it.
///
/// # Errors
/// When one of the two is in use, the tables of the source are not up to date, the target holds
/// something else, or the two are not the same in the end.
pub fn copy(from: &Database, to: &Database, watch: Watch<'_>) -> StoreResult<Option<Copied>> {
    let mut source = Source::open(from)?;
    let mut target = Target::open(to, &mut source)?;
    let tables = table::tables(&mut source.conn)?;
    let mut all = 0;
    for table in &tables {
        all += rows::count(&mut source.conn, &table.name)?;
    }
    if !watch(Step::Begins(all)) {
        return Ok(None);
    }
    for begun in target.mark.places.keys() {
        watch(Step::Resumed(rows::count(&mut target.conn, begun)?));
    }
    for table in &tables {
        if !copy_table(&mut source, &mut target, table, watch)? {
            return Ok(None);
        }
    }
    let given = numbers::given(&mut source.conn)?;
    numbers::go_on(&mut target.conn, &given)?;
    if numbers::given(&mut target.conn)? != given {
        return Err(StoreError::Database("the numbers of new rows are not the same in the copy".into()));
    }
    let mut copied = Vec::new();
    for table in &tables {
        match compare(&mut source.conn, &mut target.conn, table, watch)? {
            Some(same) => copied.push(same),
            None => return Ok(None),
        }
    }
    mark::remove(&mut target.conn)?;
    Ok(Some(Copied { tables: copied }))
}

fn copy_table(
    source: &mut Source,
    target: &mut Target,
    table: &Table,
    watch: Watch<'_>,
) -> StoreResult<bool> {
    let begun = target.mark.places.get(&table.name).cloned();
    let mut walk = Walk::new(table, begun);
    loop {
        let rows = walk.next(&mut source.conn)?;
        if rows.is_empty() {
            return Ok(true);
        }
        if let Some(place) = walk.place() {
            target.mark.places.insert(table.name.clone(), place.to_owned());
        }
        let mark = &target.mark;
        target.conn.transaction(|conn| {
            rows::insert(conn, table, &rows)?;
            mark.save(conn)
        })?;
        if !watch(Step::Copied(&table.name, rows.len() as u64)) {
            return Ok(false);
        }
    }
}

/// Reads a table of both and makes sure that it is the same. `None`: `watch` stopped it.
fn compare(
    source: &mut Conn,
    target: &mut Conn,
    table: &Table,
    watch: Watch<'_>,
) -> StoreResult<Option<CopiedTable>> {
    let (mut here, mut there) = (Rows::of(table), Rows::of(table));
    let mut hash = Sha256::new();
    let mut rows = 0;
    loop {
        let (left, right) = (here.next(source)?, there.next(target)?);
        match (left, right) {
            (None, None) => break,
            (Some(left), Some(right)) if canonical(table, &left) == canonical(table, &right) => {
                hash.update(canonical(table, &left).as_bytes());
                rows += 1;
            }
            (left, right) => {
                let key = left.or(right).map(|row| rows::key(table, &row)).unwrap_or_default();
                return Err(StoreError::Database(format!(
                    "{} is not the same in the copy, from the row {key} on: the source or the target was changed \
                     meanwhile; empty the target and copy again",
                    table.name
                )));
            }
        }
        if rows % 1_000 == 0 && !watch(Step::Compared(&table.name, 1_000)) {
            return Ok(None);
        }
    }
    watch(Step::Compared(&table.name, rows % 1_000));
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(CopiedTable { name: table.name.clone(), rows, sha256: Some(sha256) }))
}

/// The rows of a table, one by one.
struct Rows<'t> {
    walk: Walk<'t>,
    read: std::vec::IntoIter<Row>,
}

impl<'t> Rows<'t> {
    fn of(table: &'t Table) -> Self {
        Self { walk: Walk::new(table, None), read: Vec::new().into_iter() }
    }

    fn next(&mut self, conn: &mut Conn) -> StoreResult<Option<Row>> {
        if let Some(row) = self.read.next() {
            return Ok(Some(row));
        }
        self.read = self.walk.next(conn)?.into_iter();
        Ok(self.read.next())
    }
}

/// A row as a line that is the same from both databases. Of numbers with a fraction that is as far as
/// both keep them: 15 digits.
fn canonical(table: &Table, row: &Row) -> String {
    let value = |(value, column): (&serde_json::Value, &table::Column)| match (column.kind, value.as_f64()) {
        (Kind::Real, Some(number)) => format!("{number:.14e}"),
        _ => value.to_string(),
    };
    let values: Vec<String> = row.iter().zip(&table.columns).map(value).collect();
    values.join(",") + "\n"
}
