//! Opening PostgreSQL.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Nullable, Text};

use crate::config::Postgres;
use crate::store::error::{self, StoreError, StoreResult};
use crate::store::sql::Conn;

/// The oldest version that has all that the statements use.
const OLDEST: i32 = 130_000;

// The tables are reached by a walk over an index or not at all. While they are young PostgreSQL does
// not know yet how large they will be, and keeps the plan of a prepared statement that was made then.
// A lock is waited for as long as on SQLite. A node that was stopped in the middle of a transaction loses it
// before the others give up waiting for it.
const WRITER: &str = "SET enable_seqscan = off; SET jit = off; \
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE; \
    SET lock_timeout = '4s'; SET idle_in_transaction_session_timeout = '3s'; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
// All that a view sees is of one moment.
const READER: &str = "SET enable_seqscan = off; SET jit = off; \
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; \
    SET lock_timeout = '4s'; SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'";

/// Opens a connection that writes.
pub fn open_writer(at: &Postgres) -> StoreResult<Conn> {
    let mut conn = establish(at)?;
    conn.batch_execute(WRITER)?;
    Ok(Conn::Postgres(conn))
}

/// Opens a connection that only reads.
pub fn open_reader(at: &Postgres) -> StoreResult<Conn> {
    let mut conn = establish(at)?;
    conn.batch_execute(READER)?;
    Ok(Conn::Postgres(conn))
}

/// Makes the schema if it is not there.
pub fn make_schema(at: &Postgres, conn: &mut PgConnection) -> StoreResult<()> {
    let schema = &at.schema;
    // Not CREATE IF NOT EXISTS alone: that wants the right to create one that is there.
    let there: bool = diesel::select(
        diesel::dsl::sql::<Bool>("to_regnamespace(quote_ident(")
            .bind::<Text, _>(schema)
            .sql(")) IS NOT NULL"),
    )
    .get_result(conn)?;
    if !there {
        conn.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"")).map_err(|e| {
            StoreError::of(format!(
                "there is no schema {schema} in {}, and it cannot be made: {e}; make it, and let the user of callboard \
                 create tables in it",
                at.url
            ))
        })?;
    }
    let may: Option<bool> = diesel::select(
        diesel::dsl::sql::<Nullable<Bool>>("has_schema_privilege(quote_ident(")
            .bind::<Text, _>(schema)
            .sql("), 'CREATE, USAGE')"),
    )
    .get_result(conn)?;
    if may == Some(false) {
        return Err(StoreError::Database(format!(
            "the user of callboard may not create tables in schema {schema} of {0}; GRANT CREATE, USAGE ON SCHEMA \
             {schema}, or name another one as postgres.schema",
            at.url
        )));
    }
    Ok(())
}

/// Drops a schema with all that is in it.
pub fn drop_schema(at: &Postgres) -> StoreResult<()> {
    Ok(establish(at)?.batch_execute(&format!("DROP SCHEMA IF EXISTS \"{}\" CASCADE", at.schema))?)
}

/// What will be the same the next time: the server answers and refuses, or the two do not fit. "EVP lib" is what
/// OpenSSL says of a certificate signed with another key than that of the authority of its name.
const LASTING: [&str; 5] = [
    "FATAL",
    "certificate",
    "SSL error: EVP lib",
    "SSL support is not compiled in",
    "server does not support SSL",
];

fn unreachable_because(at: &Postgres, why: &str) -> StoreError {
    let text = format!("cannot reach {}: {why}", at.url);
    match LASTING.iter().any(|words| why.contains(words)) && !error::passes(why) {
        true => StoreError::Database(text),
        false => StoreError::Away(text),
    }
}

fn establish(at: &Postgres) -> StoreResult<PgConnection> {
    let mut conn = PgConnection::establish(&at.url.conninfo())
        .map_err(|e| unreachable_because(at, e.to_string().trim_end()))?;
    let version: i32 =
        diesel::select(diesel::dsl::sql::<Integer>("CAST(current_setting('server_version_num') AS INTEGER)"))
            .get_result(&mut conn)?;
    if version < OLDEST {
        return Err(StoreError::Database(format!(
            "{} is PostgreSQL {}; callboard needs 13 or later",
            at.url,
            version / 10_000
        )));
    }
    conn.batch_execute(&format!("SET search_path TO \"{}\"; SET client_min_messages = warning", at.schema))?;
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_full_or_coming_up_is_waited_for_and_one_that_refuses_is_not() {
        let at = Postgres { url: "postgres://me@db/jobs".into(), schema: "public".into() };
        for (why, waited_for) in [
            ("connection to server at \"db\", port 5432 failed: Connection refused", true),
            ("could not translate host name \"db\" to address", true),
            ("FATAL:  the database system is starting up", true),
            ("FATAL:  sorry, too many clients already", true),
            ("FATAL:  too many connections for role \"me\"", true),
            ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", true),
            ("FATAL:  terminating connection due to administrator command", true),
            ("server closed the connection unexpectedly", true),
            ("FATAL:  password authentication failed for user \"me\"", false),
            ("FATAL:  database \"jobs\" does not exist", false),
            ("sslmode value \"require\" invalid when SSL support is not compiled in", false),
            ("server does not support SSL, but SSL was required", false),
            ("SSL error: certificate verify failed", false),
            ("SSL error: EVP lib", false),
            ("SSL error: unexpected eof while reading", true),
            ("root certificate file \"/etc/x.pem\" does not exist", false),
        ] {
            let found = unreachable_because(&at, why);
            assert_eq!(matches!(found, StoreError::Away(_)), waited_for, "{why}");
        }
    }
}
