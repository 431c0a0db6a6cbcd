//! Random work on a store that fails at random: what was answered is what is on disk. The same seed
//! does and fails the same.

use std::collections::{BTreeMap, BTreeSet};

use callboard::NewJob;
use callboard::domain::{Claim, State, Verdict};
use callboard::store::verbs::{cancel, give_back, promote, retry};
use callboard::store::{StoreError, views};

use crate::bench::{Bench, NODE, at};
use crate::weather::seed;

const STEPS: usize = 1500;

/// What the answers said.
#[derive(Default)]
struct Answers {
    /// Jobs that are there for sure, by key.
    stored: BTreeMap<String, i64>,
    /// Keys whose enqueue failed: they may be there.
    doubtful: BTreeSet<String>,
    /// Claims that are held.
    held: Vec<Claim>,
    /// Jobs that are completed, and must stay so.
    completed: BTreeSet<i64>,
    refused: usize,
    failed: usize,
}

impl Answers {
    fn count<T>(&mut self, answer: Result<T, StoreError>) -> Option<T> {
        match answer {
            Ok(value) => Some(value),
            Err(StoreError::Refused(_)) => {
                self.refused += 1;
                None
            }
            Err(_) => {
                self.failed += 1;
                None
            }
        }
    }

    fn any_job(&self, dice: &mut fastrand::Rng) -> i64 {
        let n = self.stored.len().max(1);
        self.stored.values().nth(dice.usize(..n)).copied().unwrap_or(1)
    }
}

async fn step(bench: &Bench, answers: &mut Answers, dice: &mut fastrand::Rng, n: usize) {
    match dice.u8(..10) {
        0..4 => {
            let key = format!("key {n}");
            let parent = answers.any_job(dice);
            let mut job = NewJob::new("t").key(&key);
            if dice.u8(..5) == 0 && !answers.stored.is_empty() {
                job = job.depends_on([parent]);
            }
            let stored = bench.enqueue(job).await;
            match answers.count(stored) {
                Some(id) => drop(answers.stored.insert(key, id)),
                None => drop(answers.doubtful.insert(key)),
            }
        }
        4..6 => {
            let claimed = bench.claim(dice.usize(1..4)).await;
            let claims = answers.count(claimed).unwrap_or_default();
            answers.held.extend(claims);
        }
        6..8 if !answers.held.is_empty() => {
            let claim = answers.held.swap_remove(dice.usize(..answers.held.len()));
            finish(bench, answers, dice, claim).await;
        }
        8 => {
            let id = answers.any_job(dice);
            let again = bench.store.write(move |tx| retry::retry(tx, id, at(5))).await;
            // Even if that failed it may be on disk.
            answers.count(again);
            answers.completed.remove(&id);
        }
        _ => {
            let id = answers.any_job(dice);
            let off = bench.store.write(move |tx| cancel::cancel(tx, id, at(5))).await;
            answers.count(off);
            let due = bench.store.write(|tx| promote::promote(tx, 10, at(1_000_000))).await;
            answers.count(due);
        }
    }
}

/// As the runtime does it: an end is written until the store has taken it.
async fn finish(bench: &Bench, answers: &mut Answers, dice: &mut fastrand::Rng, claim: Claim) {
    let verdict = match dice.u8(..4) {
        0 => Verdict::Error { message: "no luck".into(), retry_in: None },
        1 => Verdict::Fatal("never".into()),
        _ => Verdict::Success(None),
    };
    loop {
        let answer = bench.finish(claim, verdict.clone()).await;
        if let Some(state) = answers.count(answer) {
            if state == Some(State::Completed) {
                answers.completed.insert(claim.job_id);
            }
            return;
        }
    }
}

#[actix_rt::test]
async fn what_was_answered_is_what_is_on_disk() {
    let seed = seed("faults::seeded");
    let bench = Bench::new();
    let mut dice = fastrand::Rng::with_seed(seed);
    let mut answers = Answers::default();
    bench.weather.storm(seed ^ 1, 0.03);
    for n in 0..STEPS {
        step(&bench, &mut answers, &mut dice, n).await;
    }
    bench.weather.clear();
    // Claims whose answer was lost are given back.
    let held: BTreeSet<_> = answers.held.iter().map(|c| (c.job_id, c.attempt)).collect();
    let knows = move |claim: &Claim| held.contains(&(claim.job_id, claim.attempt));
    let lost = bench.store.write(move |tx| give_back::give_back(tx, "t", NODE, &knows, at(6))).await.unwrap();
    bench.check().await;
    for (key, id) in &answers.stored {
        let (wanted, id) = (key.clone(), *id);
        let job = bench.store.read(move |c| views::job::job(c, id)).await.unwrap();
        assert_eq!(job.and_then(|j| j.key), Some(wanted), "an acknowledged job is missing");
    }
    for id in &answers.completed {
        let id = *id;
        let job = bench.store.read(move |c| views::job::job(c, id)).await.unwrap().unwrap();
        assert_eq!(job.state, State::Completed, "job {id}");
    }
    for claim in &answers.held {
        let id = claim.job_id;
        let job = bench.store.read(move |c| views::job::job(c, id)).await.unwrap().unwrap();
        assert_eq!((job.state, job.attempt), (State::Running, claim.attempt));
    }
    let jobs = bench.dump().await.iter().filter(|l| l.starts_with("job ")).count();
    assert!(jobs >= answers.stored.len() && jobs <= answers.stored.len() + answers.doubtful.len());
    println!(
        "{STEPS} steps, {jobs} jobs, {} acknowledged, {} completed, {} failed writes, {} refused, {lost} claims given back",
        answers.stored.len(),
        answers.completed.len(),
        answers.failed,
        answers.refused
    );
    assert!(answers.failed > 20, "the storm was none");
}
