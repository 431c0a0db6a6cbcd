//! What a database consists of, as the database tells it.

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Text};

use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::{Conn, Dialect};

/// A table whose rows are copied as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// Which columns tell its rows apart, in the order of the key.
    pub key: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
}

/// What a column holds, beside NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Real,
    Bool,
    Text,
}

/// Tables that belong to a database and not to the queue in it.
const ITS_OWN: [&str; 2] = ["meta", "sequences"];

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    of: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
    #[diesel(sql_type = Integer)]
    place: i32,
}

const fn look(dialect: Dialect) -> &'static str {
    dialect.either(
        "SELECT m.name AS \"of\", c.name, c.type AS kind, c.\"notnull\" = 0 AS nullable, c.pk AS place \
         FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%' \
         ORDER BY m.name, c.name",
        "SELECT CAST(t.relname AS TEXT) AS \"of\", CAST(a.attname AS TEXT) AS name, \
         upper(format_type(a.atttypid, NULL)) AS kind, NOT a.attnotnull AS nullable, \
         coalesce(array_position(CAST(i.indkey AS SMALLINT[]), a.attnum) + 1, 0) AS place \
         FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped \
         LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary \
         WHERE t.relnamespace = CAST(current_schema() AS regnamespace) AND t.relkind = 'r' \
         AND t.relname NOT LIKE '\\_\\_%' \
         ORDER BY CAST(t.relname AS TEXT) COLLATE \"C\", CAST(a.attname AS TEXT) COLLATE \"C\"",
    )
}

/// The tables of a database, by name, each with its columns by name. None: there are no tables yet.
pub(super) fn tables(conn: &mut Conn) -> StoreResult<Vec<Table>> {
    let found: Vec<Found> = diesel::sql_query(look(conn.dialect())).load(conn)?;
    let mut tables: Vec<(Table, Vec<(i32, usize)>)> = Vec::new();
    for column in found {
        if ITS_OWN.contains(&column.of.as_str()) {
            continue;
        }
        if tables.last().is_none_or(|(table, _)| table.name != column.of) {
            let table = Table { name: column.of.clone(), columns: Vec::new(), key: Vec::new() };
            tables.push((table, Vec::new()));
        }
        let Some((table, key)) = tables.last_mut() else { continue };
        if column.place > 0 {
            // Rows are walked in the order of the key.
            debug_assert!(!column.nullable, "{}.{}", column.of, column.name);
            key.push((column.place, table.columns.len()));
        }
        let kind = kind(&column)?;
        table.columns.push(Column { name: column.name, kind });
    }
    let finish = |(mut table, mut key): (Table, Vec<(i32, usize)>)| {
        key.sort_unstable();
        table.key = key.into_iter().map(|(_, column)| column).collect();
        table
    };
    Ok(tables.into_iter().map(finish).collect())
}

fn kind(column: &Found) -> StoreResult<Kind> {
    match column.kind.as_str() {
        "INTEGER" | "BIGINT" => Ok(Kind::Int),
        "DOUBLE" | "DOUBLE PRECISION" => Ok(Kind::Real),
        "BOOLEAN" => Ok(Kind::Bool),
        "TEXT" => Ok(Kind::Text),
        other => Err(StoreError::Database(format!(
            "{}.{} is of type {other}, which callboard does not use",
            column.of, column.name
        ))),
    }
}
