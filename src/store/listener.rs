//! A connection that hears what other nodes tell. Diesel's connections cannot be waited on, so this
//! one uses PostgreSQL's client library itself.

use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::time::Duration;

use pq_sys::{
    ConnStatusType, ExecStatusType, PGconn, PQclear, PQconnectdb, PQconsumeInput, PQerrorMessage, PQexec,
    PQfinish, PQfreemem, PQnotifies, PQresultStatus, PQsocket, PQstatus,
};

use super::error::{StoreError, StoreResult};
use crate::config::Postgres;

/// See the module.
pub struct Listener {
    conn: NonNull<PGconn>,
}

impl Listener {
    /// Listens on a channel.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn open(at: &Postgres, channel: &str) -> StoreResult<Self> {
        let conninfo = CString::new(at.url.conninfo()).map_err(|e| StoreError::Database(e.to_string()))?;
        // SAFETY: the text ends with NUL and outlives the call.
        let conn = unsafe { PQconnectdb(conninfo.as_ptr()) };
        let conn = NonNull::new(conn).ok_or_else(|| StoreError::Database("out of memory".into()))?;
        let mut listener = Self { conn };
        // SAFETY: the connection was made above and is open until the drop.
        if unsafe { PQstatus(listener.conn.as_ptr()) } != ConnStatusType::CONNECTION_OK {
            return Err(listener.fault());
        }
        listener.run(&format!("LISTEN \"{channel}\""))?;
        Ok(listener)
    }

    /// Waits for what is told, at most so long; then makes sure that somebody is still there.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn wait(&mut self, patience: Duration) -> StoreResult<Vec<String>> {
        let timeout = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the connection is open.
        let socket = unsafe { PQsocket(self.conn.as_ptr()) };
        let mut poll = libc::pollfd { fd: socket, events: libc::POLLIN, revents: 0 };
        // SAFETY: one structure is passed, and its number.
        if unsafe { libc::poll(&raw mut poll, 1, timeout) } == 0 {
            self.run("SELECT 1")?;
        }
        // SAFETY: the connection is open.
        if unsafe { PQconsumeInput(self.conn.as_ptr()) } == 0 {
            return Err(self.fault());
        }
        let mut heard = Vec::new();
        // SAFETY: what is not null is a structure with a text that ends with NUL, and is ours to free.
        while let Some(told) = NonNull::new(unsafe { PQnotifies(self.conn.as_ptr()) }) {
            // SAFETY: as above.
            unsafe {
                heard.push(CStr::from_ptr(told.as_ref().extra).to_string_lossy().into_owned());
                PQfreemem(told.as_ptr().cast());
            }
        }
        Ok(heard)
    }

    fn run(&mut self, text: &str) -> StoreResult<()> {
        let text = CString::new(text).map_err(|e| StoreError::Database(e.to_string()))?;
        // SAFETY: the connection is open, the text ends with NUL, and the result is cleared once.
        let status = unsafe {
            let result = PQexec(self.conn.as_ptr(), text.as_ptr());
            let status = PQresultStatus(result);
            PQclear(result);
            status
        };
        match status {
            ExecStatusType::PGRES_COMMAND_OK | ExecStatusType::PGRES_TUPLES_OK => Ok(()),
            _ => Err(self.fault()),
        }
    }

    fn fault(&self) -> StoreError {
        // SAFETY: the connection is there, and its message lives as long.
        let text = unsafe { CStr::from_ptr(PQerrorMessage(self.conn.as_ptr())) };
        StoreError::Away(text.to_string_lossy().trim().to_owned())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // SAFETY: it is finished once, here.
        unsafe { PQfinish(self.conn.as_ptr()) };
    }
}
