//! The two ends of a copy, and what has to hold before one begins.

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

use super::mark::{self, Mark};
use super::rows;
use super::table::{self, Table};
use crate::config::Database;
use crate::store::connection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::owner::OwnerLock;
use crate::store::sql::Conn;

/// A node that was heard of within so many seconds may be at work.
const SILENCE_SECS: i64 = 60;

/// Where the rows come from.
pub(super) struct Source {
    /// It only reads, and sees one moment all the time.
    pub conn: Conn,
    instance: String,
    tables: Vec<Table>,
    _owner: Option<OwnerLock>,
}

/// Where they go.
pub(super) struct Target {
    pub conn: Conn,
    pub mark: Mark,
    _owner: Option<OwnerLock>,
}

impl Source {
    pub fn open(from: &Database) -> StoreResult<Self> {
        if let Database::Sqlite(path) = from
            && !path.is_file()
        {
            return Err(StoreError::Database(format!("there is no database {}", path.display())));
        }
        let owner = own(from)?;
        refuse_old_tables(from)?;
        let mut conn = connection::open_to_read(from)?;
        conn.batch_execute("BEGIN")?;
        refuse_nodes(&mut conn, "source")?;
        mark::refuse_half_a_copy(&mut conn)?;
        let (instance, tables) = (mark::instance(&mut conn)?, table::tables(&mut conn)?);
        Ok(Self { conn, instance, tables, _owner: owner })
    }
}

impl Target {
    /// Makes sure that a copy could begin, or go on. Writes nothing.
    pub fn look(to: &Database, source: &mut Source) -> StoreResult<()> {
        if let Database::Sqlite(path) = to
            && !path.exists()
        {
            return Ok(());
        }
        let _owner = own(to)?;
        let mut conn = connection::open_to_read(to)?;
        match table::tables(&mut conn)?.is_empty() {
            true => Ok(()),
            false => begin(&mut conn, source).map(|_| ()),
        }
    }

    pub fn open(to: &Database, source: &mut Source) -> StoreResult<Self> {
        let owner = own(to)?;
        let mut conn = connection::open(to)?;
        connection::prepare(to, &mut conn)?;
        connection::migrate(&mut conn)?;
        let mark = begin(&mut conn, source)?;
        mark.save(&mut conn)?;
        Ok(Self { conn, mark, _owner: owner })
    }
}

/// Where a copy of `source` begins in a database that has tables.
fn begin(conn: &mut Conn, source: &Source) -> StoreResult<Mark> {
    refuse_nodes(conn, "target")?;
    if mark::instance(conn)? == source.instance {
        return Err(StoreError::Database("source and target are the same database".into()));
    }
    let tables = table::tables(conn)?;
    let columns = |tables: &[Table]| {
        let names =
            |table: &Table| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        tables.iter().map(|table| (table.name.clone(), names(table))).collect::<BTreeMap<_, _>>()
    };
    if columns(&tables) != columns(&source.tables) {
        return Err(StoreError::Database(
            "the tables of the target are not those of the source; run `callboard migrate up` with each"
                .into(),
        ));
    }
    match Mark::load(conn)? {
        Some(mark) if mark.from == source.instance => Ok(mark),
        Some(_) => Err(StoreError::Database(
            "the target holds half a copy of another database; empty it, or finish that one".into(),
        )),
        None => {
            for table in &tables {
                if rows::count(conn, &table.name)? > 0 {
                    return Err(StoreError::Database(format!(
                        "the target is in use: its table {} has rows; copy into an empty database",
                        table.name
                    )));
                }
            }
            Ok(Mark { from: source.instance.clone(), places: BTreeMap::new() })
        }
    }
}

/// Takes an embedded database into possession.
fn own(database: &Database) -> StoreResult<Option<OwnerLock>> {
    match database {
        Database::Sqlite(path) => OwnerLock::acquire(path).map(Some),
        Database::Postgres(_) => Ok(None),
    }
}

/// The source is not changed, not even by migrations.
fn refuse_old_tables(from: &Database) -> StoreResult<()> {
    let mut conn = connection::open(from)?;
    let (done, missing) = connection::migration_status(&mut conn)?;
    match (done.is_empty(), missing.first()) {
        (true, _) => Err(StoreError::Database("the source has no tables of callboard in it".into())),
        (false, Some(first)) => Err(StoreError::Database(format!(
            "the tables of the source are those of an earlier version (the migration {first} has not run); run \
             `callboard migrate up` with it first"
        ))),
        (false, None) => Ok(()),
    }
}

/// Servers that share a database are not seen by a lock.
fn refuse_nodes(conn: &mut Conn, side: &str) -> StoreResult<()> {
    #[derive(QueryableByName)]
    struct Node {
        #[diesel(sql_type = Text)]
        host: String,
        #[diesel(sql_type = Integer)]
        pid: i32,
    }
    // An embedded one is ours alone by now, whatever its last server has left there.
    let Conn::Postgres(conn) = conn else { return Ok(()) };
    let sql = format!(
        "SELECT host, pid FROM nodes WHERE state = 'alive' \
         AND heartbeat_at > (extract(epoch FROM clock_timestamp()) - {SILENCE_SECS}) * 1000"
    );
    let nodes: Vec<Node> = diesel::sql_query(sql).load(conn)?;
    match nodes.first() {
        None => Ok(()),
        Some(Node { host, pid }) => Err(StoreError::Database(format!(
            "the {side} is in use by the server with process id {pid} on {host}; stop it first (if it died, wait \
             {SILENCE_SECS} seconds)"
        ))),
    }
}
