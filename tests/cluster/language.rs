//! A database whose messages are in another language.

use callboard::config::{Database, DatabaseUrl, Postgres};
use callboard::store::{StoreError, connection};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use crate::postgres::{Server, is_there};

/// What a store does at its start.
fn open(url: &str) -> Result<(), StoreError> {
    let at = Postgres { url: DatabaseUrl::from(url), schema: "public".into() };
    connection::open(&Database::Postgres(at)).map(|_| ())
}

#[test]
fn a_refusal_and_a_lock_are_understood_in_any_language() {
    if !is_there() {
        return;
    }
    let home = tempfile::tempdir_in("/tmp").unwrap();
    let server = Server::that_speaks(home.path(), "de");
    let url = server.url();
    let mut root = PgConnection::establish(&DatabaseUrl::from(&*url).conninfo()).unwrap();
    if root.batch_execute("SELECT 1/0").unwrap_err().to_string().contains("division by zero") {
        // Servers that are not from Debian may have no translations.
        return eprintln!("PostgreSQL speaks English only: THIS TEST IS LEFT OUT");
    }
    root.batch_execute("CREATE ROLE full LOGIN CONNECTION LIMIT 0; CREATE TABLE held (n INT)").unwrap();

    // A user that is not there will not be there the next time; one that has no connection left will.
    let as_user = |name: &str| url.replacen("postgres@", &format!("{name}@"), 1);
    let unknown = open(&as_user("nobody")).unwrap_err();
    assert!(
        matches!(&unknown, StoreError::Database(text) if text.contains("existiert nicht")),
        "{unknown:?}"
    );
    let full = open(&as_user("full")).unwrap_err();
    assert!(matches!(&full, StoreError::Away(_)), "{full:?}");

    root.batch_execute("BEGIN; LOCK TABLE held").unwrap();
    let at = Postgres { url: DatabaseUrl::from(&*url), schema: "public".into() };
    let mut ours = connection::open(&Database::Postgres(at)).unwrap();
    let waited = ours.batch_execute("SET lock_timeout = '10ms'; SELECT n FROM held").unwrap_err();
    assert!(matches!(StoreError::from(waited), StoreError::Away(_)));
}
