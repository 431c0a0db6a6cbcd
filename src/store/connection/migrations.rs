//! The migrations, in the binary: the same names for both databases.

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::Conn;

/// Those of SQLite.
pub const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
/// Those of PostgreSQL.
pub const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Held while the tables are changed, so that of several nodes that start at once one does it.
const TAKE_TURNS: &str =
    "SELECT pg_advisory_lock(hashtextextended('callboard tables ' || current_schema(), 0))";
const NEXT_TURN: &str =
    "SELECT pg_advisory_unlock(hashtextextended('callboard tables ' || current_schema(), 0))";

/// Runs the migrations that are missing; returns their names.
pub fn migrate(conn: &mut Conn) -> StoreResult<Vec<String>> {
    match conn {
        Conn::Sqlite(conn) => run_missing(conn, SQLITE_MIGRATIONS),
        Conn::Postgres(conn) => {
            refuse_newer(conn, &POSTGRES_MIGRATIONS)?;
            // Most starts change nothing, and need not wait for a node that does.
            if !conn.has_pending_migration(POSTGRES_MIGRATIONS).map_err(failed)? {
                return Ok(Vec::new());
            }
            conn.batch_execute(TAKE_TURNS)?;
            let done = run_missing(conn, POSTGRES_MIGRATIONS);
            conn.batch_execute(NEXT_TURN)?;
            done
        }
    }
}

/// The migrations that have run and those that are missing, by name.
pub fn migration_status(conn: &mut Conn) -> StoreResult<(Vec<String>, Vec<String>)> {
    match conn {
        Conn::Sqlite(conn) => status(conn, SQLITE_MIGRATIONS),
        Conn::Postgres(conn) => status(conn, POSTGRES_MIGRATIONS),
    }
}

fn run_missing<C, DB>(conn: &mut C, migrations: EmbeddedMigrations) -> StoreResult<Vec<String>>
where
    C: MigrationHarness<DB>,
    DB: Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    refuse_newer(conn, &migrations)?;
    let done = conn.run_pending_migrations(migrations).map_err(failed)?;
    Ok(done.iter().map(ToString::to_string).collect())
}

fn failed(e: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::of(format!("migration failed: {e}"))
}

fn status<C, DB>(conn: &mut C, migrations: EmbeddedMigrations) -> StoreResult<(Vec<String>, Vec<String>)>
where
    C: MigrationHarness<DB>,
    DB: Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let fail = |e: Box<dyn std::error::Error + Send + Sync>| StoreError::Database(e.to_string());
    let done = conn.applied_migrations().map_err(fail)?;
    let missing = conn.pending_migrations(migrations).map_err(fail)?;
    Ok((
        done.iter().rev().map(ToString::to_string).collect(),
        missing.iter().map(|m| m.name().to_string()).collect(),
    ))
}

/// An older binary must not write into tables that it does not know.
fn refuse_newer<C, DB>(conn: &mut C, migrations: &EmbeddedMigrations) -> StoreResult<()>
where
    C: MigrationHarness<DB>,
    DB: Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let applied = conn.applied_migrations().map_err(|e| StoreError::of(e.to_string()))?;
    let mut applied: Vec<String> = applied.iter().map(ToString::to_string).collect();
    applied.sort();
    refuse_unknown::<DB>(&applied, migrations)
}

/// Makes sure that this program knows each migration that a copy of an SQLite database has had.
///
/// # Errors
/// When it was made by a newer one.
pub fn refuse_newer_copy(applied: &[String]) -> StoreResult<()> {
    refuse_unknown::<Sqlite>(applied, &SQLITE_MIGRATIONS)
}

/// The migrations that this program knows, by number, oldest first.
///
/// # Errors
/// None, as long as their names are sound.
pub fn known_versions() -> StoreResult<Vec<String>> {
    // They are the same for both databases.
    versions::<Sqlite>(&SQLITE_MIGRATIONS)
}

fn versions<DB: Backend>(migrations: &EmbeddedMigrations) -> StoreResult<Vec<String>>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let all =
        MigrationSource::<DB>::migrations(migrations).map_err(|e| StoreError::Database(e.to_string()))?;
    let mut versions: Vec<String> = all.iter().map(|m| m.name().version().to_string()).collect();
    versions.sort();
    Ok(versions)
}

fn refuse_unknown<DB: Backend>(applied: &[String], migrations: &EmbeddedMigrations) -> StoreResult<()>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known = versions::<DB>(migrations)?;
    let newest = known.iter().max().map_or("none", String::as_str);
    match applied.iter().find(|version| !known.contains(version)) {
        Some(newer) => Err(StoreError::Database(format!(
            "the database was made by a newer callboard: it has migration {newer}, and the newest that callboard {} \
             knows is {newest}; install the version that made it or a later one, or restore a backup from before the \
             upgrade",
            env!("CARGO_PKG_VERSION")
        ))),
        None => Ok(()),
    }
}
