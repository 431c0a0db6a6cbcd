//! What can go wrong in the store.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::error::Error;

/// Why a verb of the store did nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The caller asked for something that cannot be done. Nothing was written.
    #[error(transparent)]
    Refused(#[from] Error),
    /// The database did not do it: it is full, locked by a stranger, broken, or away.
    #[error("{0}")]
    Database(String),
    /// Another node's transaction was in the way. Nothing was written, and trying again helps.
    #[error("{0}")]
    Contended(String),
    /// The database cannot be reached at the moment, or is not free: trying again later helps.
    #[error("{0}")]
    Away(String),
    /// The writer is gone; the program is going down.
    #[error("the store is closed")]
    Closed,
}

impl From<DieselError> for StoreError {
    fn from(e: DieselError) -> Self {
        match &e {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
                Self::Refused(Error::Conflict(format!("it is there already: {}", info.message())))
            }
            DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, info) => {
                Self::Contended(info.message().to_owned())
            }
            // Diesel has no kind of its own for it.
            DieselError::DatabaseError(_, info) if info.message().contains("deadlock detected") => {
                Self::Contended(info.message().to_owned())
            }
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, _) => Self::Away(e.to_string()),
            _ => Self::of(explain(e.to_string())),
        }
    }
}

/// What PostgreSQL says when it goes down or somebody else holds what is wanted, and its client library when it has
/// gone. Diesel has no kind for these; connections ask for messages that are not translated.
const PASSING: [&str; 6] = [
    "terminating connection",
    "server closed the connection",
    "no connection to the server",
    "could not receive data from server",
    "could not send data to server",
    "due to lock timeout",
];

/// Whether a failure that says this is over by itself.
fn passes(why: &str) -> bool {
    PASSING.iter().any(|words| why.contains(words))
}

/// Adds what to do to what SQLite says.
fn explain(text: String) -> String {
    let advice = if text.contains("database is locked") {
        "another program holds the database file; end it, or let go of its transaction"
    } else if text.contains("database or disk is full") {
        "free some space on the disk of the data directory"
    } else if text.contains("disk I/O error") {
        "see whether the disk of the data directory is full, read-only or broken"
    } else {
        return text;
    };
    format!("{text} ({advice})")
}

impl StoreError {
    /// A failure of the database that says this.
    pub(super) fn of(text: String) -> Self {
        match passes(&text) {
            true => Self::Away(text),
            false => Self::Database(text),
        }
    }

    /// Whether the caller is to blame: the database did all it was asked to.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

impl From<StoreError> for Error {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Refused(e) => e,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// So that a caller's transaction may return what a call within it does.
impl From<DieselError> for Error {
    fn from(e: DieselError) -> Self {
        StoreError::from(e).into()
    }
}

/// What a verb gives back.
pub type StoreResult<T> = Result<T, StoreError>;
