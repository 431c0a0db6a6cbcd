//! The states that a job has been in, as far as its times tell.

use crate::domain::{Attempt, Job, Outcome, State, Timestamp};

/// A span of time that a job spent in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Phase {
    pub state: State,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// The phases of a job that was read with its attempts, in order, from its creation to its end or
/// to now. `unblocked` is when the last of its parents ended, if it had any.
pub(super) fn phases(job: &Job, unblocked: Option<Timestamp>, now: Timestamp) -> Vec<Phase> {
    let attempts = job.attempts.as_deref().unwrap_or_default();
    let mut line = Line { at: job.created_at, end: job.completed_at.unwrap_or(now), phases: Vec::new() };
    let first = attempts.first().map_or(line.end, |attempt| attempt.started_at);
    // A later attempt has set `run_at` anew, which then says nothing about the beginning.
    let due = job.run_at.filter(|at| *at <= first || attempts.is_empty());
    for (state, until) in [(State::Blocked, unblocked), (State::Scheduled, due)] {
        if let Some(until) = until {
            line.draw(state, until.min(first));
        }
    }
    line.draw(State::Pending, first);
    for (i, attempt) in attempts.iter().enumerate() {
        line.draw(State::Running, attempt.finished_at.unwrap_or(line.end));
        let next = attempts.get(i + 1).map(|next| next.started_at);
        let is_last_wait = i + 2 >= attempts.len();
        let due = job.run_at.filter(|_| is_last_wait).filter(|_| waits(attempt));
        line.draw(after(attempt), due.unwrap_or(line.end).min(next.unwrap_or(line.end)));
        line.draw(State::Pending, next.unwrap_or(line.end));
    }
    line.phases
}

/// Phases one after the other, up to an end.
struct Line {
    at: Timestamp,
    end: Timestamp,
    phases: Vec<Phase>,
}

impl Line {
    fn draw(&mut self, state: State, until: Timestamp) {
        let to = until.min(self.end);
        if to > self.at {
            self.phases.push(Phase { state, from: self.at, to });
            self.at = to;
        }
    }
}

/// Whether what follows an attempt is a wait until a time.
fn waits(attempt: &Attempt) -> bool {
    matches!(after(attempt), State::Retrying | State::Scheduled)
}

/// The state into which an attempt leads, unless it was the last that was allowed.
fn after(attempt: &Attempt) -> State {
    match attempt.outcome {
        None => State::Running,
        Some(Outcome::Success) => State::Completed,
        Some(Outcome::Error | Outcome::Timeout) => State::Retrying,
        Some(Outcome::Fatal) => State::Failed,
        Some(Outcome::Cancelled) => State::Cancelled,
        Some(Outcome::Snoozed) => State::Scheduled,
        Some(Outcome::Lost | Outcome::Released) => State::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn job(state: &str, more: &Value) -> Job {
        let mut job = json!({
            "id": 1, "key": null, "job_type": "t", "queue": "q", "target_id": null, "state": state,
            "priority": 5, "args": {}, "tags": [], "metadata": {}, "retry_count": 0, "max_retries": 3,
            "attempt": 0, "timeout_secs": null, "unique": null, "backoff": null,
            "on_parent_failure": "cancel", "cancel_requested_at": null, "crash_count": 0,
            "progress": {"percent": 0.0, "processed": 0, "total": null, "message": null, "updated_at": null},
            "result": null, "error": null, "parent_job_id": null, "depends_on": [], "workflow_id": null,
            "name": null, "worker_id": null, "run_at": null, "created_at": at(0), "started_at": null,
            "completed_at": null,
        });
        for (name, value) in more.as_object().unwrap() {
            job[name] = value.clone();
        }
        serde_json::from_value(job).unwrap()
    }

    fn attempt(number: u32, from: i64, to: Option<i64>, outcome: Option<&str>) -> Value {
        json!({"number": number, "started_at": at(from), "finished_at": to.map(at), "outcome": outcome,
            "error": null, "worker_id": null, "duration_ms": null})
    }

    fn drawn(job: &Job, unblocked: Option<i64>) -> String {
        let phases = phases(job, unblocked.map(at), at(100));
        let secs = |t: Timestamp| t.as_millis() / 1000;
        let one = |p: &Phase| format!("{} {}-{}", p.state, secs(p.from), secs(p.to));
        phases.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_job_that_waited_for_all_there_is() {
        let runs = [attempt(1, 30, Some(40), Some("error")), attempt(2, 60, Some(70), Some("success"))];
        let done = job("completed", &json!({"attempts": runs, "run_at": at(50), "completed_at": at(70)}));
        let wanted =
            "blocked 0-20, pending 20-30, running 30-40, retrying 40-50, pending 50-60, running 60-70";
        assert_eq!(drawn(&done, Some(20)), wanted);
    }

    #[test]
    fn a_job_that_has_not_run() {
        let later = job("scheduled", &json!({"attempts": [], "run_at": at(500)}));
        assert_eq!(drawn(&later, None), "scheduled 0-100");
        let called_off = job("cancelled", &json!({"attempts": [], "run_at": at(5), "completed_at": at(9)}));
        assert_eq!(drawn(&called_off, None), "scheduled 0-5, pending 5-9");
        assert_eq!(drawn(&job("blocked", &json!({"attempts": []})), Some(100)), "blocked 0-100");
    }

    #[test]
    fn what_follows_an_attempt_is_told_by_its_end() {
        let runs = [attempt(1, 10, Some(20), Some("lost")), attempt(2, 30, None, None)];
        let runs = job("running", &json!({"attempts": runs}));
        assert_eq!(drawn(&runs, None), "pending 0-10, running 10-20, pending 20-30, running 30-100");
        let waits = job(
            "retrying",
            &json!({"attempts": [attempt(1, 10, Some(20), Some("timeout"))],
            "run_at": at(300)}),
        );
        assert_eq!(drawn(&waits, None), "pending 0-10, running 10-20, retrying 20-100");
        let again = [attempt(1, 10, Some(20), Some("fatal")), attempt(2, 50, Some(60), Some("success"))];
        let again = job("completed", &json!({"attempts": again, "completed_at": at(60)}));
        assert_eq!(drawn(&again, None), "pending 0-10, running 10-20, failed 20-50, running 50-60");
    }
}
