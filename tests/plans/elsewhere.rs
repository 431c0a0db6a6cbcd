//! Jobs that remote workers hold, and batches.

use callboard::domain::batch::{Bid, KeptCallback};
use callboard::domain::callback::Callback;
use callboard::domain::remote::{Complaint, RemoteExtra};
use callboard::domain::{Backoff, NewJob, Timestamp};
use callboard::store::verbs::batches::{self, NewBatch};
use callboard::store::verbs::enqueue::Prepared;
use callboard::store::verbs::remote::{self, Pushed, Reporter, Wanted};
use callboard::store::views;

use super::{Line, Watched, nobody_walks, uses};

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

fn who() -> Reporter {
    Reporter { worker_id: "w".into(), node: 1, luck: 0.0 }
}

impl Watched {
    async fn push(&mut self, batch: Option<Bid>) -> Vec<Line> {
        let extra = serde_json::to_string(&RemoteExtra { retry: Some(9), ..RemoteExtra::default() }).unwrap();
        let one = Pushed { job: Prepared::new(NewJob::new("t"), 3), jid: "12345678".into(), extra, batch };
        self.write(move |tx| remote::push(tx, std::slice::from_ref(&one), at(1_000))).await.1
    }

    async fn fetch(&mut self) -> Vec<Line> {
        let wanted = vec![Wanted { queues: vec!["default".into()], worker_id: "w".into() }];
        let reserve = move |tx: &mut callboard::store::Tx<'_>| {
            remote::reserve(tx, &wanted, &|_| true, &|_| Some(60.0), at(1_000))
        };
        let (given, plan) = self.write(reserve).await;
        assert!(given.jobs[0].is_some());
        plan
    }
}

#[actix_rt::test]
async fn remote_jobs_are_found_by_their_id_their_time_and_their_worker() {
    let mut w = Watched::open();
    nobody_walks(&w.push(None).await);
    uses(&w.fetch().await, "jobs_claim");
    let (_, told) =
        w.write(|tx| remote::extend(tx, "12345678", "w", Some(at(9_000)), &|_| None, at(1_000))).await;
    uses(&told, "remote_jobs_jid");
    uses(&w.read(|conn| views::running::elsewhere(conn, 1, 10)).await, "remote_jobs_reserved");
    uses(&w.read(|conn| views::remote::any_over(conn, at(1_000))).await, "remote_jobs_reserved");
    let complaint = Complaint::expired();
    let fail = move |tx: &mut callboard::store::Tx<'_>| {
        remote::fail(tx, "12345678", &complaint, &who(), &|_| Backoff::default(), at(1_000))
    };
    uses(&w.write(fail).await.1, "remote_jobs_jid");
    w.push(None).await;
    w.fetch().await;
    uses(&w.write(|tx| remote::lose_all_of(tx, "w", 10, 3, at(1_000))).await.1, "remote_jobs_reserved");
    w.fetch().await;
    let (ended, over) =
        w.write(|tx| remote::end_expired(tx, 10, &who(), &|_| Backoff::default(), at(9_000))).await;
    assert_eq!(ended.0, 1);
    uses(&over, "remote_jobs_reserved");
}

#[actix_rt::test]
async fn a_batch_looks_at_its_own_jobs_alone() {
    let mut w = Watched::open();
    let job = Callback::of(&NewJob::new("c"), 3);
    let kept = KeptCallback { job, jid: "87654321".into(), extra: RemoteExtra::default() };
    let new = NewBatch { success: serde_json::to_string(&kept).ok(), ..NewBatch::default() };
    let (outer, _) = w.write(move |tx| batches::begin(tx, &new, at(1_000))).await;
    let inner = NewBatch { parent: Some(outer), ..NewBatch::default() };
    let (inner, begun) = w.write(move |tx| batches::begin(tx, &inner, at(1_000))).await;
    nobody_walks(&begun);
    nobody_walks(&w.push(Some(outer)).await);
    w.push(Some(inner)).await;
    uses(&w.write(move |tx| batches::commit(tx, outer, at(1_000))).await.1, "jobs_workflow");
    nobody_walks(&w.write(move |tx| batches::open(tx, outer, at(1_000))).await.1);
    uses(&w.read(|conn| views::batches::any_over(conn, at(1_000))).await, "workflows_open");
    uses(&w.write(|tx| batches::expire(tx, 10, at(9_000))).await.1, "workflows_open");
    w.fetch().await;
    let (_, done) = w.write(|tx| remote::succeed(tx, "12345678", &who(), at(9_000))).await;
    uses(&done, "workflows_parent");
    uses(&w.read(move |conn| views::batches::status(conn, outer)).await, "batches_parent");
}
