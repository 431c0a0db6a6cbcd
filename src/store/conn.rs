//! The connection that the store works on, whichever database is behind it.
// What the derive makes has no comments of its own.
#![allow(missing_docs)]

use diesel::{PgConnection, SqliteConnection};

use super::dialect::Dialect;

/// A connection to one of the two databases. What is built with Diesel's query builder runs on it
/// as it is; statements in text (`store::sql`) go to what is in it.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The embedded one.
    Sqlite(SqliteConnection),
    /// The one that several nodes share.
    Postgres(PgConnection),
}

/// The backend of [`Conn`].
pub type Db = MultiBackend;

impl Conn {
    /// The SQL that it speaks.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }
}
