//! The tables as Diesel sees them are the tables that the migrations make; migrations go up, down
//! and up again; a database from the future is left alone.

use std::collections::BTreeMap;

use callboard::store::connection::{self, MIGRATIONS};
use callboard::store::sql::Conn;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_migrations::MigrationHarness;

/// A table: its columns as (name, type), and its primary key.
#[derive(Debug, Default, PartialEq)]
struct Table {
    columns: Vec<(String, String)>,
    key: Vec<String>,
}

fn empty_database() -> (tempfile::TempDir, Conn) {
    let home = tempfile::tempdir().unwrap();
    let conn = connection::open_writer(&home.path().join("queue.db")).unwrap();
    (home, conn)
}

/// The tables of `src/store/schema.rs`, read as text: `table! { name (key) { column -> Type, … } }`.
fn declared() -> BTreeMap<String, Table> {
    let source = include_str!("../src/store/schema.rs");
    let mut tables = BTreeMap::new();
    for block in source.split("diesel::table!").skip(1) {
        let (head, body) = block.trim_start_matches([' ', '{', '\n']).split_once('{').unwrap();
        let (name, key) = head.trim().trim_end_matches(')').split_once('(').unwrap();
        let column = |line: &str| {
            let (name, kind) = line.trim().trim_end_matches(',').split_once(" -> ")?;
            Some((name.to_owned(), kind.to_owned()))
        };
        let key = key.split(',').map(|part| part.trim().to_owned()).collect();
        let table = Table { columns: body.lines().filter_map(column).collect(), key };
        tables.insert(name.trim().to_owned(), table);
    }
    tables
}

/// The tables that a database has, but for the one that keeps the migrations.
fn found(conn: &mut Conn) -> BTreeMap<String, Table> {
    #[derive(QueryableByName)]
    struct Column {
        #[diesel(sql_type = Text)]
        of: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Bool)]
        nullable: bool,
        #[diesel(sql_type = diesel::sql_types::Integer)]
        key: i32,
    }
    let columns: Vec<Column> = diesel::sql_query(
        "SELECT m.name AS \"of\", c.name, c.type AS kind, c.\"notnull\" = 0 AS nullable, c.pk AS \"key\" \
         FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%' \
         ORDER BY m.name, c.cid",
    )
    .load(conn)
    .unwrap();
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let mut keys: BTreeMap<String, Vec<(i32, String)>> = BTreeMap::new();
    for column in columns {
        let row_id = column.name == "id" && column.key == 1;
        let kind = match column.kind.as_str() {
            // SQLite's own row number has 64 bits.
            "INTEGER" if row_id => "BigInt",
            "INTEGER" => "Integer",
            "BIGINT" => "BigInt",
            "TEXT" => "Text",
            "BOOLEAN" => "Bool",
            "DOUBLE" => "Double",
            other => panic!("{}.{} is a {other}", column.of, column.name),
        };
        let kind = if column.nullable { format!("Nullable<{kind}>") } else { kind.to_owned() };
        if column.key > 0 {
            keys.entry(column.of.clone()).or_default().push((column.key, column.name.clone()));
        }
        tables.entry(column.of).or_default().columns.push((column.name, kind));
    }
    for (name, mut key) in keys {
        key.sort_unstable();
        tables.entry(name).or_default().key = key.into_iter().map(|(_, column)| column).collect();
    }
    tables
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

#[test]
fn diesel_sees_the_tables_that_are_there() {
    let (_home, mut conn) = empty_database();
    connection::migrate(&mut conn).unwrap();
    let (declared, found) = (declared(), found(&mut conn));
    assert_eq!(declared.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    for (name, table) in &found {
        assert_eq!(&declared[name], table, "table {name}");
    }
}

#[test]
fn migrations_go_up_down_and_up() {
    let (_home, mut conn) = empty_database();
    let names = connection::migrate(&mut conn).unwrap();
    assert!(!names.is_empty());
    let first = blueprint(&mut conn);
    assert_eq!(connection::migration_status(&mut conn).unwrap(), (names.clone(), Vec::new()));
    conn.revert_all_migrations(MIGRATIONS).unwrap();
    assert_eq!(blueprint(&mut conn), Vec::<String>::new(), "a migration leaves something behind");
    assert_eq!(connection::migrate(&mut conn).unwrap(), names);
    assert_eq!(blueprint(&mut conn), first);
    assert!(connection::migrate(&mut conn).unwrap().is_empty(), "a second time there is nothing to do");
}

#[test]
fn a_database_from_the_future_is_left_alone() {
    let (home, mut conn) = empty_database();
    connection::migrate(&mut conn).unwrap();
    conn.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')").unwrap();
    let before = blueprint(&mut conn);
    drop(conn);
    let path = home.path().join("queue.db");
    let Err(refusal) = callboard::store::Store::open(&path, 1, Box::new(|_| {})) else {
        panic!("an unknown database was opened");
    };
    let refusal = refusal.to_string();
    assert!(refusal.contains("newer callboard") && refusal.contains("99991231000000"), "{refusal}");
    let mut conn = connection::open_writer(&path).unwrap();
    assert_eq!(blueprint(&mut conn), before);
}
