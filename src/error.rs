//! What can go wrong when a caller asks for something.

use std::fmt;

/// A field that is wrong, and why. `field` is a path such as `jobs[3].priority`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FieldFault {
    /// Where.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FieldFault {
    /// A fault at `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Why a call on [`crate::Callboard`] did not do what it was asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// There is no such thing; the text names it, e.g. `job 17`.
    #[error("there is no {0}")]
    NotFound(String),
    /// The state of things does not allow it; the text says which state and why.
    #[error("{0}")]
    Conflict(String),
    /// What was given is wrong. All faults are named at once.
    #[error("{}", Faults(.0))]
    Invalid(Vec<FieldFault>),
    /// Too many ask for this at once; the text says how many do already.
    #[error("{0}")]
    Busy(String),
    /// The server is going down and takes no new work.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The store cannot be reached or written; the write may or may not have happened.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

impl Error {
    /// One wrong field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault::new(field, message)])
    }

    /// The word for what kind of error it is.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Conflict(_) => "conflict",
            Self::Invalid(_) => "invalid",
            Self::Busy(_) => "busy",
            Self::ShuttingDown => "shutting_down",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

struct Faults<'a>(&'a [FieldFault]);

impl fmt::Display for Faults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            let sep = if i == 0 { "" } else { "; " };
            write!(f, "{sep}{} {}", fault.field, fault.message)?;
        }
        Ok(())
    }
}
