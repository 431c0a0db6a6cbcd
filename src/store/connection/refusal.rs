//! Why a server refuses a connection, by the code of its answer: the words are in whatever language the server
//! speaks. Diesel and libpq's plain call give the words alone, so whoever was refused asks once more here.

use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use pq_sys::{
    ConnStatusType, PGVerbosity, PGconn, PQconnectPoll, PQconnectStart, PQerrorMessage, PQfinish,
    PQsetErrorVerbosity, PQsocket, PQstatus, PostgresPollingStatusType as Polling,
};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Codes that begin so are of what is over by itself: a connection that broke, a server that is full, comes up, goes
/// down or has no time, and what others hold.
const PASSING: [&str; 5] = ["08", "40", "53", "55", "57"];

/// Whether a server that refuses a connection will do so the next time; `None`: it has not answered at all, or
/// does not refuse any more.
pub(super) fn is_lasting(conninfo: &str) -> Option<bool> {
    let answer = Attempt::begin(conninfo)?.answer()?;
    let mut codes = answer.lines().filter_map(code).peekable();
    codes.peek()?;
    // Of several hosts one that comes back is enough.
    Some(!codes.any(|code| PASSING.iter().any(|class| code.starts_with(class))))
}

/// The code that a line ends with: `… FATAL:  28P01`.
fn code(line: &str) -> Option<&str> {
    let word = line.split_whitespace().next_back()?;
    let is_code = word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    is_code.then_some(word)
}

/// A connection that is being made.
struct Attempt(NonNull<PGconn>);

impl Attempt {
    fn begin(conninfo: &str) -> Option<Self> {
        let conninfo = CString::new(conninfo).ok()?;
        // SAFETY: the text ends with NUL and outlives the call.
        let attempt = Self(NonNull::new(unsafe { PQconnectStart(conninfo.as_ptr()) })?);
        // SAFETY: the connection was made above and is open until the drop.
        unsafe { PQsetErrorVerbosity(attempt.0.as_ptr(), PGVerbosity::PQERRORS_SQLSTATE) };
        Some(attempt)
    }

    /// What the server says when it refuses.
    fn answer(self) -> Option<String> {
        // SAFETY: the connection is there.
        if unsafe { PQstatus(self.0.as_ptr()) } == ConnStatusType::CONNECTION_BAD {
            return None;
        }
        let until = Instant::now() + PATIENCE;
        let mut next = Polling::PGRES_POLLING_WRITING;
        loop {
            let events = match next {
                Polling::PGRES_POLLING_READING => libc::POLLIN,
                Polling::PGRES_POLLING_WRITING => libc::POLLOUT,
                Polling::PGRES_POLLING_FAILED => return Some(self.message()),
                _ => return None,
            };
            if !self.wait(events, until) {
                return None;
            }
            // SAFETY: the connection is there.
            next = unsafe { PQconnectPoll(self.0.as_ptr()) };
        }
    }

    fn wait(&self, events: libc::c_short, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        // SAFETY: the connection is there.
        let fd = unsafe { PQsocket(self.0.as_ptr()) };
        let mut poll = libc::pollfd { fd, events, revents: 0 };
        // SAFETY: one structure is passed, and its number.
        unsafe { libc::poll(&raw mut poll, 1, i32::try_from(left.as_millis()).unwrap_or(i32::MAX)) > 0 }
    }

    fn message(&self) -> String {
        // SAFETY: the connection is there, and its message lives as long.
        unsafe { CStr::from_ptr(PQerrorMessage(self.0.as_ptr())) }.to_string_lossy().into_owned()
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // SAFETY: it is finished once, here.
        unsafe { PQfinish(self.0.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_last_word_of_a_line() {
        assert_eq!(code("connection to server at \"db\", port 5432 failed: FATAL:  28P01"), Some("28P01"));
        assert_eq!(code("ВАЖНО:  53300"), Some("53300"));
        assert_eq!(code("connection to server at \"db\" failed: Connection refused"), None);
        assert_eq!(code(""), None);
    }

    #[test]
    fn who_does_not_answer_does_not_refuse() {
        // The listener is gone again, and its port is free.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert_eq!(is_lasting(&format!("host=127.0.0.1 port={port}")), None);
        assert_eq!(is_lasting("no such key=1"), None);
    }
}
