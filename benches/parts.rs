//! Pieces that each job or line passes through. `cargo bench --bench parts`

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callboard::domain::{Clock, Event, EventBody, Job, JobFilter, State, Timestamp};
use callboard::faktory::Command;
use callboard::logs::JobLogs;
use callboard::runtime::hub::{HubHandle, JobLookup, Wish};
use callboard::runtime::progress_hub::ProgressHub;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::BoxFuture;

/// Events in a commit.
const EVENTS: u64 = 64;
/// How many watch.
const WATCHERS: u64 = 1_000;

fn faktory(c: &mut Criterion) {
    let push = r#"PUSH {"jid":"d8e8fca2dc0f896fd7cb4cb0031ba249","jobtype":"resize","queue":"default","args":[1,"two",{"three":3}],"retry":5,"custom":{"tenant":"a"}}"#;
    let ack = r#"ACK {"jid":"d8e8fca2dc0f896fd7cb4cb0031ba249"}"#;
    let mut group = c.benchmark_group("a line of Faktory");
    for (name, line) in [("PUSH", push), ("ACK", ack), ("FETCH", "FETCH critical default bulk")] {
        group.bench_function(name, |b| b.iter(|| Command::read(black_box(line)).expect("a command")));
    }
    group.finish();
}

struct NoJobs;

impl JobLookup for NoJobs {
    fn job(&self, _: i64) -> BoxFuture<'static, Option<Job>> {
        Box::pin(async { None })
    }
}

/// One for each of so many jobs.
fn events(jobs: u64, at: Timestamp) -> Vec<Event> {
    let event = |id| Event {
        job_id: id,
        job_type: "bench".into(),
        queue: "default".into(),
        body: EventBody::State { state: State::Running, attempt: 1, error: None, at },
    };
    (0..i64::try_from(jobs).unwrap_or(0)).map(event).collect()
}

fn hub(c: &mut Criterion) {
    let system = actix_rt::System::new();
    let (handle, clock) = (HubHandle::new(), Clock::system());
    let _hub = system.block_on(async { ProgressHub::start_on(&handle, clock.clone(), Arc::new(NoJobs)) });
    let mut group = c.benchmark_group("the events of a commit, told and kept");
    group.throughput(Throughput::Elements(EVENTS));
    for subscribers in [0, 1] {
        let wish = || Wish::all(JobFilter::default());
        let watching: Vec<_> =
            (0..subscribers).map(|_| system.block_on(handle.subscribe(wish())).expect("a hub")).collect();
        let publish = |n: u64| {
            let commits: Vec<_> = (0..n).map(|_| events(EVENTS, clock.now())).collect();
            let begin = Instant::now();
            system.block_on(async {
                for commit in commits {
                    handle.publish(commit);
                }
                // Behind all of them in the mailbox.
                let last = handle.subscribe(wish()).await;
                drop(last);
            });
            begin.elapsed()
        };
        group.bench_function(format!("{subscribers} subscribers"), |b| b.iter_custom(publish));
        drop(watching);
    }
    group.finish();
}

/// What the hub does for each frame that it hands to somebody; taking it is the watcher's part, and left out.
fn watchers(c: &mut Criterion) {
    let system = actix_rt::System::new();
    let (handle, clock) = (HubHandle::new(), Clock::system());
    let _hub = system.block_on(async { ProgressHub::start_on(&handle, clock.clone(), Arc::new(NoJobs)) });
    let mut group = c.benchmark_group("frames handed to a thousand who watch");
    group.throughput(Throughput::Elements(WATCHERS));
    for (what, jobs) in [("one job", 1), ("a job each", WATCHERS)] {
        let job = |i: u64| i64::try_from(i % jobs).unwrap_or(0);
        let subscribe = |i| system.block_on(handle.subscribe(Wish::job(job(i)))).expect("a hub");
        let watching: Vec<_> = (0..WATCHERS).map(subscribe).collect();
        let tell = |n: u64| {
            let mut took = Duration::ZERO;
            for _ in 0..n {
                let step = events(jobs, clock.now());
                let begin = Instant::now();
                system.block_on(async {
                    handle.publish(step);
                    // Behind it in the mailbox.
                    drop(handle.subscribe(Wish::job(-1)).await);
                });
                took += begin.elapsed();
                let frames: usize = watching.iter().map(|w| w.take_ready().len()).sum();
                assert_eq!(frames, watching.len(), "each got its frame");
            }
            took
        };
        group.bench_function(what, |b| b.iter_custom(tell));
    }
    group.finish();
}

fn log(c: &mut Criterion) {
    let home = tempfile::tempdir().expect("a folder");
    let logs = JobLogs::new(home.path().to_owned(), 1 << 40, Clock::system());
    let log = logs.attempt(1, 1, None);
    c.bench_function("a line of a job's log", |b| {
        b.iter(|| log.info(black_box("frame 312 of 4400, 12.5 fps")));
    });
    log.close();
}

criterion_group!(benches, faktory, hub, watchers, log);
criterion_main!(benches);
