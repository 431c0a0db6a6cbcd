//! The tables as Diesel sees them are the tables that the migrations make; migrations go up, down
//! and up again; a database from the future is left alone.

#[path = "../postgres/mod.rs"]
mod postgres;
#[path = "../served/mod.rs"]
mod served;

mod pg;
mod released;
mod sqlite;

use std::collections::BTreeMap;

use callboard::config::Database;
use callboard::store::connection;
use callboard::store::sql::Conn;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Text};

/// A table: its columns as (name, type), and its primary key.
#[derive(Debug, Default, PartialEq)]
struct Table {
    columns: Vec<(String, String)>,
    key: Vec<String>,
}

/// The tables of `src/store/schema.rs`, read as text: `table! { name (key) { column -> Type, … } }`.
fn declared() -> BTreeMap<String, Table> {
    let source = include_str!("../../src/store/schema.rs");
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

/// A column, as a database tells of it.
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
    /// Its place in the primary key, from 1; 0: none.
    #[diesel(sql_type = Integer)]
    key: i32,
}

/// A database without tables, and how it is looked at.
struct Subject<H> {
    conn: Conn,
    database: Database,
    columns: fn(&mut Conn) -> Vec<Column>,
    /// Everything that it is made of.
    blueprint: fn(&mut Conn) -> Vec<String>,
    revert: fn(&mut Conn),
    _home: H,
}

impl<H> Subject<H> {
    fn blueprint(&mut self) -> Vec<String> {
        (self.blueprint)(&mut self.conn)
    }

    /// The tables that it has, but for the one that keeps the migrations.
    fn tables(&mut self) -> BTreeMap<String, Table> {
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        let mut keys: BTreeMap<String, Vec<(i32, String)>> = BTreeMap::new();
        for column in (self.columns)(&mut self.conn) {
            let kind = match column.kind.as_str() {
                "INTEGER" => "Integer",
                "BIGINT" => "BigInt",
                "TEXT" => "Text",
                "BOOLEAN" => "Bool",
                "DOUBLE" | "DOUBLE PRECISION" => "Double",
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
}

fn diesel_sees_the_tables_that_are_there<H>(mut subject: Subject<H>) {
    connection::migrate(&mut subject.conn).unwrap();
    let (declared, found) = (declared(), subject.tables());
    assert_eq!(declared.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    for (name, table) in &found {
        assert_eq!(&declared[name], table, "table {name}");
    }
}

fn migrations_go_up_down_and_up<H>(mut subject: Subject<H>) {
    let names = connection::migrate(&mut subject.conn).unwrap();
    assert!(!names.is_empty());
    let first = subject.blueprint();
    assert_eq!(connection::migration_status(&mut subject.conn).unwrap(), (names.clone(), Vec::new()));
    (subject.revert)(&mut subject.conn);
    assert_eq!(subject.blueprint(), Vec::<String>::new(), "a migration leaves something behind");
    assert_eq!(connection::migrate(&mut subject.conn).unwrap(), names);
    assert_eq!(subject.blueprint(), first);
    assert!(
        connection::migrate(&mut subject.conn).unwrap().is_empty(),
        "a second time there is nothing to do"
    );
}

fn a_database_from_the_future_is_left_alone<H>(mut subject: Subject<H>) {
    connection::migrate(&mut subject.conn).unwrap();
    let future = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')";
    subject.conn.batch_execute(future).unwrap();
    let before = subject.blueprint();
    let Err(refusal) = callboard::store::Store::open(&subject.database, 1, Box::new(|_| {})) else {
        panic!("an unknown database was opened");
    };
    let refusal = refusal.to_string();
    for word in ["newer callboard", "99991231000000", env!("CARGO_PKG_VERSION"), "install"] {
        assert!(refusal.contains(word), "{refusal}");
    }
    assert_eq!(subject.blueprint(), before);
}

/// Makes a test of each case for each database.
macro_rules! on_every_database {
    ($($case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[test]
                fn $case() {
                    super::$case(super::sqlite::empty_database());
                }
            )+
        }
        mod on_postgres {
            $(
                #[test]
                fn $case() {
                    if super::postgres::is_there() {
                        super::$case(super::pg::empty_database());
                    }
                }
            )+
        }
    };
}

on_every_database!(
    diesel_sees_the_tables_that_are_there,
    migrations_go_up_down_and_up,
    a_database_from_the_future_is_left_alone,
);

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |side: &str| {
        let entries = std::fs::read_dir(format!("{}/migrations/{side}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
