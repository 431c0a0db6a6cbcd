//! How an SQLite file is.

use std::path::Path;

use crate::store::backup;
use crate::store::error::StoreResult;

/// How an SQLite file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteHealth {
    /// How large it is.
    pub bytes: u64,
    /// How much of that is free for new rows.
    pub free_bytes: u64,
    /// How large the log beside it is.
    pub log_bytes: u64,
    /// Whether it was read whole; a large one is not, unless asked for.
    pub checked: bool,
    /// What is damaged in it.
    pub damage: Option<String>,
}

/// Looks at a file, which is read whole up to `check_up_to` bytes.
///
/// # Errors
/// When it cannot be read.
pub fn sqlite(path: &Path, check_up_to: u64) -> StoreResult<SqliteHealth> {
    let conn = backup::open_to_read(path)?;
    let fail = |e| backup::unreadable(path, &e);
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let page = number("PRAGMA page_size").map_err(fail)?;
    let bytes = page * number("PRAGMA page_count").map_err(fail)?;
    let free_bytes = page * number("PRAGMA freelist_count").map_err(fail)?;
    let checked = bytes <= check_up_to;
    let damage = match checked {
        false => None,
        true => {
            let found: String =
                conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(fail)?;
            (found != "ok").then_some(found)
        }
    };
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log_bytes = std::fs::metadata(log).map_or(0, |log| log.len());
    Ok(SqliteHealth { bytes, free_bytes, log_bytes, checked, damage })
}
