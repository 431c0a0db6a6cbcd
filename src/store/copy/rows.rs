//! Rows on their way from one database into another one: each an array of JSON, read in the order of
//! the table's key and written many at once.

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::Value;

use super::table::{Kind, Table};
use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::{Conn, Dialect};

/// The values of a row, in the order of the table's columns.
pub(super) type Row = Vec<Value>;

/// The most rows read at once.
const MOST: usize = 1_000;
/// About as many bytes are read at once, if that is more than one row.
const BYTES: usize = 4 << 20;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Walks through the rows of a table.
pub(super) struct Walk<'t> {
    table: &'t Table,
    /// The key of the last row, as a JSON array.
    after: Option<String>,
    /// How many to read next.
    n: usize,
}

impl<'t> Walk<'t> {
    /// From the beginning, or behind a row whose key is a JSON array.
    pub const fn new(table: &'t Table, after: Option<String>) -> Self {
        Self { table, after, n: 100 }
    }

    /// The key of the last row that was read.
    pub fn place(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The next rows; none: that was all.
    pub fn next(&mut self, conn: &mut Conn) -> StoreResult<Vec<Row>> {
        let sql = self.select(conn.dialect());
        let lines: Vec<Line> = match &self.after {
            Some(after) => diesel::sql_query(sql).bind::<Text, _>(after).load(conn)?,
            None => diesel::sql_query(sql).load(conn)?,
        };
        let bytes: usize = lines.iter().map(|line| line.line.len()).sum();
        if !lines.is_empty() {
            self.n = (BYTES / (bytes / lines.len()).max(1)).clamp(1, MOST);
        }
        let rows = lines.iter().map(|line| self.row(&line.line)).collect::<StoreResult<Vec<Row>>>()?;
        if let Some(last) = rows.last() {
            self.after = Some(key(self.table, last));
        }
        Ok(rows)
    }

    fn select(&self, dialect: Dialect) -> String {
        let table = self.table;
        let value = |column: &super::table::Column| {
            let name = quoted(&column.name);
            match (dialect, column.kind) {
                // Both print a number so that it is read as the same one.
                (Dialect::Sqlite, Kind::Real) => {
                    format!("CASE WHEN {name} IS NOT NULL THEN printf('%!.17g', {name}) END")
                }
                (Dialect::Postgres, Kind::Real) => format!("CAST({name} AS TEXT)"),
                (Dialect::Postgres, Kind::Bool) => format!("CAST({name} AS INTEGER)"),
                _ => name,
            }
        };
        let values: Vec<String> = table.columns.iter().map(value).collect();
        let array = dialect.either("json_array", "json_build_array");
        let keys: Vec<String> = table.key.iter().map(|i| quoted(&table.columns[*i].name)).collect();
        let keys = keys.join(", ");
        let behind = match self.after {
            Some(_) => {
                let places: Vec<String> = (0..table.key.len())
                    .map(|place| element(dialect, "$1", place, table.columns[table.key[place]].kind))
                    .collect();
                format!("WHERE ({keys}) > ({})", places.join(", "))
            }
            None => String::new(),
        };
        format!(
            "SELECT CAST({array}({}) AS TEXT) AS line FROM {} {behind} ORDER BY {keys} LIMIT {}",
            values.join(", "),
            quoted(&table.name),
            self.n
        )
    }

    fn row(&self, line: &str) -> StoreResult<Row> {
        let strange = |what: String| {
            StoreError::Database(format!("a row of {} cannot be read: {what}", self.table.name))
        };
        let mut row: Row = serde_json::from_str(line).map_err(|e| strange(e.to_string()))?;
        if row.len() != self.table.columns.len() {
            return Err(strange(format!("it has {} values", row.len())));
        }
        for (value, column) in row.iter_mut().zip(&self.table.columns) {
            if let (Kind::Real, Value::String(text)) = (column.kind, &*value) {
                let number: f64 =
                    text.trim().parse().map_err(|_| strange(format!("{text:?} is no number")))?;
                *value = Value::from(number);
            }
        }
        Ok(row)
    }
}

/// The key of a row, as a JSON array.
pub(super) fn key(table: &Table, row: &Row) -> String {
    let key: Vec<&Value> = table.key.iter().map(|i| &row[*i]).collect();
    serde_json::json!(key).to_string()
}

/// How many rows a table has.
pub(super) fn count(conn: &mut Conn, table: &str) -> StoreResult<u64> {
    let sql = format!("SELECT count(*) AS n FROM {}", quoted(table));
    let n: Number = diesel::sql_query(sql).get_result(conn)?;
    Ok(u64::try_from(n.n).unwrap_or_default())
}

/// Adds rows to a table.
pub(super) fn insert(conn: &mut Conn, table: &Table, rows: &[Row]) -> StoreResult<()> {
    let dialect = conn.dialect();
    if dialect == Dialect::Postgres {
        refuse_nul(table, rows)?;
    }
    let names: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let values: Vec<String> =
        (0..names.len()).map(|i| element(dialect, "value", i, table.columns[i].kind)).collect();
    let sql = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {}",
        quoted(&table.name),
        names.join(", "),
        values.join(", "),
        dialect.either("json_each($1)", "json_array_elements(CAST($1 AS JSON))"),
    );
    let rows = serde_json::to_string(rows).map_err(|e| StoreError::Database(e.to_string()))?;
    diesel::sql_query(sql).bind::<Text, _>(rows).execute(conn)?;
    Ok(())
}

/// PostgreSQL keeps every text but one that has this character in it.
fn refuse_nul(table: &Table, rows: &[Row]) -> StoreResult<()> {
    for row in rows {
        let with_nul = |value: &Value| value.as_str().is_some_and(|text| text.contains('\0'));
        if let Some(at) = row.iter().position(with_nul) {
            return Err(StoreError::Database(format!(
                "{} of the row {} of {} has the character NUL in it, which PostgreSQL cannot keep; delete that row, or \
                 change it, in the source",
                table.columns[at].name,
                key(table, row),
                table.name
            )));
        }
    }
    Ok(())
}

/// An element of a JSON array, as a value of a column.
fn element(dialect: Dialect, array: &str, place: usize, kind: Kind) -> String {
    match (dialect, kind) {
        (Dialect::Sqlite, Kind::Real) => format!("CAST(json_extract({array}, '$[{place}]') AS REAL)"),
        (Dialect::Sqlite, _) => format!("json_extract({array}, '$[{place}]')"),
        (Dialect::Postgres, kind) => {
            let kind = match kind {
                Kind::Int => "BIGINT",
                Kind::Real => "DOUBLE PRECISION",
                Kind::Bool => "INTEGER) AS BOOLEAN",
                Kind::Text => "TEXT",
            };
            let twice = if kind.contains(')') { "CAST(" } else { "" };
            format!("{twice}CAST(CAST({array} AS JSON) ->> {place} AS {kind})")
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
