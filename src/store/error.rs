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
            _ => Self::Database(e.to_string()),
        }
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

/// What a verb gives back.
pub type StoreResult<T> = Result<T, StoreError>;
