//! Why a job does not run, in the visitor's words.

use super::ui::Ui;
use crate::domain::waiting::COUNT_BEFORE;
use crate::domain::{State, Timestamp, WaitReason, WaitingFor, Why};

/// The reason, and what there is to know about it.
pub(super) struct Waits {
    pub reason: String,
    pub sentence: String,
    /// The time with which the sentence ends.
    pub until: Option<Timestamp>,
    /// The jobs that it waits for.
    pub parents: Vec<(i64, State)>,
    /// The signal that it waits for.
    pub signal: Option<String>,
    /// How many jobs stand before it.
    pub before: Option<String>,
}

impl Waits {
    pub(super) fn of(ui: &Ui, waiting: &WaitingFor) -> Self {
        let plain = Self {
            reason: ui.t(heading(waiting.reason)),
            sentence: String::new(),
            until: None,
            parents: Vec::new(),
            signal: None,
            before: None,
        };
        let Some(why) = &waiting.why else { return Self { sentence: waiting.detail.clone(), ..plain } };
        match why {
            Why::Parents(open) => Self { parents: open.clone(), ..plain },
            Why::Time(due) => Self { sentence: ui.t("why-time"), until: *due, ..plain },
            Why::Signal { name, until } => Self {
                sentence: ui.s("why-signal", name),
                until: *until,
                signal: Some(name.clone()),
                ..plain
            },
            Why::Backoff { failures, allowed, due, .. } => {
                let numbers = [("n", (*failures).into()), ("of", (*allowed).into())];
                Self { sentence: ui.about("why-backoff", &numbers, &[]), until: *due, ..plain }
            }
            Why::AllPaused => Self { sentence: ui.t("why-all-paused"), ..plain },
            Why::TypePaused(name) => Self { sentence: ui.s("why-type-paused", name), ..plain },
            Why::QueuePaused(name) => Self { sentence: ui.s("why-queue-paused", name), ..plain },
            Why::NoWorker(name) => Self { sentence: ui.s("why-no-worker", name), ..plain },
            Why::NoWorkerHere { job_type, queue } => {
                let texts = [("x", job_type.as_str()), ("queue", queue)];
                Self { sentence: ui.about("why-no-worker-here", &[], &texts), ..plain }
            }
            Why::Concurrency { slots, job_type, before } => {
                let sentence = ui.about("why-concurrency", &[("n", (*slots).into())], &[("x", job_type)]);
                Self { sentence, before: in_line(ui, *before), ..plain }
            }
            Why::Everywhere { most, job_type, before } => {
                let sentence = ui.about("why-everywhere", &[("n", (*most).into())], &[("x", job_type)]);
                Self { sentence, before: in_line(ui, *before), ..plain }
            }
            Why::SameKey { most, job_type, key, value } => {
                let texts = [("x", job_type.as_str()), ("key", &key.to_string()), ("value", value)];
                Self { sentence: ui.about("why-same-key", &[("n", (*most).into())], &texts), ..plain }
            }
            Why::RateLimit { limit, job_type, next, before } => {
                let key = limit.key.as_ref().map(ToString::to_string).unwrap_or_default();
                let per = ui.took_secs(limit.per_secs);
                let texts = [("x", job_type.as_str()), ("per", &per), ("key", &key)];
                let id = if limit.key.is_some() { "why-rate-limit-key" } else { "why-rate-limit" };
                let sentence = ui.about(id, &[("n", limit.limit.into())], &texts);
                Self { sentence, until: Some(*next), before: in_line(ui, *before), ..plain }
            }
            Why::Behind(before) => Self { sentence: in_line(ui, *before).unwrap_or_default(), ..plain },
        }
    }
}

fn in_line(ui: &Ui, before: i64) -> Option<String> {
    let id = if before >= COUNT_BEFORE { "why-behind-many" } else { "why-behind" };
    (before > 0).then(|| ui.n(id, before))
}

const fn heading(reason: WaitReason) -> &'static str {
    match reason {
        WaitReason::Parents => "wait-parents",
        WaitReason::Time => "wait-time",
        WaitReason::Signal => "wait-signal",
        WaitReason::Backoff => "wait-backoff",
        WaitReason::Paused => "wait-paused",
        WaitReason::NoWorker => "wait-no-worker",
        WaitReason::Concurrency => "wait-concurrency",
        WaitReason::RateLimit => "wait-rate-limit",
        WaitReason::Behind => "wait-behind",
    }
}
