//! The life of a job, written once. The SQL guards of the store, `docs/lifecycle.md` and the
//! property tests are all made from [`TABLE`]; no other place decides which move is allowed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a job is in its life.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for its time.
    Scheduled,
    /// Waits for other jobs.
    Blocked,
    /// May run now.
    Pending,
    /// Runs.
    Running,
    /// Failed and waits for its backoff.
    Retrying,
    /// Done.
    Completed,
    /// Retries used up, or failed for good: the dead letters.
    Failed,
    /// Called off.
    Cancelled,
}

use State::{Blocked, Cancelled, Completed, Failed, Pending, Retrying, Running, Scheduled};

impl State {
    /// Every state, in the order of a job's life.
    pub const ALL: [Self; 8] = [Scheduled, Blocked, Pending, Running, Retrying, Completed, Failed, Cancelled];
    /// The states that a job does not leave by itself.
    pub const FINAL: [Self; 3] = [Completed, Failed, Cancelled];
    /// The states of a job whose end is still to come.
    pub const UNFINISHED: [Self; 5] = [Scheduled, Blocked, Pending, Running, Retrying];
    /// The states that end when their time has come.
    pub const TIMED: [Self; 2] = [Scheduled, Retrying];

    /// The word that users, the database and the API know it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheduled => "scheduled",
            Blocked => "blocked",
            Pending => "pending",
            Running => "running",
            Retrying => "retrying",
            Completed => "completed",
            Failed => "failed",
            Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens to a job in this state unless somebody asks for it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Completed | Failed | Cancelled)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == s)
            .ok_or_else(|| format!("{s:?} is not one of {}", words(&Self::ALL)))
    }
}

fn words(states: &[State]) -> String {
    states.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ")
}

/// What can happen to a job that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Move {
    /// Its `run_at` has come.
    Due,
    /// Its `run_at` was changed by hand.
    Reschedule,
    /// Its last parent is final and all is well.
    Unblock,
    /// A parent failed or was cancelled and the policy is `cancel`.
    ParentFailed,
    /// A worker took it.
    Claim,
    /// The attempt succeeded.
    Succeed,
    /// The attempt failed and retries are left.
    FailAgain,
    /// The attempt failed with no retries left, or for good.
    FailForGood,
    /// The worker asked to be called again later.
    Snooze,
    /// The signal came that the job waits for.
    Signal,
    /// Shutdown took the attempt back.
    Release,
    /// The process that ran it died.
    Lose,
    /// The process that ran it died, once too often.
    Quarantine,
    /// Somebody asked for a running job to be called off: it goes on running until it has stopped.
    AskCancel,
    /// A running job that was asked to stop has stopped.
    Stop,
    /// It was called off while nothing ran.
    Cancel,
    /// A client of the Faktory Work Protocol gave it up while it waited.
    Kill,
    /// Somebody asked for another go.
    Retry,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    /// What happens.
    pub event: Move,
    /// The states in which it may happen.
    pub from: &'static [State],
    /// The states it may lead to.
    pub to: &'static [State],
    /// For `docs/lifecycle.md`: when.
    pub when: &'static str,
    /// For `docs/lifecycle.md`: what is written besides the state.
    pub writes: &'static str,
}

/// The states in which a new job may be stored.
pub const NEW: &[State] = &[Pending, Scheduled, Blocked, Cancelled];

/// Every move that a stored job may make.
pub const TABLE: &[Transition] = &[
    Transition {
        event: Move::Due,
        from: &[Scheduled, Retrying],
        to: &[Pending],
        when: "`run_at` has come",
        writes: "nothing",
    },
    Transition {
        event: Move::Reschedule,
        from: &[Pending, Scheduled],
        to: &[Pending, Scheduled],
        when: "`run_at` was changed by PATCH",
        writes: "run_at",
    },
    Transition {
        event: Move::Unblock,
        from: &[Blocked],
        to: &[Pending, Scheduled],
        when: "the last parent is final: all completed, or the policy is `run`",
        writes: "nothing",
    },
    Transition {
        event: Move::ParentFailed,
        from: &[Blocked],
        to: &[Cancelled],
        when: "a parent failed or was cancelled and the policy is `cancel`",
        writes: "error, completed_at",
    },
    Transition {
        event: Move::Claim,
        from: &[Pending],
        to: &[Running],
        when: "a worker has a free slot",
        writes: "attempt + 1, started_at, node, worker_id; progress cleared",
    },
    Transition {
        event: Move::Succeed,
        from: &[Running],
        to: &[Completed],
        when: "the worker succeeded; a cancel that was asked for first wins",
        writes: "result, completed_at, crash_count 0, an attempt row",
    },
    Transition {
        event: Move::FailAgain,
        from: &[Running],
        to: &[Retrying],
        when: "error or timeout, retries left",
        writes: "retry_count + 1, error, run_at, an attempt row",
    },
    Transition {
        event: Move::FailForGood,
        from: &[Running],
        to: &[Failed],
        when: "error or timeout with no retries left, or a fatal error",
        writes: "error, completed_at, an attempt row",
    },
    Transition {
        event: Move::Snooze,
        from: &[Running],
        to: &[Scheduled],
        when: "the worker asked to be called again later, or waits for a signal until then",
        writes: "run_at, an attempt row",
    },
    Transition {
        event: Move::Signal,
        from: &[Scheduled],
        to: &[Pending],
        when: "the signal came for which its last attempt ended",
        writes: "run_at",
    },
    Transition {
        event: Move::Release,
        from: &[Running],
        to: &[Pending],
        when: "shutdown took it back, or nobody in its living process worked on it",
        writes: "an attempt row",
    },
    Transition {
        event: Move::Lose,
        from: &[Running],
        to: &[Pending],
        when: "its node died",
        writes: "crash_count + 1, an attempt row",
    },
    Transition {
        event: Move::Quarantine,
        from: &[Running],
        to: &[Failed],
        when: "its node died and crash_count reaches `max_crashes`",
        writes: "crash_count + 1, error begins with `quarantined:`, completed_at, an attempt row",
    },
    Transition {
        event: Move::AskCancel,
        from: &[Running],
        to: &[Running],
        when: "cancel asked for",
        writes: "cancel_requested_at",
    },
    Transition {
        event: Move::Stop,
        from: &[Running],
        to: &[Cancelled],
        when: "cancel was asked for and the worker has stopped, whatever its exit, or its node died",
        writes: "error, completed_at, an attempt row",
    },
    Transition {
        event: Move::Cancel,
        from: &[Scheduled, Blocked, Pending, Retrying],
        to: &[Cancelled],
        when: "cancel",
        writes: "cancel_requested_at, completed_at",
    },
    Transition {
        event: Move::Kill,
        from: &[Scheduled, Retrying],
        to: &[Failed],
        when: "a client of the Faktory Work Protocol gave it up (`MUTATE kill`)",
        writes: "error if there is none, completed_at",
    },
    Transition {
        event: Move::Retry,
        from: &[Failed, Cancelled, Completed, Retrying],
        to: &[Pending, Blocked],
        when: "retry by hand; blocked while parents are not final",
        writes: "retry_count 0, crash_count 0, run_at, completed_at and cancel_requested_at cleared",
    },
];

/// The row for a move. Every move has exactly one (a test says so).
#[must_use]
pub fn rule(event: Move) -> &'static Transition {
    TABLE.iter().find(|t| t.event == event).unwrap_or(&TABLE[0])
}

/// Whether `event` may take a job from `from` to `to`.
#[must_use]
pub fn allows(event: Move, from: State, to: State) -> bool {
    let rule = rule(event);
    rule.from.contains(&from) && rule.to.contains(&to)
}

/// The states as a list of SQL literals, e.g. `'failed','cancelled'`. Literals, because SQLite
/// matches a partial index only when the query shows the same constant.
#[must_use]
pub fn sql_list(states: &[State]) -> String {
    states.iter().map(|s| format!("'{s}'")).collect::<Vec<_>>().join(",")
}

/// The guard of a move as SQL: `state IN ('pending')`.
#[must_use]
pub fn sql_guard(event: Move) -> String {
    sql_in(rule(event).from)
}

/// `state = 'x'` or `state IN ('x','y')`.
#[must_use]
pub fn sql_in(states: &[State]) -> String {
    match states {
        [one] => format!("state = '{one}'"),
        many => format!("state IN ({})", sql_list(many)),
    }
}

/// The text of `docs/lifecycle.md`.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(
        "# The life of a job\n\n\
         This page is made from `src/domain/lifecycle.rs`; a test keeps the two alike \
         (`UPDATE_DOCS=1 cargo test --test lifecycle` writes it anew).\n\n\
         A new job is stored as ",
    );
    let new: Vec<_> = NEW.iter().map(|s| format!("`{s}`")).collect();
    text += &new.join(", ");
    text += ".\nFinal states: ";
    let last: Vec<_> = State::FINAL.iter().map(|s| format!("`{s}`")).collect();
    text += &last.join(", ");
    text += ". Anything that is not in this table is refused, and every write that ends or changes \
             an attempt names its claim (job, attempt, node): one by anybody else changes nothing.\n\n\
             | move | from | to | when | writes besides the state |\n|---|---|---|---|---|\n";
    for t in TABLE {
        text +=
            &format!("| {:?} | {} | {} | {} | {} |\n", t.event, words(t.from), words(t.to), t.when, t.writes);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_move_has_one_row() {
        let seen: BTreeSet<_> = TABLE.iter().map(|t| t.event).collect();
        assert_eq!(seen.len(), TABLE.len());
        for t in TABLE {
            assert_eq!(rule(t.event).event, t.event);
        }
    }

    #[test]
    fn only_a_retry_by_hand_leaves_a_final_state() {
        for t in TABLE.iter().filter(|t| t.event != Move::Retry) {
            assert!(t.from.iter().all(|s| !s.is_final()), "{:?}", t.event);
        }
    }

    #[test]
    fn every_state_can_be_reached_and_every_unfinished_one_left() {
        for state in State::ALL {
            assert!(NEW.contains(&state) || TABLE.iter().any(|t| t.to.contains(&state)));
            if !state.is_final() {
                assert!(TABLE.iter().any(|t| t.from.contains(&state)), "{state}");
            }
        }
    }

    #[test]
    fn no_state_is_part_of_another() {
        // Uniqueness looks states up in a comma-joined list by substring.
        for a in State::ALL {
            for b in State::ALL {
                assert!(a == b || !a.as_str().contains(b.as_str()));
            }
        }
    }
}
