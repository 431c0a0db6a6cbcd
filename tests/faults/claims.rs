//! Claims that go along with the commit that made their jobs ready, when something fails.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use callboard::domain::{Outcome, State};
use callboard::store::claims::{Claims, Fate};
use callboard::store::error::StoreError;
use callboard::store::faults::{FaultLayer, Point};
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::{Seams, Store, StoreResult, Tx};
use callboard::{Error, NewJob};

use crate::bench::{NODE, at, check};
use crate::house::Plan;
use crate::puppet::puppet;
use crate::weather::Weather;

const STEP: Duration = Duration::from_millis(250);

/// What a claim that goes along is to do.
#[derive(Clone, Copy, PartialEq)]
enum Trick {
    None,
    PanicAtTheClaim,
    PanicAtTheEnd,
}

/// Claims everything, and notes what it is asked and told.
struct Recorder {
    trick: Arc<Mutex<Trick>>,
    notes: Arc<Mutex<Vec<String>>>,
}

impl Claims for Recorder {
    fn claim(&mut self, tx: &mut Tx<'_>, ready: &[Arc<str>]) -> StoreResult<()> {
        let trick = *self.trick.lock().unwrap();
        for job_type in ready {
            let by = Claimer { node: NODE, worker_id: format!("{NODE}/{job_type}") };
            let jobs = claim::claim(tx, job_type, 10, &by, at(1))?.jobs;
            self.notes.lock().unwrap().push(format!("{job_type} {}", jobs.len()));
        }
        assert!(trick != Trick::PanicAtTheClaim, "told to");
        Ok(())
    }

    fn settle(&mut self, fate: Fate) {
        self.notes.lock().unwrap().push(format!("{fate:?}"));
        assert!(*self.trick.lock().unwrap() != Trick::PanicAtTheEnd, "told to");
    }
}

struct Along {
    store: Store,
    weather: Arc<Weather>,
    trick: Arc<Mutex<Trick>>,
    notes: Arc<Mutex<Vec<String>>>,
    _dir: tempfile::TempDir,
}

impl Along {
    fn new() -> Self {
        let (dir, weather) = (tempfile::tempdir().unwrap(), Weather::fair());
        let (trick, notes) = (Arc::new(Mutex::new(Trick::None)), Arc::new(Mutex::new(Vec::new())));
        let claims = Recorder { trick: trick.clone(), notes: notes.clone() };
        let seams = Seams {
            claims: Some(Box::new(claims)),
            faults: FaultLayer::new(weather.clone()),
            ..Seams::observed(Box::new(|_| ()))
        };
        let store = Store::open_with(&dir.path().join("queue.db"), 1, seams).unwrap();
        Self { store, weather, trick, notes, _dir: dir }
    }

    async fn enqueue(&self) -> StoreResult<i64> {
        let job = [Prepared::new(NewJob::new("t"), 3)];
        Ok(self.store.write(move |tx| enqueue::enqueue(tx, &job, false, at(1))).await?[0].id)
    }

    async fn state(&self, id: i64) -> State {
        let job = self.store.read(move |c| callboard::store::views::job::job(c, id)).await.unwrap();
        job.unwrap().state
    }

    fn notes(&self) -> Vec<String> {
        std::mem::take(&mut *self.notes.lock().unwrap())
    }
}

#[actix_rt::test]
async fn they_hear_once_what_became_of_each_try() {
    let along = Along::new();
    let first = along.enqueue().await.unwrap();
    assert_eq!(
        (along.state(first).await, along.notes()),
        (State::Running, vec!["t 1".into(), "Committed".into()])
    );
    along.weather.fail_at(&[Point::Commit]);
    assert!(along.enqueue().await.is_err());
    assert_eq!(along.notes(), ["t 1", "Undone"]);
    along.weather.fail_at(&[Point::Committed, Point::Look]);
    assert!(along.enqueue().await.is_err());
    assert_eq!(along.notes(), ["t 1", "Doubt"]);
    along.weather.fail_at(&[Point::Committed]);
    let told = along.enqueue().await.unwrap();
    assert_eq!(
        (along.state(told).await, along.notes()),
        (State::Running, vec!["t 1".into(), "Committed".into()])
    );
    along.weather.fail_at(&[Point::Begin]);
    assert!(along.enqueue().await.is_err());
    assert!(along.notes().is_empty());
    along.weather.clear();
    check(&along.store).await;
}

#[actix_rt::test]
async fn a_write_that_spoils_the_commit_makes_them_claim_again() {
    let along = Along::new();
    // Held up, so that the next two share a commit.
    let (reached, (release, hold)) = (Arc::new(tokio::sync::Notify::new()), std::sync::mpsc::channel::<()>());
    let (told, store) = (reached.clone(), along.store.clone());
    let blocker = actix_rt::spawn(async move {
        let stand = move |_: &mut Tx<'_>| {
            told.notify_one();
            let _ = hold.recv();
            Ok(())
        };
        store.write(stand).await
    });
    reached.notified().await;
    let spoil = along.store.write(|tx: &mut Tx<'_>| {
        let job = [Prepared::new(NewJob::new("spoilt"), 3)];
        enqueue::enqueue(tx, &job, false, at(1))?;
        Err::<(), _>(StoreError::Database("told to".into()))
    });
    let good = along.enqueue();
    let both = async { tokio::join!(spoil, good) };
    tokio::pin!(both);
    assert!(futures_util::poll!(both.as_mut()).is_pending());
    release.send(()).unwrap();
    let (spoilt, good) = both.await;
    blocker.await.unwrap().unwrap();
    assert!(spoilt.is_err());
    assert_eq!(along.state(good.unwrap()).await, State::Running);
    // The first try failed before it came to claims; the spoilt job is not among them.
    assert_eq!(along.notes(), ["t 1", "Committed"]);
    check(&along.store).await;
}

#[actix_rt::test]
async fn a_panic_in_them_costs_no_write() {
    let along = Along::new();
    *along.trick.lock().unwrap() = Trick::PanicAtTheClaim;
    let id = along.enqueue().await.unwrap();
    assert_eq!((along.state(id).await, along.notes()), (State::Pending, vec!["t 1".into(), "Undone".into()]));
    *along.trick.lock().unwrap() = Trick::PanicAtTheEnd;
    let id = along.enqueue().await.unwrap();
    assert_eq!(
        (along.state(id).await, along.notes()),
        (State::Running, vec!["t 2".into(), "Committed".into()])
    );
    *along.trick.lock().unwrap() = Trick::None;
    along.enqueue().await.unwrap();
    assert_eq!(along.notes(), ["t 1", "Committed"]);
    check(&along.store).await;
}

#[actix_rt::test]
async fn a_statement_of_theirs_that_fails_costs_no_write() {
    let mut claims_failed = 0;
    for n in 0.. {
        let along = Along::new();
        let happened = along.weather.fail_statement(n);
        let stored = along.enqueue().await;
        if !*happened.lock().unwrap() {
            break;
        }
        // Either a statement of the verb failed, and the caller was told; or one of theirs.
        if let Ok(id) = stored {
            assert!(n > 0);
            claims_failed += usize::from(along.state(id).await == State::Pending);
        }
        along.weather.clear();
        let next = along.enqueue().await.unwrap();
        assert_eq!(along.state(next).await, State::Running);
        check(&along.store).await;
    }
    assert!(claims_failed > 0, "no statement of a claim was made to fail");
}

#[actix_rt::test]
async fn when_the_commit_fails_nothing_starts_and_nothing_is_lost() {
    let weather = Weather::fair();
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).faults(weather.clone()).build().await;
    acts.rest(&mut house, "t").await;
    let before = house.board.queue_status().await.unwrap().total;
    for points in [&[Point::Begin][..], &[Point::Statement], &[Point::Commit]] {
        weather.fail_at(points);
        let refused = house.board.enqueue(NewJob::new("t")).await.unwrap_err();
        assert!(matches!(refused, Error::Unavailable(_)), "{refused}");
        assert!(acts.is_empty());
        weather.clear();
        // Those who stand in line when the database was away get the same answer.
        let id = loop {
            match house.board.enqueue(NewJob::new("t")).await {
                Ok(stored) => break stored.job.id,
                Err(e) => assert!(matches!(e, Error::Unavailable(_)), "{e}"),
            }
        };
        assert_eq!(house.job(id).await.state, State::Running, "the next one starts at once");
        acts.next().await.succeed();
        house.until(id, State::Completed).await;
    }
    assert_eq!(house.board.queue_status().await.unwrap().total, before + 3);
}

#[actix_rt::test]
async fn when_the_commit_is_in_doubt_what_was_claimed_is_given_back() {
    let weather = Weather::fair();
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).faults(weather.clone()).build().await;
    acts.rest(&mut house, "t").await;
    weather.fail_at(&[Point::Committed, Point::Look]);
    let doubted = house.board.enqueue(NewJob::new("t").key("k")).await.unwrap_err();
    assert!(matches!(doubted, Error::Unavailable(_)), "{doubted}");
    weather.clear();
    // A careful caller asks again, and finds it there: running, for nobody.
    let again = house.board.enqueue(NewJob::new("t").key("k")).await.unwrap();
    assert!(again.duplicate && acts.is_empty());
    let id = again.job.id;
    house.until_moving(id, State::Pending, STEP).await;
    let act = acts.next().await;
    assert_eq!(act.ctx.attempt(), 2);
    act.succeed();
    house.until(id, State::Completed).await;
    let job = house.job(id).await;
    assert_eq!((job.crash_count, job.retry_count), (0, 0));
    assert_eq!(job.attempts.unwrap()[0].outcome, Some(Outcome::Released));
}
