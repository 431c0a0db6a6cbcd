//! A job within the caller's own transaction: it starts once that has committed, and nothing but the
//! commit has to tell.

use callboard::config::Database;
use callboard::domain::State;
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::{Store, Tx};
use callboard::{Error, NewJob, Timestamp};

use crate::guest::Guest;
use crate::house::{House, Plan};
use crate::postgres::{Schema, is_there};
use crate::puppet::{Acts, puppet};
use crate::with_guest;

/// A house and a connection of the caller's own. The clock stands: no heartbeat looks for what is there.
struct Scene {
    house: House,
    acts: Acts,
    guest: Guest,
    _schema: Option<Schema>,
}

impl Scene {
    async fn sqlite() -> Self {
        let (worker, mut acts) = puppet("t");
        let mut house = Plan::new().worker(worker).build().await;
        acts.rest(&mut house, "t").await;
        let guest = Guest::sqlite(&house.data_dir().join("queue.db"));
        Self { house, acts, guest, _schema: None }
    }

    async fn postgres() -> Self {
        let schema = Schema::new();
        let (worker, mut acts) = puppet("t");
        let at = schema.postgres();
        let conninfo = at.url.conninfo();
        let plan = Plan::new().worker(worker).with(|config| {
            config.database_url = Some(at.url);
            config.postgres_schema = at.schema;
        });
        let mut house = plan.build().await;
        acts.rest(&mut house, "t").await;
        Self { house, acts, guest: Guest::postgres(&conninfo), _schema: Some(schema) }
    }

    fn enqueue(&mut self, job: NewJob) -> Result<i64, Error> {
        let board = &self.house.board;
        Ok(with_guest!(&mut self.guest, |conn| board.enqueue_on(conn, job))?.job.id)
    }

    async fn end(self) {
        self.house.board.shutdown().await;
    }
}

async fn starts_with_the_commit(mut scene: Scene) {
    scene.guest.begin();
    let id = scene.enqueue(NewJob::new("t")).unwrap();
    assert!(matches!(scene.house.board.job(id).await, Err(Error::NotFound(_))));
    assert!(scene.acts.is_empty());
    scene.guest.commit();
    let act = scene.acts.next().await;
    assert_eq!(act.id(), id);
    act.succeed();
    scene.house.until(id, State::Completed).await;
    assert_eq!(scene.house.all_told(id), [State::Pending, State::Running, State::Completed]);
    scene.end().await;
}

async fn what_is_rolled_back_never_was(mut scene: Scene) {
    let before = scene.house.board.queue_status().await.unwrap().total;
    scene.guest.begin();
    scene.enqueue(NewJob::new("t").key("undone")).unwrap();
    scene.guest.rollback();
    let kept = scene.enqueue(NewJob::new("t").key("kept")).unwrap();
    let act = scene.acts.next().await;
    assert_eq!((act.id(), act.ctx.job.key.as_deref()), (kept, Some("kept")));
    act.succeed();
    scene.house.until(kept, State::Completed).await;
    assert!(scene.acts.is_empty());
    assert_eq!(scene.house.board.queue_status().await.unwrap().total, before + 1);
    scene.end().await;
}

async fn many_are_all_or_none(mut scene: Scene) {
    let board = scene.house.board.clone();
    let jobs = |n: usize| (0..n).map(|_| NewJob::new("t")).collect::<Vec<_>>();
    scene.guest.begin();
    let mut wrong = jobs(2);
    wrong[1].depends_on = vec![99_999];
    let faults = with_guest!(&mut scene.guest, |conn| board.enqueue_many_on(conn, wrong)).unwrap_err();
    assert!(faults.to_string().starts_with("jobs[1].depends_on"), "{faults}");
    let stored = with_guest!(&mut scene.guest, |conn| board.enqueue_many_on(conn, jobs(3))).unwrap();
    scene.guest.commit();
    let mut begun = Vec::new();
    for _ in 0..3 {
        let act = scene.acts.next().await;
        begun.push(act.id());
        act.succeed();
    }
    begun.sort_unstable();
    assert_eq!((begun, stored.duplicates), (stored.ids, 0));
    scene.end().await;
}

/// A process that stored a job on a caller's connection and died before it took it in.
async fn dies_after_the_commit(database: &Database, mut guest: Guest) -> i64 {
    let store = Store::open(database, 1, Box::new(|_| ())).unwrap();
    let job = [Prepared::new(NewJob::new("t"), 3)];
    let verb = |tx: &mut Tx<'_>| enqueue::enqueue(tx, &job, false, Timestamp::from_millis(1));
    let stored = with_guest!(&mut guest, |conn| store.write_on(conn, verb)).unwrap();
    store.close().await;
    stored[0].id
}

async fn is_found_by(plan: Plan, id: i64) {
    let (worker, mut acts) = puppet("t");
    let mut house = plan.worker(worker).build().await;
    let act = acts.next().await;
    assert_eq!(act.id(), id);
    act.succeed();
    house.until(id, State::Completed).await;
    house.board.shutdown().await;
}

#[actix_rt::test]
async fn a_crash_after_the_commit_loses_nothing_on_sqlite() {
    let plan = Plan::new();
    std::fs::create_dir_all(&plan.config.data_dir).unwrap();
    let file = plan.config.data_dir.join("queue.db");
    let id = dies_after_the_commit(&Database::from(file.as_path()), Guest::sqlite(&file)).await;
    is_found_by(plan, id).await;
}

#[actix_rt::test]
async fn a_crash_after_the_commit_loses_nothing_on_postgres() {
    if !is_there() {
        return;
    }
    let schema = Schema::new();
    let at = schema.postgres();
    let id = dies_after_the_commit(&schema.database(), Guest::postgres(&at.url.conninfo())).await;
    let plan = Plan::new().with(|config| {
        config.database_url = Some(at.url);
        config.postgres_schema = at.schema;
    });
    is_found_by(plan, id).await;
}

macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[actix_rt::test] async fn $case() { super::$case(super::Scene::sqlite().await).await; })+
        }
        mod postgres {
            $(#[actix_rt::test] async fn $case() {
                if super::is_there() {
                    super::$case(super::Scene::postgres().await).await;
                }
            })+
        }
    };
}
on_both!(starts_with_the_commit, what_is_rolled_back_never_was, many_are_all_or_none,);

#[path = "../../examples/transactional.rs"]
mod example;

#[actix_rt::test]
async fn the_example_does_what_it_says() {
    let home = tempfile::tempdir().unwrap();
    let told = example::run(home.path()).await.unwrap();
    assert_eq!(told[0], "\"a lamp\" is ordered; job 1 ships it");
    assert_eq!(told[1], "\"\" is not ordered: what must not be empty");
    assert_eq!(told[2], "1 order, 1 job");
}
