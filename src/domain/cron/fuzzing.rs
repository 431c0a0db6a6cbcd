//! What is fuzzed here: see `fuzz/`.

use super::Tongue;
use crate::domain::Timestamp;
use crate::domain::schedule::Timing;

/// Two moments to begin at: the epoch, and a spring night in which clocks change.
const MOMENTS: [i64; 2] = [0, 1_900_029_600_000];

/// Reads bytes as a cron expression and, behind a line's end, a time zone; asks when it is due.
///
/// # Panics
/// When it is due in the past, or not at the time that it says.
pub fn expression(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (cron, zone) = text.split_once('\n').map_or((text, None), |(cron, zone)| (cron, Some(zone)));
    let Ok(timing) = Timing::new(Some(cron), None, zone) else { return };
    for tongue in [Tongue::English, Tongue::Russian] {
        assert!(!timing.describe(tongue).is_empty(), "{cron:?} has no words");
    }
    for now in MOMENTS.map(Timestamp::from_millis) {
        let Some(first) = timing.first(now) else { continue };
        assert!(first >= now, "{cron:?} is due at {first}, before {now}");
        if let Some(next) = timing.next(first, first) {
            assert!(next > first, "{cron:?} is due twice at {first}");
        }
        let due = timing.due_until(first, first, 3);
        assert!(due.contains(&first), "{cron:?} is due at {first}, and is not: {due:?}");
    }
}
