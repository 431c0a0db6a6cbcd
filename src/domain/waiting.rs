//! Why an unfinished job does not run.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{KeyPath, RateLimit, State, Timestamp};

/// Jobs before a waiting one are counted up to so many.
pub const COUNT_BEFORE: i64 = 1_000;

/// Why an unfinished job does not run, as everybody is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WaitingFor {
    /// The first reason that holds.
    pub reason: WaitReason,
    /// A sentence for people.
    pub detail: String,
    /// What the sentence is made from; not known of a job that was read from JSON.
    #[serde(skip)]
    pub why: Option<Why>,
}

/// The reasons, in the order in which they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// Jobs it depends on are not final.
    Parents,
    /// Its `run_at` has not come.
    Time,
    /// It waits for a signal from outside.
    Signal,
    /// It failed and waits for its next try.
    Backoff,
    /// Its job type or queue is paused.
    Paused,
    /// No worker here runs its job type.
    NoWorker,
    /// All slots of its job type are taken.
    Concurrency,
    /// Its job type may not start more just now.
    RateLimit,
    /// Other jobs stand before it.
    Behind,
}

/// A reason with what there is to know about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// These jobs, the first few, are not final. None: its workflow is part of another one, and waits
    /// there.
    Parents(Vec<(i64, State)>),
    /// It is due then.
    Time(Option<Timestamp>),
    /// It waits for this signal.
    Signal {
        /// Its name.
        name: String,
        /// Until when.
        until: Option<Timestamp>,
    },
    /// It failed.
    Backoff {
        /// How often so far.
        failures: u32,
        /// How often it may.
        allowed: u32,
        /// What it said.
        error: String,
        /// When it is tried again.
        due: Option<Timestamp>,
    },
    /// Everything is paused.
    AllPaused,
    /// This job type is paused.
    TypePaused(String),
    /// This queue is paused.
    QueuePaused(String),
    /// Nothing here runs this job type.
    NoWorker(String),
    /// Nothing here runs this job type: a worker elsewhere is to fetch it.
    NoWorkerHere {
        /// The job type.
        job_type: String,
        /// Where it is to be fetched from.
        queue: String,
    },
    /// All slots are taken.
    Concurrency {
        /// How many there are.
        slots: u32,
        /// Whose.
        job_type: String,
        /// Jobs that stand before it.
        before: i64,
    },
    /// As many run on all nodes as may.
    Everywhere {
        /// How many may.
        most: u32,
        /// Of which job type.
        job_type: String,
        /// Jobs that stand before it.
        before: i64,
    },
    /// As many with its value run as may.
    SameKey {
        /// How many may.
        most: u32,
        /// Of which job type.
        job_type: String,
        /// What tells them apart.
        key: KeyPath,
        /// Its value.
        value: String,
    },
    /// Enough have started.
    RateLimit {
        /// How many may.
        limit: RateLimit,
        /// Of which job type.
        job_type: String,
        /// When the next one may start.
        next: Timestamp,
        /// Jobs that stand before it.
        before: i64,
    },
    /// So many jobs stand before it, counted up to [`COUNT_BEFORE`].
    Behind(i64),
}

impl Why {
    /// The reason without what there is to know about it.
    #[must_use]
    pub const fn reason(&self) -> WaitReason {
        match self {
            Self::Parents(_) => WaitReason::Parents,
            Self::Time(_) => WaitReason::Time,
            Self::Signal { .. } => WaitReason::Signal,
            Self::Backoff { .. } => WaitReason::Backoff,
            Self::AllPaused | Self::TypePaused(_) | Self::QueuePaused(_) => WaitReason::Paused,
            Self::NoWorker(_) | Self::NoWorkerHere { .. } => WaitReason::NoWorker,
            Self::Concurrency { .. } | Self::Everywhere { .. } | Self::SameKey { .. } => {
                WaitReason::Concurrency
            }
            Self::RateLimit { .. } => WaitReason::RateLimit,
            Self::Behind(_) => WaitReason::Behind,
        }
    }
}

impl From<Why> for WaitingFor {
    fn from(why: Why) -> Self {
        Self { reason: why.reason(), detail: why.to_string(), why: Some(why) }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parents(open) if open.is_empty() => {
                f.write_str("the workflow that it belongs to has not had its turn yet")
            }
            Self::Parents(open) => {
                let named: Vec<_> = open.iter().map(|(id, state)| format!("job {id} ({state})")).collect();
                let verb = if open.len() == 1 { "is" } else { "are" };
                write!(f, "{} {verb} not final", named.join(", "))
            }
            Self::Time(due) => f.write_str(&until(*due)),
            Self::Signal { name, until: Some(until) } => {
                write!(f, "it waits for the signal {name:?} until {until}")
            }
            Self::Signal { name, until: None } => write!(f, "it waits for the signal {name:?}"),
            Self::Backoff { failures, allowed, error, due } => {
                write!(f, "failure {failures} of {allowed} ({error}); {}", until(*due))
            }
            Self::AllPaused => f.write_str("everything is paused"),
            Self::TypePaused(name) => write!(f, "job type {name} is paused"),
            Self::QueuePaused(name) => write!(f, "queue {name} is paused"),
            Self::NoWorker(job_type) => write!(f, "no worker here runs {job_type}"),
            Self::NoWorkerHere { job_type, queue } => {
                write!(
                    f,
                    "no worker here runs {job_type}; a remote worker has to fetch it from queue {queue}"
                )
            }
            Self::Concurrency { slots, job_type, before } => {
                write!(f, "all {slots} slots of {job_type} are taken; {}", in_line(*before))
            }
            Self::Everywhere { most, job_type, before } => {
                write!(f, "{most} of {job_type} run on all nodes, as many as may; {}", in_line(*before))
            }
            Self::SameKey { most, job_type, key, value } => {
                write!(f, "{most} of {job_type} with {key} {value} run, as many as may")
            }
            Self::RateLimit { limit, job_type, next, before } => {
                let RateLimit { limit: most, per_secs, key } = limit;
                let of = key.as_ref().map(|key| format!(" for each {key}")).unwrap_or_default();
                write!(
                    f,
                    "{job_type} may start {most} times in {per_secs} s{of}; the next start is at {next}; {}",
                    in_line(*before)
                )
            }
            Self::Behind(before) => f.write_str(&in_line(*before)),
        }
    }
}

fn until(due: Option<Timestamp>) -> String {
    due.map_or_else(|| "due now".to_owned(), |at| format!("due at {at}"))
}

fn in_line(before: i64) -> String {
    match before {
        1 => "1 job stands before it".into(),
        COUNT_BEFORE.. => format!("{COUNT_BEFORE} jobs or more stand before it"),
        n => format!("{n} jobs stand before it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_fit_their_numbers() {
        let open = |n: i64| (n, State::Running);
        for (why, sentence) in [
            (Why::Parents(vec![open(3)]), "job 3 (running) is not final"),
            (Why::Parents(vec![open(3), open(4)]), "job 3 (running), job 4 (running) are not final"),
            (Why::Behind(1), "1 job stands before it"),
            (Why::Behind(2), "2 jobs stand before it"),
            (Why::Behind(COUNT_BEFORE), "1000 jobs or more stand before it"),
            (Why::Time(None), "due now"),
        ] {
            assert_eq!(WaitingFor::from(why).detail, sentence);
        }
    }

    /// The contract of those who read `waiting_for`; signals are one of its reasons too.
    #[test]
    fn the_reference_names_all_reasons_in_their_order() {
        use WaitReason::*;
        let all = [Parents, Time, Signal, Backoff, Paused, NoWorker, Concurrency, RateLimit, Behind];
        let names = all.map(|reason| serde_json::to_string(&reason).unwrap().replace('"', "`")).join(", ");
        let page =
            include_str!("../../docs/reference/http.md").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(page.contains(&names), "{names}");
    }

    #[test]
    fn callers_are_told_the_reason_and_the_sentence_alone() {
        let told = serde_json::to_value(WaitingFor::from(Why::QueuePaused("q".into()))).unwrap();
        assert_eq!(told, serde_json::json!({"reason": "paused", "detail": "queue q is paused"}));
        let read: WaitingFor = serde_json::from_value(told).unwrap();
        assert_eq!((read.reason, read.why), (WaitReason::Paused, None));
    }
}
