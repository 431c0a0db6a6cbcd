//! The queues.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::status::{all_counters, oldest_pending};
use crate::domain::Timestamp;
use crate::domain::status::{QueueInfo, no_counts};
use crate::store::schema::pauses;
use crate::store::sql::Conn;
use crate::store::verbs::settings::Pausable;

/// The names that are paused.
pub fn paused(conn: &mut Conn, what: Pausable) -> QueryResult<Vec<String>> {
    pauses::table.filter(pauses::kind.eq(what.as_str())).order(pauses::name).select(pauses::name).load(conn)
}

/// Every queue that has jobs or is paused, by name.
pub fn queues(conn: &mut Conn, now: Timestamp) -> QueryResult<Vec<QueueInfo>> {
    let paused = paused(conn, Pausable::Queue)?;
    let kept = all_counters(conn)?;
    let mut counts: BTreeMap<&str, _> = paused.iter().map(|q| (q.as_str(), no_counts())).collect();
    for (_, queue, state, n) in &kept {
        *counts.entry(queue).or_insert_with(no_counts).entry(*state).or_default() += n;
    }
    counts
        .into_iter()
        .map(|(name, counts)| {
            let oldest = oldest_pending(conn, &kept, Some(name))?;
            #[allow(clippy::cast_precision_loss)]
            let latency_secs = oldest.map_or(0.0, |at| (now.as_millis() - at).max(0) as f64 / 1000.0);
            Ok(QueueInfo {
                name: name.to_owned(),
                paused: paused.iter().any(|p| p == name),
                counts,
                latency_secs,
            })
        })
        .collect()
}
