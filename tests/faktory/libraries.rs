//! Libraries that people use, as they are: for Python, Node and Rust.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use callboard::domain::{JobFilter, State};
use callboard::faktory::{self, Serving};
use callboard::runtime::hub::Wish;
use callboard::{Callboard, Job, NewJob, config::Config};
use futures_util::StreamExt;
use serde_json::json;
use tokio::process::{Child, Command};

/// How long a library may take to do its work, its start included.
const LONG: Duration = Duration::from_secs(60);

struct Board {
    callboard: Callboard,
    _serving: Serving,
    url: String,
    _dir: tempfile::TempDir,
}

fn test(body: impl AsyncFnOnce(&Board)) {
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        data_dir: dir.path().join("data"),
        faktory_bind: Some("127.0.0.1:0".into()),
        faktory_password: Some("sesame".into()),
        ..Config::default()
    };
    actix_rt::System::new().block_on(async {
        let callboard = Callboard::builder(config.clone()).start().await.unwrap();
        let (listener, address) = faktory::listen("127.0.0.1:0").unwrap();
        let serving = Serving::start(listener, &callboard, config.faktory_password.clone(), None);
        let url = format!("tcp://:sesame@{address}");
        let board = Board { callboard, _serving: serving, url, _dir: dir };
        tokio::time::timeout(LONG, body(&board)).await.expect("a library does its work within a minute");
        let (_tell, hurry) = tokio::sync::watch::channel(true);
        board.callboard.shutdown_with(hurry).await;
    });
}

/// Where the libraries are. Without them a test says so; in CI it fails.
fn libraries() -> Option<PathBuf> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/clients");
    if home.join("bin/python").exists() && home.join("node_modules/faktory-worker").exists() {
        return Some(home);
    }
    assert!(std::env::var_os("CI").is_none(), "the libraries are not there: run scripts/setup-clients");
    eprintln!("NOT RUN: the libraries are not there; scripts/setup-clients installs them");
    None
}

fn python(home: &Path) -> Command {
    Command::new(home.join("bin/python"))
}

fn node(home: &Path) -> Command {
    let mut node = Command::new("node");
    node.env("NODE_PATH", home.join("node_modules"));
    node
}

impl Board {
    fn start(&self, mut program: Command, args: &[&str]) -> Child {
        let manifest = env!("CARGO_MANIFEST_DIR");
        let program = program.args(args).current_dir(manifest).env("FAKTORY_URL", &self.url);
        program.stdin(Stdio::null()).kill_on_drop(true).spawn().unwrap()
    }

    /// Runs a script to its end.
    async fn run(&self, program: Command, flag: &str, script: &str) {
        let status = self.start(program, &[flag, script]).wait().await.unwrap();
        assert!(status.success(), "{status}");
    }

    /// Stores a job and waits until somebody has done it.
    async fn done(&self, job: NewJob) -> Job {
        let id = self.callboard.enqueue(job).await.unwrap().job.id;
        self.callboard.job_at_end(id, LONG).await.unwrap()
    }

    /// Waits until some job is in a state.
    async fn until(&self, state: State) -> i64 {
        let mut events = self.callboard.hub().subscribe(Wish::all(JobFilter::default())).await.unwrap();
        loop {
            let found = JobFilter { state: vec![state], ..JobFilter::default() };
            let page = self.callboard.list(found, callboard::domain::Order::Newest, None, 1).await.unwrap();
            match page.jobs.first() {
                Some(job) => return job.id,
                None => drop(events.next().await.unwrap()),
            }
        }
    }
}

#[test]
fn pyfaktory_does_our_jobs_and_pushes_its_own() {
    let Some(home) = libraries() else { return };
    test(async |board| {
        let mut worker = board.start(python(&home), &["examples/remote/worker.py"]);
        let ours = NewJob::new("Resize").args(&json!(["a.png", 64])).unwrap();
        let job = board.done(ours).await;
        assert_eq!(job.state, State::Completed);
        assert!(job.worker_id.unwrap().starts_with("remote/"));
        let script = "
from pyfaktory import Client, Job, Producer
with Client(role='producer') as client:
    producer = Producer(client=client)
    assert producer.push(Job(jobtype='Resize', args=['b.png', 32], queue='default'))
    bad = producer.push_bulk([Job(jobtype='Resize', args=['c.png', 'é'], queue='default')])
    assert bad == {}, bad
";
        board.run(python(&home), "-c", script).await;
        for id in [2, 3] {
            assert_eq!(board.callboard.job_at_end(id, LONG).await.unwrap().state, State::Completed);
        }
        worker.kill().await.unwrap();
    });
}

#[test]
fn the_older_python_library_works_too() {
    let Some(home) = libraries() else { return };
    test(async |board| {
        let script = "
import faktory
with faktory.connection() as client:
    assert client.queue('twice', args=(1, 2), queue='old', priority=9)
";
        board.run(python(&home), "-c", script).await;
        let work = "
import faktory
def twice(a, b):
    raise ValueError('not today')
worker = faktory.Worker(queues=['old'], concurrency=1, use_threads=True)
worker.register('twice', twice)
worker.run()
";
        let mut worker = board.start(python(&home), &["-c", work]);
        let id = board.until(State::Retrying).await;
        let job = board.callboard.job(id).await.unwrap();
        assert_eq!((job.retry_count, job.args.as_str()), (1, "[1, 2]"));
        worker.kill().await.unwrap();
    });
}

#[test]
fn faktory_worker_of_node_does_our_jobs_and_pushes_its_own() {
    let Some(home) = libraries() else { return };
    test(async |board| {
        let mut worker = board.start(node(&home), &["examples/remote/worker.js"]);
        let ours = NewJob::new("Thumbnail").args(&json!(["a.png"])).unwrap();
        assert_eq!(board.done(ours).await.state, State::Completed);
        let script = "
const faktory = require('faktory-worker');
(async () => {
  const client = await faktory.connect();
  await client.job('Thumbnail', 'b.png').push();
  const rejected = await client.pushBulk([client.job('Thumbnail', 'c.png'), client.job('Thumbnail', 'd.png')]);
  if (Object.keys(rejected).length) throw new Error(JSON.stringify(rejected));
  const info = await client.info();
  if (typeof info.faktory.tasks.Busy.size !== 'number') throw new Error(JSON.stringify(info));
  await client.close();
})().catch((e) => { console.error(e); process.exit(1); });
";
        board.run(node(&home), "-e", script).await;
        for id in [2, 3, 4] {
            assert_eq!(board.callboard.job_at_end(id, LONG).await.unwrap().state, State::Completed);
        }
        worker.kill().await.unwrap();
    });
}

#[test]
fn the_rust_crate_pushes_fetches_and_reads_how_things_are() {
    test(async |board| {
        // Its connections say goodbye by blocking, which wants a runtime of several threads.
        let threads =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (url, callboard) = (board.url.clone(), board.callboard.clone());
        threads.spawn(async move { with_the_crate(&url, &callboard).await }).await.unwrap();
        let url = board.url.clone();
        threads.spawn(async move { batches_of_the_crate(&url).await }).await.unwrap();
        threads.shutdown_background();
    });
}

async fn with_the_crate(url: &str, callboard: &Callboard) {
    let mut client = ::faktory::Client::connect_to(url).await.unwrap();
    client.enqueue(::faktory::Job::new("Count", vec![1])).await.unwrap();
    // Jobs of ours have to be readable too.
    callboard.enqueue(NewJob::new("Count").args(&json!([2])).unwrap()).await.unwrap();
    let (told, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let builder = ::faktory::Worker::builder::<std::io::Error>().register_fn("Count", move |job| {
        told.send(job.args()[0].as_i64().unwrap()).unwrap();
        async { Ok(()) }
    });
    let mut worker = builder.connect_to(url).await.unwrap();
    for expected in [1, 2] {
        assert!(worker.run_one(0, &["default"]).await.unwrap());
        assert_eq!(seen.recv().await, Some(expected));
    }
    let info = client.current_info().await.unwrap();
    assert_eq!(info.data.total_processed, 2);
    client.queue_pause(&["default"]).await.unwrap();
    client.queue_remove_all().await.unwrap();
}

async fn batches_of_the_crate(url: &str) {
    use ::faktory::ent::{Batch, BatchId, CallbackState};
    let job = |kind: &str| ::faktory::Job::builder(kind).queue("batches").build();
    let mut client = ::faktory::Client::connect_to(url).await.unwrap();
    let mut watcher = ::faktory::Client::connect_to(url).await.unwrap();
    let done = |_| async { Ok(()) };
    let builder = ::faktory::Worker::builder::<std::io::Error>();
    let builder = builder.register_fn("part", done).register_fn("count", done).register_fn("tell", done);
    let mut worker = builder.connect_to(url).await.unwrap();
    let outer = Batch::builder().description("outer").with_callbacks(job("tell"), job("count"));
    let mut outer = client.start_batch(outer).await.unwrap();
    let bid = outer.id().clone();
    assert!(outer.add(job("part")).await.unwrap().is_none());
    let inner = Batch::builder().description("inner").with_success_callback(job("tell"));
    let mut inner = outer.start_batch(inner).await.unwrap();
    let inner_bid = inner.id().clone();
    inner.add(job("part")).await.unwrap();
    inner.commit().await.unwrap();
    let status = watcher.get_batch_status(&inner_bid).await.unwrap().unwrap();
    assert_eq!((status.parent_bid, status.total, status.pending), (Some(bid.clone()), 1, 1));
    assert!(client.open_batch(BatchId::new("non-existent-batch-id")).await.unwrap().is_none());
    client.open_batch(&bid).await.unwrap().expect("it is there").commit().await.unwrap();
    // Two parts, the callback of the inner one, and both of the outer one.
    for _ in 0..5 {
        assert!(worker.run_one(0, &["batches"]).await.unwrap());
    }
    let status = watcher.get_batch_status(&bid).await.unwrap().unwrap();
    assert_eq!((status.total, status.pending, status.failed), (1, 0, 0));
    assert_eq!(status.complete_callback_state, CallbackState::FinishedOk);
    assert_eq!(status.success_callback_state, CallbackState::FinishedOk);
}
