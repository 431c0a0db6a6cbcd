//! How long a failed job waits before it runs again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Exponential backoff with a cap and jitter.
///
/// Delay before retry n: `min(max_delay, base * multiplier^(n-1))`, then up to `jitter` of it
/// more or less.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Backoff {
    /// Seconds before the first retry.
    #[serde(default = "base")]
    #[schema(minimum = 0, maximum = 31_536_000)]
    pub base_delay_secs: f64,
    /// Each further delay is this many times the one before.
    #[serde(default = "multiplier")]
    #[schema(minimum = 1, maximum = 1000)]
    pub multiplier: f64,
    /// No delay is longer, in seconds (before jitter).
    #[serde(default = "max_delay")]
    #[schema(minimum = 0, maximum = 31_536_000)]
    pub max_delay_secs: f64,
    /// The share (0 to 1) by which a delay may be longer or shorter, so that jobs that failed
    /// together do not come back together.
    #[serde(default = "jitter")]
    #[schema(minimum = 0, maximum = 1)]
    pub jitter: f64,
}

const fn base() -> f64 {
    1.0
}
const fn multiplier() -> f64 {
    2.0
}
const fn max_delay() -> f64 {
    3600.0
}
const fn jitter() -> f64 {
    0.1
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base_delay_secs: base(),
            multiplier: multiplier(),
            max_delay_secs: max_delay(),
            jitter: jitter(),
        }
    }
}

impl Backoff {
    /// The delay before retry `n` (from 1). `luck` in 0..=1 picks the place within the jitter;
    /// 0.5 gives the plain formula.
    #[must_use]
    pub fn delay(&self, n: u32, luck: f64) -> Duration {
        let power = f64::from(n.saturating_sub(1)).min(10_000.0);
        let plain = (self.base_delay_secs * self.multiplier.powf(power)).min(self.max_delay_secs);
        let plain = if plain.is_finite() { plain } else { self.max_delay_secs };
        let spread = plain * self.jitter * (luck.clamp(0.0, 1.0) * 2.0 - 1.0);
        Duration::try_from_secs_f64((plain + spread).max(0.0)).unwrap_or(Duration::MAX)
    }

    /// What is wrong with the numbers, as (field, message); empty when all is well.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let mut within = |field, value: f64, low: f64, high: f64| {
            if !(low..=high).contains(&value) {
                faults.push((field, format!("must be from {low} to {high}, got {value}")));
            }
        };
        within("base_delay_secs", self.base_delay_secs, 0.0, 31_536_000.0);
        within("multiplier", self.multiplier, 1.0, 1000.0);
        within("max_delay_secs", self.max_delay_secs, 0.0, 31_536_000.0);
        within("jitter", self.jitter, 0.0, 1.0);
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn follows_the_formula() {
        let b = Backoff { base_delay_secs: 1.0, multiplier: 2.0, max_delay_secs: 10.0, jitter: 0.1 };
        let secs: Vec<_> = (1..=6).map(|n| b.delay(n, 0.5).as_secs_f64()).collect();
        assert_eq!(secs, [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]);
        assert!((b.delay(5, 1.0).as_secs_f64() - 11.0).abs() < 1e-9);
        assert!((b.delay(5, 0.0).as_secs_f64() - 9.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn never_panics_and_stays_within_cap_and_jitter(
            base in 0.0..1e7f64, mult in 1.0..1000.0f64, cap in 0.0..1e7f64, jit in 0.0..=1.0f64,
            n in 0u32.., luck in 0.0..=1.0f64,
        ) {
            let b = Backoff { base_delay_secs: base, multiplier: mult, max_delay_secs: cap, jitter: jit };
            prop_assert!(b.delay(n, luck).as_secs_f64() <= cap * (1.0 + jit) + 1e-6);
        }
    }
}
