//! What may be done to a store, made up at random.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::job::{Rule, Word};

/// A job to be made; parents are places in the list of all jobs ever made.
#[derive(Clone, Debug)]
pub struct New {
    pub job_type: usize,
    pub queue: usize,
    pub priority: u8,
    pub key: Option<usize>,
    pub target: Option<usize>,
    pub rule: Rule,
    pub parents: Vec<Index>,
    pub runs_anyway: bool,
    pub delay: Option<i64>,
    pub max_retries: u32,
}

/// One step.
#[derive(Clone, Debug)]
pub enum Operation {
    Enqueue(New),
    Claim {
        job_type: usize,
        n: usize,
    },
    /// Ends one of all claims ever given out, so mostly a stale one after a while; `fresh` picks
    /// among those that hold.
    Finish {
        fresh: bool,
        which: Index,
        outcome: Word,
    },
    Lose {
        fresh: bool,
        which: Index,
    },
    Cancel(Index),
    Retry(Index),
    Patch {
        which: Index,
        priority: Option<u8>,
        queue: Option<usize>,
        delay: Option<Option<i64>>,
    },
    Delete(Index),
    Pause {
        queue: bool,
        name: usize,
        paused: bool,
    },
    Pass(i64),
    Promote {
        limit: usize,
    },
}

fn any_new() -> impl Strategy<Value = New> {
    let rules = vec![Rule::Return, Rule::Return, Rule::Refuse, Rule::Replace, Rule::WhilePending, Rule::Off];
    let rare = |n: usize| proptest::option::weighted(0.3, 0..n);
    let parents = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(any::<Index>(), 1..4)];
    let delay = proptest::option::weighted(0.3, -5..20_i64);
    (
        (0..2_usize, 0..2_usize, 1..=3_u8),
        (rare(4), rare(2), select(rules)),
        (parents, any::<bool>()),
        (delay, 0..3_u32),
    )
        .prop_map(|(what, which, family, time)| New {
            job_type: what.0,
            queue: what.1,
            priority: what.2,
            key: which.0,
            target: which.1,
            rule: which.2,
            parents: family.0,
            runs_anyway: family.1,
            delay: time.0,
            max_retries: time.1,
        })
}

pub fn any_operation() -> impl Strategy<Value = Operation> {
    let outcomes =
        ["success", "success", "error", "error", "fatal", "timeout", "snoozed", "cancelled", "released"];
    let fresh = || prop_oneof![4 => Just(true), 1 => Just(false)];
    let finish = (fresh(), any::<Index>(), select(outcomes.to_vec()));
    let change = (
        any::<Index>(),
        proptest::option::of(1..=3_u8),
        proptest::option::of(0..2_usize),
        proptest::option::of(proptest::option::of(-5..20_i64)),
    );
    prop_oneof![
        8 => any_new().prop_map(Operation::Enqueue),
        6 => (0..2_usize, 1..4_usize).prop_map(|(job_type, n)| Operation::Claim { job_type, n }),
        8 => finish.prop_map(|(fresh, which, outcome)| Operation::Finish { fresh, which, outcome }),
        3 => (fresh(), any::<Index>()).prop_map(|(fresh, which)| Operation::Lose { fresh, which }),
        3 => any::<Index>().prop_map(Operation::Cancel),
        3 => any::<Index>().prop_map(Operation::Retry),
        2 => change.prop_map(|(which, priority, queue, delay)| Operation::Patch { which, priority, queue, delay }),
        2 => any::<Index>().prop_map(Operation::Delete),
        1 => (any::<bool>(), 0..2_usize, any::<bool>())
            .prop_map(|(queue, name, paused)| Operation::Pause { queue, name, paused }),
        3 => (1..12_i64).prop_map(Operation::Pass),
        3 => (1..4_usize).prop_map(|limit| Operation::Promote { limit }),
    ]
}
