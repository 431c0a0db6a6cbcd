//! The table of the lifecycle, tried in full: every move in every state.

use callboard::domain::lifecycle::{self, Move};
use callboard::domain::{Claim, JobPatch, NewJob, State, Verdict};

use crate::support::{NODE, TestStore, error, on_every_database};

/// What moves a job when its parents end is tried in `parents`, what a signal does in `signals`.
const ELSEWHERE: [Move; 3] = [Move::Unblock, Move::ParentFailed, Move::Signal];

async fn every_move_in_every_state(b: &TestStore) {
    for rule in lifecycle::TABLE.iter().filter(|rule| !ELSEWHERE.contains(&rule.event)) {
        for from in State::ALL {
            let what = format!("{:?} from {from}", rule.event);
            let id = b.job_like(NewJob::new(format!("{:?}.{from}", rule.event)), from).await;
            if rule.event == Move::Stop && from == State::Running {
                b.cancel(id).await.unwrap();
            }
            let before = b.picture().await;
            attempt(b, rule.event, id).await;
            let to = b.state(id).await;
            if allowed(rule.event, from) {
                assert!(goals(rule.event, from).contains(&to), "{what} led to {to}");
                assert_ne!(b.picture().await, before, "{what} wrote nothing");
            } else if rule.event == Move::Reschedule && !from.is_final() && from != State::Running {
                assert_eq!(to, from, "{what}: only the time changes");
            } else {
                assert_eq!(b.picture().await, before, "{what} is not in the table and wrote something");
            }
        }
    }
}

/// Calling off is one verb for two rows of the table.
fn rows(event: Move) -> Vec<Move> {
    match event {
        Move::Cancel | Move::AskCancel => vec![Move::Cancel, Move::AskCancel],
        other => vec![other],
    }
}

fn allowed(event: Move, from: State) -> bool {
    rows(event).into_iter().any(|event| lifecycle::rule(event).from.contains(&from))
}

fn goals(event: Move, from: State) -> Vec<State> {
    let rows = rows(event).into_iter().map(lifecycle::rule).filter(|rule| rule.from.contains(&from));
    rows.flat_map(|rule| rule.to.iter().copied()).collect()
}

/// Does what would make the move, as anybody could do it at any time.
async fn attempt(b: &TestStore, event: Move, id: i64) {
    let job = b.job(id).await;
    let claim = Claim { job_id: id, attempt: job.attempt.max(1), node: NODE };
    match event {
        Move::Due => {
            b.pass(3600);
            b.promote(100).await;
        }
        Move::Reschedule => {
            let later = b.now().plus(std::time::Duration::from_secs(60));
            let run_at = (job.state != State::Scheduled).then_some(later);
            let _ = b.patch(id, JobPatch { run_at: Some(run_at), ..JobPatch::default() }).await;
        }
        Move::Claim => drop(b.claim(&job.job_type, 1).await),
        Move::Succeed => drop(b.finish(claim, Verdict::Success(None)).await),
        Move::FailAgain => drop(b.finish(claim, error("again")).await),
        Move::FailForGood => drop(b.finish(claim, Verdict::Fatal("no".into())).await),
        Move::Snooze => drop(b.finish(claim, Verdict::Snooze(std::time::Duration::from_secs(9))).await),
        Move::Release => drop(b.finish(claim, Verdict::Released).await),
        Move::Stop => drop(b.finish(claim, Verdict::Cancelled).await),
        Move::Lose => drop(b.lose(claim).await),
        Move::Quarantine => {
            let now = b.now();
            b.write(move |tx| callboard::store::verbs::rescue::lose(tx, claim, 1, now)).await.unwrap();
        }
        Move::AskCancel | Move::Cancel => drop(b.cancel(id).await),
        Move::Kill => {
            let now = b.now();
            let _ = b.write(move |tx| callboard::store::verbs::kill::kill(tx, id, now)).await;
        }
        Move::Retry => drop(b.retry(id).await),
        Move::Unblock | Move::ParentFailed | Move::Signal => unreachable!("tried elsewhere"),
    }
}

async fn a_refusal_names_the_state(b: &TestStore) {
    for state in State::ALL {
        let id = b.job_like(NewJob::new(format!("named.{state}")), state).await;
        let mut refusals = Vec::new();
        if state.is_final() {
            refusals.push(b.cancel(id).await.unwrap_err());
        }
        if !lifecycle::rule(Move::Retry).from.contains(&state) {
            refusals.push(b.retry(id).await.unwrap_err());
        }
        if state.is_final() || state == State::Running {
            refusals.push(b.patch(id, JobPatch::default()).await.unwrap_err());
        }
        for refusal in refusals {
            assert!(refusal.to_string().contains(state.as_str()), "{refusal}");
        }
    }
}

async fn a_job_that_is_not_there_is_named(b: &TestStore) {
    let before = b.picture().await;
    let refusals = [
        b.cancel(77).await.unwrap_err(),
        b.retry(77).await.unwrap_err(),
        b.patch(77, JobPatch::default()).await.unwrap_err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal.to_string(), "there is no job 77");
    }
    let claim = Claim { job_id: 77, attempt: 1, node: NODE };
    assert_eq!(b.finish(claim, Verdict::Success(None)).await, None);
    assert_eq!(b.lose(claim).await, None);
    assert!(b.delete(&[77]).await.is_empty());
    assert_eq!(b.find(77).await, None);
    assert_eq!(b.picture().await, before);
}

async fn every_state_is_told_once_and_in_order(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    b.run_one("t", error("again")).await;
    b.pass(10);
    b.promote(10).await;
    b.run_one("t", Verdict::Success(None)).await;
    use State::{Completed, Pending, Retrying, Running};
    let expected = [Pending, Running, Retrying, Pending, Running, Completed];
    assert_eq!(b.told_states(), expected.map(|state| (id, state)));
}

on_every_database!(
    every_move_in_every_state,
    a_refusal_names_the_state,
    a_job_that_is_not_there_is_named,
    every_state_is_told_once_and_in_order,
);
