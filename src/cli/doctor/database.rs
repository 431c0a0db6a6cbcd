//! The database.

use std::path::Path;

use bytesize::ByteSize;

use super::finding::Finding;
use crate::config::{Database, Postgres};
use crate::store::examine::{self, PostgresHealth, Tables};
use crate::store::owner;

const AREA: &str = "database";
/// A file up to this size is read in seconds.
const SMALL: u64 = 1 << 30;
/// The server keeps the log smaller than this, unless something reads for long.
const LARGE_LOG: u64 = 256 << 20;
/// Dead rows that nothing can remove make claims slower.
const LONG_TRANSACTION_SECS: i64 = 600;

/// Looks at it.
pub(super) fn examine(database: &Database, full: bool) -> Vec<Finding> {
    match database {
        Database::Sqlite(path) if !path.exists() => {
            vec![Finding::ok(
                AREA,
                format!("{} is not there yet; `callboard serve` makes it", path.display()),
            )]
        }
        Database::Sqlite(path) => sqlite(path, full),
        Database::Postgres(at) => postgres(at),
    }
}

fn sqlite(path: &Path, full: bool) -> Vec<Finding> {
    let name = path.display();
    let mut findings = vec![match owner::owner_of(path) {
        Some(pid) => Finding::ok(AREA, format!("{name} is in use by process {pid}")),
        None => Finding::ok(AREA, format!("{name} is not in use")),
    }];
    let restore = "stop the server and `callboard restore` a backup";
    match examine::sqlite(path, if full { u64::MAX } else { SMALL }) {
        Err(e) => findings.push(Finding::fault(AREA, e.to_string(), restore)),
        Ok(health) => {
            let size = format!("{}, {} of it free", ByteSize(health.bytes), ByteSize(health.free_bytes));
            findings.push(match (&health.damage, health.checked) {
                (Some(damage), _) => Finding::fault(AREA, format!("it is damaged: {damage}"), restore),
                (None, true) => Finding::ok(AREA, format!("{size}; sound")),
                (None, false) => Finding::ok(AREA, format!("{size}; too large to read whole without --full")),
            });
            if health.log_bytes > LARGE_LOG {
                findings.push(Finding::warning(
                    AREA,
                    format!("its log (-wal) has grown to {}", ByteSize(health.log_bytes)),
                    "end what has been reading the file for long; a restart of the server shortens it",
                ));
            }
        }
    }
    findings.push(tables(&Database::from(path)));
    findings
}

fn postgres(at: &Postgres) -> Vec<Finding> {
    let health = match examine::postgres(at) {
        Ok(health) => health,
        Err(e) => {
            return vec![Finding::fault(
                AREA,
                e.to_string(),
                "see whether it runs, and database_url is right",
            )];
        }
    };
    let mut findings = vec![Finding::ok(AREA, format!("{}: PostgreSQL {}", at.url, health.version))];
    findings.extend(settings(&health));
    findings.push(tables(&Database::Postgres(at.clone())));
    findings
}

fn settings(health: &PostgresHealth) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, value) in [("fsync", &health.fsync), ("full_page_writes", &health.full_page_writes)] {
        if value == "off" {
            let said = format!("{name} is off: what was acknowledged can be lost when its machine fails");
            findings.push(Finding::fault(AREA, said, format!("set {name} = on in postgresql.conf")));
        }
    }
    if health.synchronous_commit == "off" {
        // Our own connections turn it on.
        findings.push(Finding::ok(AREA, "synchronous_commit is off, and on for callboard's connections"));
    }
    let (used, most) = (health.connections, i64::from(health.max_connections));
    let said = format!("{used} of {most} connections are taken");
    findings.push(match used * 10 > most * 8 {
        true => Finding::warning(AREA, said, "raise max_connections, or put a pooler before other programs"),
        false => Finding::ok(AREA, said),
    });
    if health.oldest_transaction_secs > LONG_TRANSACTION_SECS {
        findings.push(Finding::warning(
            AREA,
            format!("a transaction has been open for {} s", health.oldest_transaction_secs),
            "find it in pg_stat_activity and end it: dead rows stay as long as it is open",
        ));
    }
    findings
}

fn tables(database: &Database) -> Finding {
    let Tables { done, missing, trouble, .. } = match examine::tables(database) {
        Ok(tables) => tables,
        Err(e) => {
            return Finding::fault(AREA, e.to_string(), "see whether the user of the server may read it");
        }
    };
    match (trouble, done.last(), missing) {
        (Some(trouble), ..) => Finding::fault(AREA, trouble, "nothing was changed"),
        (None, None, _) => Finding::ok(AREA, "it has no tables yet; `callboard serve` makes them"),
        (None, Some(newest), 0) => Finding::ok(AREA, format!("its tables are up to date ({newest})")),
        (None, Some(newest), n) => Finding::warning(
            AREA,
            format!("its tables are those of an earlier version ({newest}, {n} migrations are missing)"),
            "`callboard serve` and `callboard migrate up` bring them up to date; take a backup before",
        ),
    }
}
