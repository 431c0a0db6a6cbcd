//! Counts what the database does, where a measurement is to say how much that is and not how long
//! it took: one step is one instruction of SQLite's virtual machine.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use libsqlite3_sys::{
    SQLITE_OK, sqlite3, sqlite3_api_routines, sqlite3_auto_extension, sqlite3_progress_handler,
};

static STEPS: AtomicU64 = AtomicU64::new(0);

/// Counts the steps of all connections that are opened from now on. It makes them slower.
pub fn count() {
    // SAFETY: the function has the signature that SQLite calls it by, and stays for ever.
    unsafe { sqlite3_auto_extension(Some(attach)) };
}

/// The steps so far.
#[must_use]
pub fn steps() -> u64 {
    STEPS.load(Relaxed)
}

/// Is called for each new connection.
unsafe extern "C" fn attach(db: *mut sqlite3, _: *mut *mut c_char, _: *const sqlite3_api_routines) -> c_int {
    // SAFETY: SQLite hands over a connection that is open, and the handler needs no data.
    unsafe { sqlite3_progress_handler(db, 1, Some(step), ptr::null_mut()) };
    SQLITE_OK
}

/// Is called for each step; zero lets it go on.
unsafe extern "C" fn step(_: *mut c_void) -> c_int {
    STEPS.fetch_add(1, Relaxed);
    0
}
