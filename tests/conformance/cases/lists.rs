//! Lists: every filter, order and page against a naive search through all jobs.

use callboard::domain::{Job, JobFilter, NewJob, Order, State, Timestamp, Verdict};
use callboard::store::views;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{
    TestStore, at, block_on, claim_of, for_all, on_every_database, property_on_every_database,
};

const TYPES: [&str; 3] = ["t", "u", "never"];
const QUEUES: [&str; 3] = ["default", "q", "never"];
const TAGS: [&str; 3] = ["red", "blue", "never"];
const TEXTS: [&str; 5] = ["x1", "7", "exploded", "%", "never"];
const JOBS: i64 = 120;

/// Jobs of all kinds, made at moments that are some seconds apart.
async fn fill(b: &TestStore) {
    for i in 0..JOBS {
        let n = usize::try_from(i).unwrap();
        let mut job =
            NewJob::new(TYPES[n % 2]).queue(QUEUES[n / 2 % 2]).priority(u8::try_from(i % 10 + 1).unwrap());
        job = job.args(&serde_json::json!({ "n": i, "%": 1 })).unwrap();
        job.key = (i % 3 == 0).then(|| format!("k{i}"));
        job.target_id = (i % 4 == 0).then(|| format!("x{}", i / 8));
        job.unique = Some(callboard::domain::Unique::Plain(false));
        job.tags = TAGS.iter().take(n % 3).map(ToString::to_string).collect();
        job.run_at = (i % 17 == 3).then(|| b.now().plus(std::time::Duration::from_secs(5000)));
        if i % 11 == 5 {
            job.parent_job_id = Some(i - i % 5);
        }
        b.enqueue(job).await;
        b.pass(i % 3);
    }
    for (i, job_type) in ["t", "u"].into_iter().cycle().take(40).enumerate() {
        let Some(job) = b.claim(job_type, 1).await.pop() else { continue };
        let verdict = match i % 5 {
            0 | 1 => Verdict::Success(None),
            2 => Verdict::Fatal("it exploded".into()),
            3 => crate::support::error("exploded, but not for good"),
            _ => continue,
        };
        b.finish(claim_of(&job), verdict).await.unwrap();
    }
    for id in [100, 110, 120] {
        b.cancel(id).await.unwrap();
    }
}

fn any_time() -> impl Strategy<Value = Option<Timestamp>> {
    proptest::option::weighted(0.2, (900..1250_i64).prop_map(at))
}

fn some_of<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Vec<T>> {
    prop_oneof![3 => Just(Vec::new()), 1 => vec(select(values), 1..3)]
}

fn words(values: &[&str]) -> impl Strategy<Value = Vec<String>> {
    some_of(values.iter().map(ToString::to_string).collect())
}

fn any_filter() -> impl Strategy<Value = JobFilter> {
    let what = (some_of(State::ALL.to_vec()), words(&TYPES), words(&QUEUES), words(&TAGS));
    let which = (
        some_of((0..16).map(|i| format!("x{i}")).collect()),
        some_of((1..=JOBS).collect::<Vec<i64>>()),
        some_of((0..JOBS).map(|i| format!("k{i}")).collect()),
        prop_oneof![9 => Just(Vec::new()), 1 => vec(1..=JOBS + 5, 1..60)],
    );
    let q = proptest::option::weighted(0.2, select(TEXTS.to_vec()));
    (what, which, any_time(), any_time(), q).prop_map(|(what, which, created_after, created_before, q)| {
        JobFilter {
            state: what.0,
            job_type: what.1,
            queue: what.2,
            tag: what.3,
            target_id: which.0,
            parent_job_id: which.1,
            key: which.2,
            id: which.3,
            created_after,
            created_before,
            q: q.map(Into::into),
            workflow_id: Vec::new(),
        }
    })
}

fn any_order() -> impl Strategy<Value = Order> {
    select(vec![Order::Newest, Order::Oldest, Order::Priority])
}

/// The contract's words on filters, one by one.
fn naive(all: &[Job], f: &JobFilter, order: Order) -> Vec<i64> {
    let has = |wanted: &[String], got: Option<&str>| {
        wanted.is_empty() || wanted.iter().any(|w| Some(w.as_str()) == got)
    };
    let mut found: Vec<&Job> = all
        .iter()
        .filter(|job| f.state.is_empty() || f.state.contains(&job.state))
        .filter(|job| has(&f.job_type, Some(&job.job_type)) && has(&f.queue, Some(&job.queue)))
        .filter(|job| has(&f.target_id, job.target_id.as_deref()) && has(&f.key, job.key.as_deref()))
        .filter(|job| f.tag.is_empty() || f.tag.iter().any(|tag| job.tags.contains(tag)))
        .filter(|job| {
            f.parent_job_id.is_empty() || f.parent_job_id.iter().any(|p| Some(*p) == job.parent_job_id)
        })
        .filter(|job| f.id.is_empty() || f.id.contains(&job.id))
        .filter(|job| f.created_after.is_none_or(|t| job.created_at > t))
        .filter(|job| f.created_before.is_none_or(|t| job.created_at < t))
        .filter(|job| f.q.as_deref().is_none_or(|q| mentions(job, q)))
        .collect();
    match order {
        Order::Newest => found.sort_by_key(|job| std::cmp::Reverse(job.id)),
        Order::Oldest => found.sort_by_key(|job| job.id),
        Order::Priority => found.sort_by_key(|job| (job.priority, job.id)),
    }
    found.iter().map(|job| job.id).collect()
}

fn mentions(job: &Job, q: &str) -> bool {
    [Some(job.args.as_str()), job.target_id.as_deref(), job.error.as_deref()]
        .into_iter()
        .flatten()
        .any(|text| text.contains(q))
}

fn every_list_equals_a_naive_search(open: fn() -> TestStore) {
    let (b, all) = block_on(async {
        let b = open();
        fill(&b).await;
        let all = b.list(&JobFilter::default(), Order::Oldest, 1000).await;
        (b, all)
    });
    assert_eq!(all.len(), usize::try_from(JOBS).unwrap());
    for_all(512, (any_filter(), any_order(), 1..50_usize), |(filter, order, limit)| {
        let pages = block_on(b.list(&filter, order, limit));
        let got: Vec<i64> = pages.iter().map(|job| job.id).collect();
        prop_assert_eq!(got, naive(&all, &filter, order));
        prop_assert!(pages.iter().all(|job| all.contains(job)), "a list shows a job as it is stored");
        prop_assert!(pages.iter().all(|job| filter.passes(job, true)), "events follow the same filter");
        Ok(())
    });
}

async fn pages_do_not_shift_while_jobs_come_and_go(b: &TestStore) {
    for _ in 0..10 {
        b.enqueue(NewJob::new("t")).await;
    }
    let filter = JobFilter { state: vec![State::Pending], ..JobFilter::default() };
    let page = |after| {
        let wanted = filter.clone();
        let store = b.store.clone();
        async move {
            let view = move |conn: &mut _| views::list::list(conn, &wanted, Order::Newest, after, 3);
            let page = store.read(view).await.unwrap();
            (page.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), page.next)
        }
    };
    let (first, next) = page(None).await;
    assert_eq!(first, [10, 9, 8]);
    b.enqueue(NewJob::new("t")).await;
    b.cancel(8).await.unwrap();
    b.cancel(6).await.unwrap();
    let (second, next) = page(next).await;
    assert_eq!(second, [7, 5, 4]);
    let (third, next) = page(next).await;
    assert_eq!((third, next), (vec![3, 2, 1], None));
}

async fn a_cursor_comes_back_as_it_went(b: &TestStore) {
    use views::cursor::Cursor;
    for priority in [10, 1, 10, 5] {
        b.enqueue(NewJob::new("t").priority(priority)).await;
    }
    let filter = JobFilter::default();
    let wanted = filter.clone();
    let view = move |conn: &mut _| views::list::list(conn, &wanted, Order::Priority, None, 3);
    let cursor = b.store.read(view).await.unwrap().next.unwrap();
    assert_eq!(cursor, Cursor { id: 1, priority: 10 });
    let text = cursor.encode(&filter, Order::Priority);
    assert_eq!(Cursor::decode(&text, &filter, Order::Priority), Some(cursor));
}

on_every_database!(pages_do_not_shift_while_jobs_come_and_go, a_cursor_comes_back_as_it_went);
property_on_every_database!(every_list_equals_a_naive_search);
