//! How things are, as Faktory tells it.

use serde_json::{Value, json};

use super::server::Server;
use crate::domain::{State, Timestamp};
use crate::error::Error;
use crate::runtime::Callboard;

/// The version of Faktory that is spoken; clients want to see one.
const SPOKEN: &str = "1.9.0";

/// What the command INFO answers, and `/stats`.
///
/// # Errors
/// When the store fails.
pub async fn stats(callboard: &Callboard, server: &Server) -> Result<Value, Error> {
    let totals = callboard.remote_totals().await?;
    let now = callboard.clock().now();
    let size = |state: State| totals.by_state.get(&state).copied().unwrap_or_default();
    let set = |n: i64| json!({"size": n, "cycles": 0, "enqueued": 0, "wall_time_sec": 0.0});
    let enqueued: i64 = totals.queues.values().sum();
    Ok(json!({
        "now": now,
        "server_utc_time": of_day(now),
        "faktory": {
            "queues": totals.queues,
            "sets": {
                "scheduled": size(State::Scheduled),
                "retries": size(State::Retrying),
                "dead": size(State::Failed),
                "working": totals.reserved,
            },
            "tasks": {
                "Scheduled": set(size(State::Scheduled)),
                "Retries": set(size(State::Retrying)),
                "Dead": set(size(State::Failed)),
                "Busy": {"size": totals.reserved, "reaped": 0},
                "Workers": {"size": callboard.remote_workers().list().len(), "reaped": 0},
            },
            "total_failures": totals.failures,
            "total_processed": totals.processed,
            "total_enqueued": enqueued,
            "total_queues": totals.queues.len(),
        },
        "server": described(server, now),
    }))
}

/// What `/health` answers.
#[must_use]
pub fn health(callboard: &Callboard, server: &Server) -> Value {
    let now = callboard.clock().now();
    let mut server = described(server, now);
    if let Some(fields) = server.as_object_mut() {
        fields.remove("uptime");
        fields.remove("used_memory_mb");
    }
    json!({"now": now, "server": server})
}

fn described(server: &Server, now: Timestamp) -> Value {
    json!({
        "description": concat!("callboard ", env!("CARGO_PKG_VERSION")),
        "faktory_version": SPOKEN,
        "uptime": now.since(server.started_at()).as_secs(),
        "connections": server.connections(),
        "command_count": server.commands(),
        "used_memory_mb": resident_mb(),
    })
}

/// The time of day in UTC, in the one form that clients can read.
fn of_day(now: Timestamp) -> String {
    let text = now.to_string();
    let time = text.split_once('T').map_or("00:00:00", |(_, time)| time);
    format!("{} UTC", time.get(..8).unwrap_or("00:00:00"))
}

/// The memory that this process takes; 0 where the system does not tell.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kb.unwrap_or_default() / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_has_one_form() {
        assert_eq!(of_day(Timestamp::from_millis(3_661_500)), "01:01:01 UTC");
    }
}
