//! What keeps pending jobs of a type from starting although a slot is free, and in what order they
//! start when that is not simply by priority and age.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{KeyPath, RateLimit};

/// What holds for the starts of a job type, beyond the slots of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Attempts at once on all nodes together.
    pub global_concurrency: Option<u32>,
    /// Attempts at once for each value of a key.
    pub per_key: Option<PerKey>,
    /// Starts in a span of time.
    pub rate_limit: Option<RateLimit>,
    /// Turns for each value of a key.
    pub fairness: Option<Fairness>,
    /// Each such span of waiting counts as one priority better.
    pub aging: Option<Duration>,
}

/// So many attempts at once, on all nodes, for each value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerKey {
    /// What tells the jobs apart.
    pub key: KeyPath,
    /// How many of one value may run.
    pub limit: u32,
}

/// Jobs of one priority start in turns, by the value of a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Fairness {
    /// What tells the jobs apart.
    pub key: KeyPath,
    /// Turns of a value for each turn of a value that is not named. The values are as people write
    /// them: a text without quotes.
    pub weights: BTreeMap<String, f64>,
}

/// The keys by which the jobs of a type are told apart, as they are kept with each job. When they
/// change, the jobs that wait are gone through.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Keys {
    /// Whether running ones are counted over all nodes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counted: bool,
    /// For [`Limits::per_key`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<KeyPath>,
    /// For [`Limits::rate_limit`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<KeyPath>,
    /// For [`Limits::fairness`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fairness: Option<KeyPath>,
}

impl Limits {
    /// Whether there is anything to look at when jobs are claimed.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The keys that are kept with each job.
    #[must_use]
    pub fn keys(&self) -> Keys {
        Keys {
            counted: self.global_concurrency.is_some() || self.per_key.is_some(),
            concurrency: self.per_key.as_ref().map(|k| k.key.clone()),
            rate: self.rate_limit.as_ref().and_then(|l| l.key.clone()),
            fairness: self.fairness.as_ref().map(|f| f.key.clone()),
        }
    }
}

impl Keys {
    /// Whether a limit may hold jobs by their value.
    #[must_use]
    pub const fn hold(&self) -> bool {
        self.concurrency.is_some() || self.rate.is_some()
    }
}

impl Fairness {
    /// The weight of a value, as [`KeyPath::of`] gives it.
    #[must_use]
    pub fn weight(&self, value: &str) -> f64 {
        let plain: Option<String> = serde_json::from_str(value).ok();
        self.weights.get(plain.as_deref().unwrap_or(value)).copied().unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_by_what_people_write() {
        let weights = [("big".to_owned(), 3.0), ("7".to_owned(), 2.0)].into();
        let fairness = Fairness { key: "args.tenant".parse().unwrap(), weights };
        assert_eq!(fairness.weight("\"big\"").to_bits(), 3.0_f64.to_bits());
        assert_eq!(fairness.weight("7").to_bits(), 2.0_f64.to_bits());
        assert_eq!(fairness.weight("\"small\"").to_bits(), 1.0_f64.to_bits());
    }
}
