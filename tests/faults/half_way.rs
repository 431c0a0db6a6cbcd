//! What is done to many jobs in parts stops behind the part that is under way.

use std::cell::OnceCell;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use callboard::domain::{JobFilter, State};
use callboard::http::server::{self, Setup};
use callboard::runtime::callboard::Action;
use callboard::store::connection;
use callboard::store::faults::{Faults, Point};
use callboard::store::sql::Conn;
use callboard::workers::worker::from_fn;
use callboard::workers::{AnyWorker, Context, Failure, RunResult};
use callboard::{Callboard, Error, NewJob, Timestamp};
use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc as events;

use crate::house::{House, Plan};

/// Two parts and a bit.
const JOBS: usize = 450;
/// What is left behind the first of them.
const LEFT: i64 = 250;

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn count(conn: &mut Conn) -> i64 {
    diesel::sql_query("SELECT count(*) AS n FROM jobs").get_result::<Count>(conn).unwrap().n
}

/// Stops the first commit that deletes jobs, until it is let go.
struct Gate {
    reached: events::UnboundedSender<()>,
    go_on: Mutex<mpsc::Receiver<()>>,
    jobs: Mutex<i64>,
}

impl Faults for Gate {
    fn at(&self, point: Point, conn: &mut Conn) -> Result<(), String> {
        if point != Point::Commit {
            return Ok(());
        }
        let now = count(conn);
        if std::mem::replace(&mut *self.jobs.lock().unwrap(), now) > now {
            let _ = self.reached.send(());
            // Once the test has gone on there is nothing to wait for any more.
            let _ = self.go_on.lock().unwrap().recv();
        }
        Ok(())
    }
}

/// A house with dead letters, whose first deletion is stopped before its commit.
struct Stage {
    house: House,
    reached: events::UnboundedReceiver<()>,
    go_on: mpsc::Sender<()>,
}

fn failing() -> Arc<dyn AnyWorker> {
    from_fn("t", |_: Context, _: serde_json::Value| async { RunResult::<()>::Err(Failure::fatal("no")) })
}

impl Stage {
    async fn set() -> Self {
        let (tell, reached) = events::unbounded_channel();
        let (go_on, wait) = mpsc::channel();
        let gate = Gate { reached: tell, go_on: Mutex::new(wait), jobs: Mutex::new(0) };
        let mut house = Plan::new().worker(failing()).faults(Arc::new(gate)).build().await;
        let jobs = (0..JOBS).map(|_| NewJob::new("t")).collect();
        for job in house.board.enqueue_many(jobs).await.unwrap().ids {
            house.until(job, State::Failed).await;
        }
        Self { house, reached, go_on }
    }

    /// The jobs that are left.
    fn left(&self) -> i64 {
        let mut conn = connection::open_writer(&self.house.data_dir().join("queue.db")).unwrap();
        count(&mut conn)
    }
}

#[actix_rt::test]
async fn when_its_client_hangs_up() {
    let mut stage = Stage::set().await;
    let (listeners, addresses) = server::listen("127.0.0.1:0").unwrap();
    let http = server::serve(listeners, &stage.house.board, Setup::default()).unwrap();
    let mut client = TcpStream::connect(addresses[0]).await.unwrap();
    let call = format!("DELETE /api/dead-letters?all=true HTTP/1.1\r\nHost: {}\r\n\r\n", addresses[0]);
    client.write_all(call.as_bytes()).await.unwrap();
    stage.reached.recv().await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "", "the server hangs up too");
    drop(std::mem::replace(&mut stage.go_on, mpsc::channel().0));
    // It stands in line behind the part that was under way.
    stage.house.enqueue(NewJob::new("t").run_at(Timestamp::MAX)).await;
    assert_eq!(stage.left(), LEFT + 1);
    http.stop_at_once().await;
}

/// Begins something, and goes down while its first part is under way.
async fn stopped_by_going_down(begin: impl AsyncFnOnce(&Callboard) -> Result<(), Error>) {
    let Stage { house, mut reached, go_on } = Stage::set().await;
    // So that what is there is old.
    house.clock.advance(Duration::from_secs(1));
    let board = house.board.clone();
    let down = OnceCell::new();
    let goes_down = async {
        reached.recv().await.unwrap();
        let going = board.clone();
        down.set(actix_rt::spawn(async move { going.shutdown().await })).unwrap();
        while !board.is_shutting_down() {
            tokio::task::yield_now().await;
        }
        drop(go_on);
    };
    let (result, ()) = tokio::join!(begin(&house.board), goes_down);
    assert!(matches!(result, Err(Error::ShuttingDown)), "{result:?}");
    down.into_inner().unwrap().await.unwrap();
    let mut conn = connection::open_writer(&house.data_dir().join("queue.db")).unwrap();
    assert_eq!(count(&mut conn), LEFT);
}

#[actix_rt::test]
async fn when_the_server_goes_down() {
    stopped_by_going_down(async |board| {
        let filter = JobFilter { state: vec![State::Failed], ..JobFilter::default() };
        board.act(Action::Delete, filter).await.map(drop)
    })
    .await;
    stopped_by_going_down(async |board| {
        let group = board.dead_groups().await?.swap_remove(0);
        board.act_on_group(Action::Delete, "t", &group.kind).await.map(drop)
    })
    .await;
    stopped_by_going_down(async |board| board.cleanup(Duration::ZERO, true).await.map(drop)).await;
}
