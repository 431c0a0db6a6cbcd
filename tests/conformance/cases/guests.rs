//! Jobs that are stored on a connection of the caller's, within the caller's transaction.

use callboard::Error;
use callboard::domain::unique::UniqueRule;
use callboard::domain::{JobFilter, KeyPath, Limits, NewJob, OnConflict, Order, PerKey, State, Unique};
use callboard::store::verbs::arrivals;
use callboard::store::verbs::enqueue::{self, Prepared, Stored};
use callboard::store::{StoreError, StoreResult, Tx};

use crate::guest::Guest;
use crate::postgres::Schema;
use crate::support::{TestStore, on_every_database};
use crate::with_guest;

fn try_store(b: &TestStore, guest: &mut Guest, job: NewJob) -> StoreResult<Stored> {
    let (jobs, now) = ([Prepared::new(job, 3)], b.now());
    let verb = |tx: &mut Tx<'_>| enqueue::enqueue(tx, &jobs, false, now);
    Ok(with_guest!(guest, |conn| b.store.write_on(conn, verb))?[0])
}

fn store(b: &TestStore, guest: &mut Guest, job: NewJob) -> i64 {
    try_store(b, guest, job).unwrap().id
}

async fn take_in(b: &TestStore) -> usize {
    b.write(arrivals::take_in).await.unwrap()
}

fn refused(stored: StoreResult<Stored>) -> Error {
    match stored {
        Err(StoreError::Refused(e)) => e,
        other => panic!("not refused: {other:?}"),
    }
}

async fn a_job_is_there_once_the_transaction_commits(b: &TestStore) {
    let mut guest = b.guest();
    guest.begin();
    let id = store(b, &mut guest, NewJob::new("t"));
    let later =
        store(b, &mut guest, NewJob::new("t").run_at(b.now().plus(std::time::Duration::from_secs(9))));
    let child = store(b, &mut guest, NewJob::new("u").depends_on([id]));
    assert!(b.find(id).await.is_none(), "nobody sees it before the commit");
    guest.commit();
    assert_eq!(take_in(b).await, 3);
    let told = b.told();
    assert_eq!(told[0].ready.iter().map(|t| &**t).collect::<Vec<_>>(), ["t"]);
    assert_eq!(told[0].due, b.job(later).await.run_at);
    let events: Vec<i64> = told[0].events.iter().map(|event| event.job_id).collect();
    assert_eq!(events, [id, later, child]);
    assert_eq!(b.claim_one("t").await.id, id);
    assert_eq!(b.state(child).await, State::Blocked);
    assert_eq!(take_in(b).await, 0, "it is taken in once");
}

async fn a_rollback_leaves_no_trace(b: &TestStore) {
    b.enqueue(NewJob::new("t").key("there")).await;
    let before = b.picture().await;
    let mut guest = b.guest();
    guest.begin();
    for n in 0..3 {
        store(b, &mut guest, NewJob::new("t").key(format!("k{n}")).target_id(format!("x{n}")));
    }
    guest.rollback();
    assert_eq!(take_in(b).await, 0);
    assert_eq!(b.picture().await, before);
    assert!(!b.try_enqueue(NewJob::new("t").key("k1").target_id("x1")).await.unwrap().duplicate);
}

async fn what_is_undone_in_part_is_not_there(b: &TestStore) {
    let mut guest = b.guest();
    guest.begin();
    let kept = store(b, &mut guest, NewJob::new("t"));
    guest.begin_inner();
    let undone = store(b, &mut guest, NewJob::new("t"));
    guest.rollback();
    guest.commit();
    assert_eq!(take_in(b).await, 1);
    assert!(b.find(undone).await.is_none());
    assert_eq!(b.told_states(), [(kept, State::Pending)]);
}

async fn a_refusal_leaves_the_transaction_as_it_was(b: &TestStore) {
    let mut guest = b.guest();
    guest.begin();
    let first = store(b, &mut guest, NewJob::new("t"));
    let why = refused(try_store(b, &mut guest, NewJob::new("t").depends_on([99_999]))).to_string();
    assert!(why.contains("there is no job 99999"), "{why}");
    let second = store(b, &mut guest, NewJob::new("t"));
    guest.commit();
    take_in(b).await;
    assert_eq!(b.told_states(), [(first, State::Pending), (second, State::Pending)]);
}

async fn all_rules_of_an_enqueue_hold(b: &TestStore) {
    let key = b.enqueue(NewJob::new("t").key("k")).await;
    let same = b.enqueue(NewJob::new("t").target_id("x")).await;
    let failed = b.enqueue(NewJob::new("p")).await;
    b.cancel(failed).await.unwrap();
    let per_key = Some(PerKey { key: KeyPath::Target, limit: 1 });
    b.store.limits().set("limited", Limits { per_key, ..Limits::default() });
    let mut guest = b.guest();
    guest.begin();
    let of = |stored: StoreResult<Stored>| stored.map(|s| (s.id, s.duplicate)).unwrap();
    assert_eq!(of(try_store(b, &mut guest, NewJob::new("t").key("k"))), (key, true));
    assert_eq!(of(try_store(b, &mut guest, NewJob::new("t").target_id("x"))), (same, true));
    let rule = UniqueRule {
        by: vec!["target_id".into()],
        while_in: None,
        for_secs: None,
        on_conflict: OnConflict::Refuse,
    };
    let only = NewJob { unique: Some(Unique::Rule(rule)), ..NewJob::new("t").target_id("x") };
    assert!(matches!(refused(try_store(b, &mut guest, only)), Error::Conflict(_)));
    let orphan = store(b, &mut guest, NewJob::new("t").depends_on([failed]));
    let plain =
        |t: &str| NewJob { unique: Some(Unique::Plain(false)), ..NewJob::new("limited").target_id(t) };
    for target in ["a", "a", "b"] {
        store(b, &mut guest, plain(target));
    }
    guest.commit();
    take_in(b).await;
    assert_eq!(b.state(orphan).await, State::Cancelled);
    assert_eq!(b.claim("limited", 9).await.len(), 2, "one of each target");
}

async fn a_replaced_job_is_counted_once(b: &TestStore) {
    let rule = UniqueRule {
        by: vec!["target_id".into()],
        while_in: None,
        for_secs: None,
        on_conflict: OnConflict::Replace,
    };
    let job = || NewJob { unique: Some(Unique::Rule(rule.clone())), ..NewJob::new("t").target_id("x") };
    let id = b.enqueue(job()).await;
    b.told();
    let mut guest = b.guest();
    let stored = try_store(
        b,
        &mut guest,
        job().queue("other").run_at(b.now().plus(std::time::Duration::from_secs(5))),
    );
    assert_eq!(stored.map(|s| (s.id, s.duplicate)).unwrap(), (id, true));
    take_in(b).await;
    assert_eq!(b.told_states(), [(id, State::Scheduled)]);
    assert_eq!(b.job(id).await.queue, "other");
}

async fn what_nobody_took_in_is_taken_in_by_the_next_one(b: &TestStore) {
    let mut guest = b.guest();
    for _ in 0..arrivals::CHUNK + 5 {
        store(b, &mut guest, NewJob::new("t"));
    }
    assert_eq!(take_in(b).await, arrivals::CHUNK);
    assert_eq!(take_in(b).await, 5);
    assert_eq!(b.claim("t", 1000).await.len(), arrivals::CHUNK + 5);
}

async fn a_job_that_was_claimed_first_is_not_told_to_wait(b: &TestStore) {
    b.enqueue(NewJob::new("t")).await;
    let mut guest = b.guest();
    let id = store(b, &mut guest, NewJob::new("t").priority(1));
    assert_eq!(b.claim_one("t").await.id, id);
    b.told();
    take_in(b).await;
    assert_eq!(b.told_states(), []);
    let running = JobFilter { state: vec![State::Running], ..JobFilter::default() };
    assert_eq!(b.list(&running, Order::Oldest, 9).await.len(), 1);
}

async fn the_connection_is_as_it_was(b: &TestStore) {
    let mut guest = b.guest();
    guest.run("CREATE TEMP TABLE notes (value TEXT)").unwrap();
    guest.begin();
    guest.run("INSERT INTO notes VALUES ('mine')").unwrap();
    store(b, &mut guest, NewJob::new("t"));
    assert_eq!(guest.texts("SELECT value FROM notes"), ["mine"]);
    if b.is_shared() {
        let path = "SELECT current_setting('search_path') AS value";
        assert_eq!(guest.texts(path), ["\"$user\", public"]);
        refused(try_store(b, &mut guest, NewJob::new("t").depends_on([99_999])));
        assert_eq!(guest.texts(path), ["\"$user\", public"]);
    }
    guest.commit();
    assert_eq!(guest.texts("SELECT value FROM notes"), ["mine"]);
    take_in(b).await;
}

async fn another_database_is_refused(b: &TestStore) {
    let home = tempfile::tempdir().unwrap();
    let mut guest = Guest::sqlite(&home.path().join("other.db"));
    let why = refused(try_store(b, &mut guest, NewJob::new("t"))).to_string();
    assert!(why.starts_with("the connection is not to the database of this callboard, which is"), "{why}");
    if let (Some(schema), false) = (crate::postgres::is_there().then(Schema::new), b.is_shared()) {
        let mut guest = Guest::postgres(&schema.postgres().url.conninfo());
        refused(try_store(b, &mut guest, NewJob::new("t")));
    }
}

on_every_database!(
    a_job_is_there_once_the_transaction_commits,
    a_rollback_leaves_no_trace,
    what_is_undone_in_part_is_not_there,
    a_refusal_leaves_the_transaction_as_it_was,
    all_rules_of_an_enqueue_hold,
    a_replaced_job_is_counted_once,
    what_nobody_took_in_is_taken_in_by_the_next_one,
    a_job_that_was_claimed_first_is_not_told_to_wait,
    the_connection_is_as_it_was,
    another_database_is_refused,
);
