//! How many attempts of a job type may start in a span of time.

use serde::{Deserialize, Serialize};

use super::KeyPath;

/// So many starts in so many seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// So many starts …
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub limit: u32,
    /// … in so many seconds.
    #[schema(exclusive_minimum = 0, maximum = 31_536_000)]
    pub per_secs: f64,
    /// For each value on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = KeyPath, required = false)]
    pub key: Option<KeyPath>,
}

impl RateLimit {
    /// What is wrong with it, as (field, message); empty when all is well.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if !(1..=1_000_000).contains(&self.limit) {
            faults.push(("limit", format!("must be from 1 to 1000000, got {}", self.limit)));
        }
        if !(self.per_secs > 0.0 && self.per_secs <= 31_536_000.0) {
            let got = self.per_secs;
            faults
                .push(("per_secs", format!("must be more than 0 and at most 31536000 (a year), got {got}")));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faulty(limit: u32, per_secs: f64) -> Vec<&'static str> {
        let limit = RateLimit { limit, per_secs, key: None };
        limit.faults().into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn names_every_wrong_field() {
        assert!(faulty(5, 0.5).is_empty());
        assert!(faulty(1_000_000, 31_536_000.0).is_empty());
        assert_eq!(faulty(0, f64::NAN), ["limit", "per_secs"]);
        assert_eq!(faulty(1_000_001, 0.0), ["limit", "per_secs"]);
        assert_eq!(faulty(1, f64::INFINITY), ["per_secs"]);
    }
}
