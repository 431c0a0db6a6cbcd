//! What a schema of PostgreSQL is made of.

use callboard::store::connection::{self, POSTGRES_MIGRATIONS};
use callboard::store::sql::Conn;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;

use super::{Column, Subject};
use crate::postgres::Schema;

pub fn empty_database() -> Subject<Schema> {
    let home = Schema::new();
    let database = home.database();
    let mut conn = connection::open(&database).unwrap();
    connection::prepare(&database, &mut conn).unwrap();
    Subject { conn, database, columns, blueprint, revert, _home: home }
}

fn columns(conn: &mut Conn) -> Vec<Column> {
    let columns: Vec<Column> = diesel::sql_query(
        "SELECT t.relname::text AS \"of\", a.attname::text AS name, upper(format_type(a.atttypid, NULL)) AS kind, \
         NOT a.attnotnull AS nullable, coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0) AS \"key\" \
         FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped \
         LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary \
         WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r' AND t.relname NOT LIKE '\\_\\_%' \
         ORDER BY t.relname, a.attnum",
    )
    .load(conn)
    .unwrap();
    // On SQLite ids and commits are counted in a table; PostgreSQL counts both by itself.
    assert!(columns.iter().all(|column| column.of != "sequences"));
    let sequences = [("name", "TEXT", 1), ("last", "BIGINT", 0)].map(|(name, kind, key)| Column {
        of: "sequences".into(),
        name: name.into(),
        kind: kind.into(),
        nullable: false,
        key,
    });
    columns.into_iter().chain(sequences).collect()
}

/// Everything that a schema is made of.
fn blueprint(conn: &mut Conn) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        what: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT what FROM (\
         SELECT t.relkind::text || ' ' || t.relname::text || ' ' || coalesce(array_to_string(t.reloptions, ','), '') AS what \
         FROM pg_class t WHERE t.relnamespace = current_schema()::regnamespace \
         UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() \
         UNION ALL SELECT table_name || '.' || column_name || ' ' || data_type || coalesce(collation_name, '') \
         || is_nullable || coalesce(column_default, '') FROM information_schema.columns \
         WHERE table_schema = current_schema()) parts WHERE what NOT LIKE '%\\_\\_diesel%' ORDER BY what",
    )
    .load(conn)
    .unwrap();
    rows.into_iter().map(|row| row.what).collect()
}

fn revert(conn: &mut Conn) {
    let Conn::Postgres(conn) = conn else { panic!("another database") };
    conn.revert_all_migrations(POSTGRES_MIGRATIONS).unwrap();
}
