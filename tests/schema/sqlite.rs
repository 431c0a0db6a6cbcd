//! What an SQLite file is made of.

use callboard::store::connection::{self, SQLITE_MIGRATIONS};
use callboard::store::sql::Conn;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;

use super::{Column, Subject};

pub fn empty_database() -> Subject<tempfile::TempDir> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("queue.db");
    let conn = connection::open_writer(&path).unwrap();
    Subject { conn, database: (&path).into(), columns, blueprint, revert, _home: home }
}

fn columns(conn: &mut Conn) -> Vec<Column> {
    let mut columns: Vec<Column> = diesel::sql_query(
        "SELECT m.name AS \"of\", c.name, c.type AS kind, c.\"notnull\" = 0 AS nullable, c.pk AS \"key\" \
         FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%' \
         ORDER BY m.name, c.cid",
    )
    .load(conn)
    .unwrap();
    for column in &mut columns {
        // SQLite's own row number has 64 bits.
        if column.name == "id" && column.key == 1 && column.kind == "INTEGER" {
            "BIGINT".clone_into(&mut column.kind);
        }
    }
    columns
}

/// Everything that a database is made of, as it would be written.
fn blueprint(conn: &mut Conn) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        sql: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY name",
    )
    .load(conn)
    .unwrap();
    rows.into_iter().map(|row| row.sql).collect()
}

fn revert(conn: &mut Conn) {
    let Conn::Sqlite(conn) = conn else { panic!("another database") };
    conn.revert_all_migrations(SQLITE_MIGRATIONS).unwrap();
}
