//! The clock: delays, schedules and heartbeats go by it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::finding::Finding;
use super::server::Answer;
use crate::config::Database;
use crate::store::examine;

const AREA: &str = "clock";
/// Nodes that differ by more take each other for lost too early or too late.
const MAX_SKEW_MS: i64 = 2_000;
/// When this was written: a clock that shows less was never set.
const NOT_BEFORE: &str = "2026-01-01T00:00:00Z";

/// Looks at it, beside that of the database and of a server that answers.
pub(super) fn examine(database: &Database, server: Option<&Answer>) -> Vec<Finding> {
    let now = Timestamp::now();
    let mut findings = vec![match NOT_BEFORE.parse::<Timestamp>() {
        Ok(earliest) if now < earliest => {
            Finding::fault(AREA, format!("it is {now}, says the clock"), "set it, and keep it set with NTP")
        }
        _ => Finding::ok(AREA, format!("it is {now:.0}")),
    }];
    findings.extend(beside_database(database, now.as_millisecond()));
    if let Some(skew) = server.and_then(|answer| answer.skew_ms) {
        findings.push(beside("the server", skew));
    }
    findings.push(zones());
    findings
}

fn beside_database(database: &Database, now: i64) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Database::Postgres(at) = database
        && let Ok(health) = examine::postgres(at)
    {
        findings.push(beside("PostgreSQL", health.now - Timestamp::now().as_millisecond()));
    }
    if matches!(database, Database::Sqlite(path) if !path.exists()) {
        return findings;
    }
    // By a later clock than ours.
    let ahead = examine::tables(database).ok().and_then(|tables| tables.last_heartbeat).map(|at| at - now);
    if let Some(ahead) = ahead.filter(|ahead| *ahead > MAX_SKEW_MS) {
        findings.push(Finding::warning(
            AREA,
            format!(
                "a server has written {} s ahead of it: it was put back, or that of another node is wrong",
                ahead / 1000
            ),
            "keep the clocks of all nodes set with NTP",
        ));
    }
    findings
}

fn beside(whose: &str, skew_ms: i64) -> Finding {
    match skew_ms.abs() > MAX_SKEW_MS {
        true => Finding::warning(
            AREA,
            format!(
                "that of {whose} differs by {:.1} s",
                f64::from(i32::try_from(skew_ms).unwrap_or(i32::MAX)) / 1e3
            ),
            "keep both set with NTP",
        ),
        false => Finding::ok(AREA, format!("that of {whose} agrees")),
    }
}

/// The data of time zones is built in; the machine's own zone matters to those who read logs.
fn zones() -> Finding {
    let version = jiff::tz::db().get("Europe/Berlin").map(|_| "time zones are known");
    match (version, TimeZone::try_system()) {
        (Err(e), _) => Finding::fault(AREA, format!("time zones are not known: {e}"), "install tzdata"),
        (Ok(known), Ok(zone)) => {
            let name = zone.iana_name().map_or_else(|| "a zone without a name".to_owned(), str::to_owned);
            Finding::ok(AREA, format!("{known}; that of this machine is {name}"))
        }
        (Ok(known), Err(_)) => {
            Finding::ok(AREA, format!("{known}; this machine has none set, so UTC is its own"))
        }
    }
}
