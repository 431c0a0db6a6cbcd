//! Spans of time, for people.

use std::time::Duration;

use jiff::fmt::friendly::{Spacing, SpanPrinter};

/// `1h 20m 3s`; milliseconds only below ten seconds, where they mean something.
pub(super) fn show(span: Duration) -> String {
    let span = if span < Duration::from_secs(10) {
        Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    } else {
        Duration::from_secs(span.as_secs())
    };
    SpanPrinter::new().spacing(Spacing::BetweenUnits).unsigned_duration_to_string(&span)
}

/// The same, from seconds that a server gave.
pub(super) fn show_secs(secs: f64) -> String {
    Duration::try_from_secs_f64(secs).map_or_else(|_| "?".into(), show)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_as_exact_as_is_useful() {
        assert_eq!(show(Duration::from_micros(1_234_567)), "1s 234ms");
        assert_eq!(show(Duration::from_millis(4_803_900)), "1h 20m 3s");
        assert_eq!(show(Duration::ZERO), "0s");
        assert_eq!(show_secs(f64::NAN), "?");
    }
}
