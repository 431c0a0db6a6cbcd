//! Does the same to the store and to the model, and compares after each step.

use std::time::Duration;

use callboard::domain::unique::UniqueRule;
use callboard::domain::{Claim, JobPatch, NewJob, OnConflict, OnParentFailure, State, Unique, Verdict};
use callboard::store::verbs::settings::{Pausable, pause};
use callboard::store::{StoreError, StoreResult};
use proptest::collection::vec;
use proptest::sample::Index;

use super::job::{ModelJob, Rule, Word};
use super::operation::{New, Operation, any_operation};
use super::world::{Enqueued, SNOOZE, World};
use crate::support::{NODE, TestStore, at, block_on, error, for_all, property_on_every_database};

const TYPES: [&str; 2] = ["t", "u"];
const QUEUES: [&str; 2] = ["default", "q"];

/// The two, side by side.
struct Twin {
    store: TestStore,
    model: World,
    /// Every id and every claim that was ever given out.
    ids: Vec<i64>,
    claims: Vec<(i64, u32)>,
}

/// What the store answered, with a refusal as nothing; anything else that fails is a fault.
fn answered<T>(answer: StoreResult<T>) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(StoreError::Refused(_)) => None,
        Err(other) => panic!("{other}"),
    }
}

fn word(state: State) -> Word {
    state.as_str()
}

fn picked<T: Copy>(from: &[T], index: &Index) -> Option<T> {
    (!from.is_empty()).then(|| *index.get(from))
}

impl Twin {
    fn new(store: TestStore) -> Self {
        let now = store.now().as_millis() / 1000;
        let model = World { now, ..World::default() };
        Self { store, model, ids: Vec::new(), claims: Vec::new() }
    }

    async fn step(&mut self, operation: &Operation) {
        match operation {
            Operation::Enqueue(new) => self.enqueue(new).await,
            Operation::Claim { job_type, n } => self.claim(*job_type, *n).await,
            Operation::Finish { fresh, which, outcome } => self.finish(*fresh, which, outcome).await,
            Operation::Lose { fresh, which } => self.lose(*fresh, which).await,
            Operation::Cancel(which) => {
                let Some(id) = picked(&self.ids, which) else { return };
                assert_eq!(answered(self.store.cancel(id).await), self.model.cancel(id));
            }
            Operation::Retry(which) => {
                let Some(id) = picked(&self.ids, which) else { return };
                assert_eq!(answered(self.store.retry(id).await).map(word), self.model.retry(id));
            }
            Operation::Patch { which, priority, queue, delay } => {
                self.patch(which, *priority, *queue, *delay).await;
            }
            Operation::Delete(which) => {
                let Some(id) = picked(&self.ids, which) else { return };
                assert_eq!(!self.store.delete(&[id]).await.is_empty(), self.model.delete(id));
            }
            Operation::Pause { queue, name, paused } => self.pause(*queue, *name, *paused).await,
            Operation::Pass(secs) => {
                self.store.pass(*secs);
                self.model.now += secs;
            }
            Operation::Promote { limit } => {
                let got = self.store.promote(*limit).await;
                assert_eq!((got.jobs, got.next), {
                    let (jobs, next) = self.model.promote(*limit);
                    (jobs, next.map(at))
                });
            }
        }
    }

    async fn enqueue(&mut self, new: &New) {
        let mut parents: Vec<i64> = new.parents.iter().filter_map(|p| picked(&self.ids, p)).collect();
        let job = to_store(new, &parents, self.model.now);
        parents.sort_unstable();
        parents.dedup();
        let stored = answered(self.store.try_enqueue(job).await);
        let id = stored.map_or(0, |stored| stored.id);
        let expected = self.model.enqueue(to_model(new, id, parents, self.model.now));
        match (&expected, stored) {
            (Enqueued::New, Some(stored)) => {
                assert!(
                    !stored.duplicate && self.ids.last().is_none_or(|last| *last < id),
                    "a new, higher id"
                );
                assert_eq!(Some(word(stored.state)), self.model.job(id).map(|job| job.state));
                self.ids.push(id);
            }
            (Enqueued::Duplicate(there), Some(stored)) => {
                assert_eq!((stored.id, stored.duplicate), (*there, true));
            }
            (Enqueued::Refused, None) => {}
            _ => panic!("the store answered {stored:?} and the model {expected:?}"),
        }
    }

    async fn claim(&mut self, job_type: usize, n: usize) {
        let jobs = self.store.claim(TYPES[job_type], n).await;
        let ids: Vec<i64> = jobs.iter().map(|job| job.id).collect();
        assert_eq!(ids, self.model.claim(job_type, n));
        self.claims.extend(jobs.iter().map(|job| (job.id, job.attempt)));
    }

    fn pick_claim(&self, fresh: bool, which: &Index) -> Option<(i64, u32)> {
        let running = self.model.jobs.iter().filter(|job| job.state == "running");
        let held: Vec<_> = running.map(|job| (job.id, job.attempt())).collect();
        picked(if fresh { &held } else { &self.claims }, which)
    }

    async fn finish(&mut self, fresh: bool, which: &Index, outcome: Word) {
        let Some(claim) = self.pick_claim(fresh, which) else { return };
        let got = self.store.finish(to_claim(claim), verdict(outcome)).await;
        assert_eq!(got.map(word), self.model.finish(claim, outcome));
    }

    async fn lose(&mut self, fresh: bool, which: &Index) {
        let Some(claim) = self.pick_claim(fresh, which) else { return };
        assert_eq!(self.store.lose(to_claim(claim)).await.map(word), self.model.lose(claim));
    }

    async fn patch(
        &mut self,
        which: &Index,
        priority: Option<u8>,
        queue: Option<usize>,
        delay: Option<Option<i64>>,
    ) {
        let Some(id) = picked(&self.ids, which) else { return };
        let run_at = delay.map(|delay| delay.map(|secs| self.model.now + secs));
        let change = JobPatch {
            priority,
            queue: queue.map(|q| QUEUES[q].to_owned()),
            run_at: run_at.map(|time| time.map(at)),
            ..JobPatch::default()
        };
        let allowed = answered(self.store.patch(id, change).await).is_some();
        assert_eq!(allowed, self.model.patch(id, priority, queue, run_at));
    }

    async fn pause(&mut self, queue: bool, name: usize, paused: bool) {
        let (what, word, set) = if queue {
            (Pausable::Queue, QUEUES[name], &mut self.model.paused_queues)
        } else {
            (Pausable::JobType, TYPES[name], &mut self.model.paused_types)
        };
        let now = self.store.now();
        self.store.store.write(move |tx| pause(tx, what, word, paused, now)).await.unwrap();
        if paused {
            set.insert(name)
        } else {
            set.remove(&name)
        };
    }

    /// Every job, every attempt, and the books.
    async fn compare(&self) {
        let picture = self.store.picture().await;
        picture.audit();
        let mut expected: Vec<&ModelJob> = self.model.jobs.iter().collect();
        expected.sort_by_key(|job| job.id);
        assert_eq!(picture.jobs.len(), expected.len(), "number of jobs");
        for (row, job) in picture.jobs.iter().zip(expected) {
            let ended: Vec<&str> =
                picture.attempts.iter().filter(|a| a.0 == row.id).map(|a| a.4.as_str()).collect();
            let got = (row.id, row.state.as_str(), row.attempt, row.queue.as_str(), row.priority, ended);
            let attempt = i32::try_from(job.attempt()).unwrap();
            let queue = QUEUES[job.queue];
            assert_eq!(got, (job.id, job.state, attempt, queue, i32::from(job.priority), job.ended.clone()));
            let got = (row.retry_count, row.max_retries, row.crash_count);
            let counts =
                [job.retry_count, job.max_retries, job.crash_count].map(|n| i32::try_from(n).unwrap());
            assert_eq!(got, counts.into(), "retries and crashes of job {}", job.id);
            assert_eq!(row.run_at.map(|ms| ms.div_euclid(1000)), job.run_at, "run_at of job {}", job.id);
            assert_eq!(row.cancel_requested_at.is_some(), job.cancel_asked, "cancel of job {}", job.id);
        }
    }
}

fn to_store(new: &New, parents: &[i64], now: i64) -> NewJob {
    let mut job = NewJob::new(TYPES[new.job_type]).queue(QUEUES[new.queue]).priority(new.priority);
    job = job.max_retries(new.max_retries).depends_on(parents.iter().copied());
    job.key = new.key.map(|key| format!("key {key}"));
    job.target_id = new.target.map(|target| format!("target {target}"));
    job.run_at = new.delay.map(|secs| at(now + secs));
    if new.runs_anyway {
        job.on_parent_failure = OnParentFailure::Run;
    }
    let rule = |on_conflict, while_in: Option<Vec<State>>| {
        let by = vec!["target_id".to_owned()];
        Some(Unique::Rule(UniqueRule { by, while_in, for_secs: None, on_conflict }))
    };
    job.unique = match new.rule {
        // By default a job with a target is unique by it.
        Rule::Return => None,
        _ if new.target.is_none() => None,
        Rule::Refuse => rule(OnConflict::Refuse, None),
        Rule::Replace => rule(OnConflict::Replace, None),
        Rule::WhilePending => rule(OnConflict::Return, Some(vec![State::Pending])),
        Rule::Off => Some(Unique::Plain(false)),
    };
    job
}

fn to_model(new: &New, id: i64, parents: Vec<i64>, now: i64) -> ModelJob {
    ModelJob {
        id,
        job_type: new.job_type,
        queue: new.queue,
        priority: new.priority,
        state: "new",
        key: new.key,
        target: new.target,
        rule: new.rule,
        parents,
        runs_anyway: new.runs_anyway,
        run_at: new.delay.map(|secs| now + secs),
        max_retries: new.max_retries,
        retry_count: 0,
        crash_count: 0,
        cancel_asked: false,
        ended: Vec::new(),
    }
}

fn to_claim((job_id, attempt): (i64, u32)) -> Claim {
    Claim { job_id, attempt, node: NODE }
}

fn verdict(outcome: Word) -> Verdict {
    match outcome {
        "success" => Verdict::Success(None),
        "error" => error("oh"),
        "timeout" => Verdict::Timeout("late".into()),
        "fatal" => Verdict::Fatal("no".into()),
        "snoozed" => Verdict::Snooze(Duration::from_secs(SNOOZE.unsigned_abs())),
        "released" => Verdict::Released,
        _ => Verdict::Cancelled,
    }
}

fn a_random_life_is_as_the_contract_says(open: fn() -> TestStore) {
    for_all(48, vec(any_operation(), 1..120), |operations| {
        block_on(async {
            let mut twin = Twin::new(open());
            for operation in &operations {
                twin.step(operation).await;
                twin.compare().await;
            }
        });
        Ok(())
    });
}

property_on_every_database!(a_random_life_is_as_the_contract_says);
