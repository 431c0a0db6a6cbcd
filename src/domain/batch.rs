//! Batches of programs that speak the Faktory Work Protocol: what is kept of their callbacks, and
//! how they are called.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::callback::Callback;
use super::remote::RemoteExtra;

/// How long jobs are waited for that are to be added.
pub const OPEN_FOR: Duration = Duration::from_secs(30 * 60);

/// What the id of a batch begins with, so that it is not taken for that of a job.
const PREFIX: &str = "b-";

/// The id of a batch: that of the workflow that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bid(pub i64);

impl fmt::Display for Bid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl FromStr for Bid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix(PREFIX).filter(|digits| digits.bytes().all(|c| c.is_ascii_digit()));
        let number = number.and_then(|digits| digits.parse().ok());
        number.map(Self).ok_or_else(|| no_such(text))
    }
}

/// What is said of an id that no batch has. A client looks for the first words.
#[must_use]
pub fn no_such(bid: impl fmt::Display) -> String {
    let text: String = bid.to_string().chars().take(100).collect();
    format!("No such batch {text}")
}

/// A callback of a batch as it is kept until its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptCallback {
    /// What it is here.
    pub job: Callback,
    /// Its id there.
    pub jid: String,
    /// What else it is there.
    pub extra: RemoteExtra,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_and_others_are_refused() {
        assert_eq!(Bid(17).to_string().parse(), Ok(Bid(17)));
        for bad in ["", "17", "b-", "b--1", "b-x", "b-99999999999999999999", "non-existent-batch-id"] {
            assert_eq!(bad.parse::<Bid>(), Err(no_such(bad)), "{bad}");
        }
    }
}
