//! What the writes of one transaction make of a workflow's counters.

use crate::domain::{State, Timestamp};

/// How many more jobs of a workflow there are in each state, and when that was last changed.
#[derive(Clone, Copy, Debug)]
pub struct Shift {
    by: [i64; State::ALL.len()],
    /// The time of the last change.
    pub at: Timestamp,
}

impl Default for Shift {
    fn default() -> Self {
        Self { by: [0; State::ALL.len()], at: Timestamp::MIN }
    }
}

impl Shift {
    /// Notes `n` jobs more in a state.
    pub fn add(&mut self, state: State, n: i64) {
        self.by[state as usize] += n;
    }

    /// How many more there are in a state.
    #[must_use]
    pub fn by(&self, state: State) -> i64 {
        self.by[state as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_place() {
        for (i, state) in State::ALL.into_iter().enumerate() {
            assert_eq!(state as usize, i);
        }
    }
}
