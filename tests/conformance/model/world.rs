//! The model: what the contract says happens. Slow, plain, in memory.

use std::collections::BTreeSet;

use super::job::{ModelJob, Rule, Word};

/// The contract's default: so many deaths in a row are enough.
pub const MAX_CRASHES: u32 = 3;
/// How long the model's workers snooze, in seconds.
pub const SNOOZE: i64 = 7;

/// Everything that is stored.
#[derive(Debug, Default)]
pub struct World {
    pub now: i64,
    pub jobs: Vec<ModelJob>,
    pub paused_types: BTreeSet<usize>,
    pub paused_queues: BTreeSet<usize>,
}

/// What became of an enqueue.
#[derive(Debug, PartialEq)]
pub enum Enqueued {
    New,
    Duplicate(i64),
    Refused,
}

impl World {
    pub fn job(&self, id: i64) -> Option<&ModelJob> {
        self.jobs.iter().find(|job| job.id == id)
    }

    fn job_mut(&mut self, id: i64) -> &mut ModelJob {
        self.jobs.iter_mut().find(|job| job.id == id).expect("a job of the model")
    }

    fn due_later(&self, run_at: Option<i64>) -> bool {
        run_at.is_some_and(|at| at > self.now)
    }

    /// `new` has its state still to come.
    pub fn enqueue(&mut self, mut new: ModelJob) -> Enqueued {
        if let Some(there) = self.jobs.iter().find(|job| new.key.is_some() && job.key == new.key) {
            return Enqueued::Duplicate(there.id);
        }
        let unique = new.target.is_some() && new.rule != Rule::Off;
        let holder = self.jobs.iter().find(|job| unique && job.is_like(&new) && job.holds_in(job.state));
        if let Some(id) = holder.map(|job| job.id) {
            return self.meet(id, &new);
        }
        if new.parents.iter().any(|id| self.job(*id).is_none()) {
            return Enqueued::Refused;
        }
        let parents: Vec<&ModelJob> = new.parents.iter().filter_map(|id| self.job(*id)).collect();
        let broken = parents.iter().any(|p| p.state == "failed" || p.state == "cancelled");
        new.state = if broken && !new.runs_anyway {
            "cancelled"
        } else if parents.iter().any(|p| !p.is_final()) {
            "blocked"
        } else if self.due_later(new.run_at) {
            "scheduled"
        } else {
            "pending"
        };
        self.jobs.push(new);
        Enqueued::New
    }

    fn meet(&mut self, id: i64, new: &ModelJob) -> Enqueued {
        match new.rule {
            Rule::Refuse => return Enqueued::Refused,
            Rule::Replace if self.job(id).is_some_and(|job| job.state != "running") => {
                let job = self.job_mut(id);
                job.max_retries = new.max_retries;
                job.priority = new.priority;
                job.queue = new.queue;
                self.reschedule(id, new.run_at);
            }
            _ => {}
        }
        Enqueued::Duplicate(id)
    }

    fn reschedule(&mut self, id: i64, run_at: Option<i64>) {
        let (now, later) = (self.now, self.due_later(run_at));
        let job = self.job_mut(id);
        job.run_at = run_at;
        match job.state {
            "pending" if later => job.state = "scheduled",
            "scheduled" if !later => job.state = "pending",
            // A retry without a time is due now.
            "retrying" => job.run_at = run_at.or(Some(now)),
            _ => {}
        }
    }

    /// The jobs that start, in order.
    pub fn claim(&mut self, job_type: usize, n: usize) -> Vec<i64> {
        if self.paused_types.contains(&job_type) {
            return Vec::new();
        }
        let open = |job: &&ModelJob| {
            job.state == "pending" && job.job_type == job_type && !self.paused_queues.contains(&job.queue)
        };
        let mut heads: Vec<(u8, i64)> =
            self.jobs.iter().filter(open).map(|job| (job.priority, job.id)).collect();
        heads.sort_unstable();
        heads.truncate(n);
        for (_, id) in &heads {
            self.job_mut(*id).state = "running";
        }
        heads.into_iter().map(|(_, id)| id).collect()
    }

    fn holds(&self, (id, attempt): (i64, u32)) -> bool {
        self.job(id).is_some_and(|job| job.state == "running" && job.attempt() == attempt)
    }

    /// Ends an attempt; the job's state, or nothing when the claim is stale.
    pub fn finish(&mut self, claim: (i64, u32), outcome: Word) -> Option<Word> {
        if !self.holds(claim) {
            return None;
        }
        let now = self.now;
        let job = self.job_mut(claim.0);
        let (state, outcome) = match outcome {
            _ if job.cancel_asked => ("cancelled", "cancelled"),
            "success" => {
                job.crash_count = 0;
                ("completed", outcome)
            }
            "error" | "timeout" if job.retry_count < job.max_retries => {
                job.retry_count += 1;
                job.run_at = Some(now + (1 << (job.retry_count - 1)));
                ("retrying", outcome)
            }
            "error" | "timeout" | "fatal" => ("failed", outcome),
            "snoozed" => {
                job.run_at = Some(now + SNOOZE);
                ("scheduled", outcome)
            }
            "released" => ("pending", outcome),
            _ => ("cancelled", outcome),
        };
        self.end(claim.0, state, outcome);
        Some(state)
    }

    /// The process died.
    pub fn lose(&mut self, claim: (i64, u32)) -> Option<Word> {
        if !self.holds(claim) {
            return None;
        }
        let job = self.job_mut(claim.0);
        job.crash_count += 1;
        let state = match () {
            () if job.cancel_asked => "cancelled",
            () if job.crash_count >= MAX_CRASHES => "failed",
            () => "pending",
        };
        self.end(claim.0, state, "lost");
        Some(state)
    }

    fn end(&mut self, id: i64, state: Word, outcome: Word) {
        let job = self.job_mut(id);
        job.ended.push(outcome);
        job.state = state;
        if job.is_final() {
            self.parent_ended(id);
        }
    }

    fn parent_ended(&mut self, parent: i64) {
        let well = self.job(parent).is_some_and(|job| job.state == "completed");
        let waiting = |job: &&ModelJob| job.state == "blocked" && job.parents.contains(&parent);
        let children: Vec<i64> = self.jobs.iter().filter(waiting).map(|job| job.id).collect();
        for id in children {
            let open = self.open_parents(id);
            let run_at = self.job(id).and_then(|job| job.run_at);
            let later = self.due_later(run_at);
            let job = self.job_mut(id);
            if !well && !job.runs_anyway {
                job.state = "cancelled";
                self.parent_ended(id);
            } else if !open {
                job.state = if later { "scheduled" } else { "pending" };
            }
        }
    }

    fn open_parents(&self, id: i64) -> bool {
        let parents = self.job(id).map(|job| job.parents.clone()).unwrap_or_default();
        parents.iter().filter_map(|id| self.job(*id)).any(|parent| !parent.is_final())
    }

    /// Whether it was cancelled at once; nothing when that is refused.
    pub fn cancel(&mut self, id: i64) -> Option<bool> {
        let job = self.job(id).filter(|job| !job.is_final())?;
        let at_once = job.state != "running";
        self.job_mut(id).cancel_asked = true;
        if at_once {
            self.job_mut(id).state = "cancelled";
            self.parent_ended(id);
        }
        Some(at_once)
    }

    pub fn retry(&mut self, id: i64) -> Option<Word> {
        let job = self.job(id)?;
        if !job.is_final() && job.state != "retrying" {
            return None;
        }
        let state = if self.open_parents(id) { "blocked" } else { "pending" };
        let rival = |other: &ModelJob| other.id != id && other.is_like(job) && other.holds_in(other.state);
        if job.holds_in(state) && self.jobs.iter().any(rival) {
            return None;
        }
        let now = self.now;
        let job = self.job_mut(id);
        job.state = state;
        (job.retry_count, job.crash_count, job.cancel_asked) = (0, 0, false);
        job.run_at = Some(now);
        Some(state)
    }

    /// Whether it was allowed.
    pub fn patch(
        &mut self,
        id: i64,
        priority: Option<u8>,
        queue: Option<usize>,
        run_at: Option<Option<i64>>,
    ) -> bool {
        if self.job(id).is_none_or(|job| job.is_final() || job.state == "running") {
            return false;
        }
        let job = self.job_mut(id);
        job.priority = priority.unwrap_or(job.priority);
        job.queue = queue.unwrap_or(job.queue);
        if let Some(run_at) = run_at {
            self.reschedule(id, run_at);
        }
        true
    }

    /// Whether it is gone.
    pub fn delete(&mut self, id: i64) -> bool {
        let wanted = self.jobs.iter().any(|child| !child.is_final() && child.parents.contains(&id));
        let goes = !wanted && self.job(id).is_some_and(ModelJob::is_final);
        self.jobs.retain(|job| !(goes && job.id == id));
        goes
    }

    /// How many were promoted, and when the next one is due.
    pub fn promote(&mut self, limit: usize) -> (usize, Option<i64>) {
        let timed = |job: &&ModelJob| job.state == "scheduled" || job.state == "retrying";
        let mut waiting: Vec<(i64, i64)> =
            self.jobs.iter().filter(timed).map(|job| (job.run_at.expect("a time"), job.id)).collect();
        waiting.sort_unstable();
        let due = waiting.iter().filter(|(at, _)| *at <= self.now).count().min(limit);
        for (_, id) in &waiting[..due] {
            self.job_mut(*id).state = "pending";
        }
        (due, waiting.get(due).map(|(at, _)| *at))
    }
}
