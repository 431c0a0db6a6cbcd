//! Opening PostgreSQL.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Nullable, Text};

use super::refusal;
use crate::config::Postgres;
use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::Conn;

/// The oldest version that has all that the statements use.
const OLDEST: i32 = 130_000;

// The tables are reached by a walk over an index, in its order, or not at all. While they are young PostgreSQL does
// not know yet how large they will be, and keeps the plan of a prepared statement that was made then. Nor does it know how
// few a claim takes: beside a million jobs that wait it would read and sort all of them.
// A lock is waited for as long as on SQLite. A node that was stopped in the middle of a transaction loses it
// before the others give up waiting for it.
const WRITER: &str = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET jit = off; \
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

/// Says so if the server's words are in another language, and may not be asked for in English: then a deadlock or a lock
/// that others hold is not told from other failures.
pub fn warn_of_translations(at: &Postgres, conn: &mut PgConnection) -> StoreResult<()> {
    let language: String =
        diesel::select(diesel::dsl::sql::<Text>("current_setting('lc_messages')")).get_result(conn)?;
    let plain = ["", "C", "POSIX"].contains(&&*language) || language.starts_with("en");
    if !plain {
        log::warn!(
            "{} words its messages as {language}, and callboard does not understand all of them; as a superuser: ALTER \
             ROLE (callboard's) SET lc_messages = 'C'",
            at.url
        );
    }
    Ok(())
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

/// What a server says in English when it comes up or goes down or is full: then it need not be asked once more, of which it
/// would only be fuller.
const PASSING: [&str; 6] = [
    "the database system is",
    "terminating connection",
    "canceling authentication due to timeout",
    "too many clients",
    "too many connections",
    "connection slots are reserved",
];

/// What will be the same the next time without a word of the server: the two do not fit. libpq says that, which is
/// built without translations. "EVP lib" is what OpenSSL says of a certificate signed with another key than that of
/// the authority of its name.
const LASTING: [&str; 4] =
    ["certificate", "SSL error: EVP lib", "SSL support is not compiled in", "server does not support SSL"];

fn unreachable_because(at: &Postgres, why: &str, ask: impl FnOnce() -> Option<bool>) -> StoreError {
    let text = format!("cannot reach {}: {why}", at.url);
    let says = |words: &[&str]| words.iter().any(|words| why.contains(words));
    match !says(&PASSING) && ask().unwrap_or_else(|| says(&LASTING)) {
        true => StoreError::Database(text),
        false => StoreError::Away(text),
    }
}

/// Asks for messages that are not translated, where the user may: Diesel does not tell the codes of all errors, and a
/// deadlock or the end of a wait for a lock is known by what the server says (`store::error`).
fn plain_words(version: i32) -> &'static str {
    match version {
        150_000.. => {
            "SELECT set_config('lc_messages', 'C', false) WHERE has_parameter_privilege('lc_messages', 'SET')"
        }
        _ => "SELECT set_config('lc_messages', 'C', false) WHERE current_setting('is_superuser') = 'on'",
    }
}

fn establish(at: &Postgres) -> StoreResult<PgConnection> {
    let conninfo = at.url.conninfo();
    let mut conn = PgConnection::establish(&conninfo)
        .map_err(|e| unreachable_because(at, e.to_string().trim_end(), || refusal::is_lasting(&conninfo)))?;
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
    conn.batch_execute(&format!(
        "SET search_path TO \"{}\"; SET client_min_messages = warning; {}",
        at.schema,
        plain_words(version)
    ))?;
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_answer_is_waited_for_unless_the_two_do_not_fit() {
        let at = Postgres { url: "postgres://me@db/jobs".into(), schema: "public".into() };
        for (why, waited_for) in [
            ("connection to server at \"db\", port 5432 failed: Connection refused", true),
            ("could not translate host name \"db\" to address", true),
            ("FATAL:  the database system is starting up", true),
            ("FATAL:  sorry, too many clients already", true),
            ("server closed the connection unexpectedly", true),
            ("sslmode value \"require\" invalid when SSL support is not compiled in", false),
            ("server does not support SSL, but SSL was required", false),
            ("SSL error: certificate verify failed", false),
            ("SSL error: EVP lib", false),
            ("SSL error: unexpected eof while reading", true),
            ("root certificate file \"/etc/x.pem\" does not exist", false),
        ] {
            let found = unreachable_because(&at, why, || None);
            assert_eq!(matches!(found, StoreError::Away(_)), waited_for, "{why}");
        }
        let refused =
            unreachable_because(&at, "FATAL:  die Datenbank »jobs« existiert nicht", || Some(true));
        assert!(matches!(refused, StoreError::Database(_)));
    }
}
