//! How PostgreSQL goes about the statements that every job passes through.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use callboard::NewJob;
use callboard::domain::{Backoff, Claim, Verdict};
use callboard::store::sql::Conn;
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::verbs::finish::{self, Finished};
use callboard::store::verbs::{arrivals, cancel, nodes, promote, rescue};
use callboard::store::{Store, StoreResult, Tx, connection, views};
use diesel::connection::{SimpleConnection, set_default_instrumentation};
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::postgres::{Schema, is_there};
use crate::{CAUGHT, TURN, catcher, now};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    #[diesel(column_name = "QUERY PLAN")]
    step: String,
}

/// The plan that is kept for a prepared statement, whatever its values are.
fn plan(conn: &mut PgConnection, sql: &str) -> String {
    let values = (1..100).take_while(|n| sql.contains(&format!("${n}"))).count();
    let nulls = vec!["NULL"; values].join(", ");
    let execute = if values == 0 { "EXECUTE caught".into() } else { format!("EXECUTE caught({nulls})") };
    conn.batch_execute(&format!("PREPARE caught AS {sql}")).unwrap_or_else(|e| panic!("{e}: {sql}"));
    let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN {execute}")).load(conn).unwrap();
    conn.batch_execute("DEALLOCATE caught").unwrap();
    steps.into_iter().map(|step| step.step).collect::<Vec<_>>().join("\n")
}

async fn write<T: Send + 'static>(
    store: &Store,
    verb: impl FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
) -> T {
    store.write(verb).await.unwrap()
}

/// A job's way from its enqueue to its end, and what nodes look at again and again.
async fn live(store: &Store) {
    let job = [Prepared::new(NewJob::new("t").key("k").target_id("x"), 3)];
    let id = write(store, move |tx| enqueue::enqueue(tx, &job, false, now())).await[0].id;
    let by = Claimer { node: 1, worker_id: "1/t".into() };
    assert_eq!(write(store, move |tx| claim::claim(tx, "t", 10, &by, now())).await.jobs.len(), 1);
    let claim = Claim { job_id: id, attempt: 1, node: 1 };
    let verdict = Verdict::Success(None);
    let end = Finished { claim, verdict, progress: None, backoff: Backoff::default(), luck: 0.5 };
    write(store, move |tx| finish::finish(tx, std::slice::from_ref(&end), now())).await;
    write(store, |tx| promote::promote(tx, 10, now())).await;
    write(store, |tx| rescue::claims(tx, 1, 0, 10)).await;
    write(store, |tx| nodes::lose_silent(tx, Duration::from_secs(30), now())).await;
    write(store, |tx| cancel::remind(tx, 1)).await;
    write(store, arrivals::take_in).await;
    store.read(|conn| views::running::elsewhere(conn, 1, 10)).await.unwrap();
}

/// A store whose statements are caught.
struct Watched {
    store: Store,
    schema: Schema,
    _turn: MutexGuard<'static, ()>,
}

impl Watched {
    fn open() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let schema = Schema::new();
        set_default_instrumentation(catcher).unwrap();
        let store = Store::open(schema.database(), 1, Box::new(|_| {})).unwrap();
        CAUGHT.lock().unwrap().clear();
        Self { store, schema, _turn: turn }
    }
}

#[actix_rt::test]
async fn what_every_job_passes_through_walks_an_index() {
    if !is_there() {
        return;
    }
    let watched = Watched::open();
    live(&watched.store).await;
    let caught = std::mem::take(&mut *CAUGHT.lock().unwrap());
    let mut conn = watched.schema.connect();
    conn.batch_execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan").unwrap();
    let about_jobs = caught.iter().filter(|sql| {
        ["SELECT", "UPDATE", "DELETE", "WITH"].iter().any(|verb| sql.starts_with(verb))
            && sql.contains(" jobs")
    });
    let (mut claims, mut ends) = (0, 0);
    for sql in about_jobs {
        let plan = plan(&mut conn, sql);
        assert!(!plan.contains("Seq Scan on jobs"), "{sql}\n{plan}");
        if sql.contains("urgency") {
            let goes_straight = plan.contains("jobs_claim") && plan.contains("Tid Scan");
            assert!(goes_straight && !plan.contains("Sort"), "{sql}\n{plan}");
            claims += 1;
        }
        // Whatever the tables hold when the plan is made, it must be good for when they are full.
        if sql.contains("noted") {
            assert!(plan.contains("(id = ended.wanted)") && plan.contains("Tid Scan"), "{sql}\n{plan}");
            ends += 1;
        }
    }
    assert!(claims > 0 && ends > 0, "{caught:?}");
}

#[actix_rt::test]
async fn a_claim_does_not_sort_what_waits() {
    if !is_there() {
        return;
    }
    let watched = Watched::open();
    live(&watched.store).await;
    let caught = std::mem::take(&mut *CAUGHT.lock().unwrap());
    let Conn::Postgres(mut conn) = connection::open(&watched.schema.database()).unwrap() else {
        panic!("that is no PostgreSQL")
    };
    conn.batch_execute(
        "INSERT INTO jobs (id, state, job_type, queue, priority, max_retries, created_at, ready_at, args, rank) \
         SELECT n, 'pending', 't', 'default', 5, 3, 0, 0, '{}', n FROM generate_series(1000, 61000) AS n; \
         ANALYZE jobs; SET plan_cache_mode = force_generic_plan",
    )
    .unwrap();
    let claims: Vec<&String> = caught.iter().filter(|sql| sql.contains("urgency")).collect();
    assert!(!claims.is_empty(), "{caught:?}");
    for sql in claims {
        let plan = plan(&mut conn, sql);
        let in_order = plan.contains("Index Scan using jobs_claim") && !plan.contains("Sort");
        assert!(in_order, "{sql}\n{plan}");
    }
}
