//! `callboard bench watchers`

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

use super::ground::Ground;
use super::probe;
use super::process::Used;
use super::report::{Latencies, Report};
use super::{Failure, Workload};
use crate::domain::NewJob;
use crate::http::server::{self, Setup};
use crate::runtime::Callboard;
use crate::workers::{Context, RunResult, Worker, typed};

/// How often a job says how far it is; two a second of that are told.
const STEPS_A_SECOND: u32 = 20;
/// How much longer than the jobs it all may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Jobs that say how far they are, watched over WebSockets; clients included
///
/// The same jobs run three times: nobody watches, then all watch one job, then each watches another.
#[derive(Debug, clap::Args)]
pub(super) struct Watchers {
    /// How many watch, and how many jobs run
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    watchers: u32,
    /// How long a job takes, in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    secs: u32,
}

impl Workload for Watchers {
    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        let stage =
            Arc::new(Stage { curtain: Barrier::new(self.watchers as usize + 1), late: Mutex::default() });
        let callboard = ground.running_with(self.watchers, typed(Announcer(stage.clone()))).await?;
        let (listeners, addresses) = server::listen("127.0.0.1:0").map_err(local)?;
        let http = server::serve(listeners, &callboard, Setup::default()).map_err(local)?;
        let address = *addresses.first().ok_or_else(|| local(io::Error::other("nobody listens")))?;
        let about = format!(
            "{} jobs that take {} s and say {STEPS_A_SECOND} times a second how far they are, and as many WebSockets",
            self.watchers, self.secs
        );
        let mut report = Report::new("watchers", about);
        let limit = PATIENCE + Duration::from_secs(self.secs.into());
        for (what, watched) in [
            ("nobody watches", None),
            ("all watch one", Some(1)),
            ("each watches another", Some(self.watchers)),
        ] {
            let run = self.run(&callboard, &stage, address, watched);
            let Ok(seen) = tokio::time::timeout(limit, run).await else {
                return Err(Failure::Slow { what: "watching", done: 0, of: self.watchers.into() });
            };
            seen?.describe(what, &mut report);
        }
        http.stop().await;
        callboard.shutdown().await;
        Ok(report)
    }
}

impl Watchers {
    /// Runs the jobs once; the first `watched` of them are watched, by all in turns.
    async fn run(
        &self,
        callboard: &Callboard,
        stage: &Stage,
        address: SocketAddr,
        watched: Option<u32>,
    ) -> Result<Seen, Failure> {
        let steps = u64::from(self.secs * STEPS_A_SECOND);
        let mut ids = Vec::new();
        for _ in 0..self.watchers {
            let job = NewJob::new(Announcer::JOB_TYPE).args(&Announcement { steps });
            let job = job.map_err(|e| local(io::Error::other(e)))?;
            ids.push(callboard.enqueue(job).await?.job.id);
        }
        let mut watchers = Vec::new();
        if let Some(watched) = watched {
            for i in 0..self.watchers {
                let id = ids[(i % watched) as usize];
                watchers.push(Watcher::connect(address, id).await.map_err(local)?);
            }
        }
        let used = Used::now();
        stage.curtain.wait().await;
        let watching = watchers.into_iter().map(Watcher::watch);
        let watched = futures_util::future::try_join_all(watching).await.map_err(local)?;
        probe::settled(callboard).await?;
        Ok(Seen { watched, steps, late: stage.take_late(), cpu: used.cpu_secs() })
    }
}

fn local(source: io::Error) -> Failure {
    Failure::Local { what: "watch over a WebSocket", source }
}

/// Where the jobs are on: they begin together, once all who watch are there.
struct Stage {
    curtain: Barrier,
    late: Mutex<Latencies>,
}

impl Stage {
    /// How much longer than they should the jobs took, since the last call.
    fn take_late(&self) -> Latencies {
        std::mem::take(&mut self.late.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Announcement {
    steps: u64,
}

struct Announcer(Arc<Stage>);

impl Worker for Announcer {
    const JOB_TYPE: &'static str = "announce";
    const DESCRIPTION: &'static str = "Says how far it is.";
    type Args = Announcement;
    type Output = ();

    async fn run(&self, ctx: Context, args: Announcement) -> RunResult<()> {
        self.0.curtain.wait().await;
        let (begin, pause) = (Instant::now(), Duration::from_secs(1) / STEPS_A_SECOND);
        let mut tick = tokio::time::interval(pause);
        for step in 1..=args.steps {
            tick.tick().await;
            ctx.progress(step, Some(args.steps), None);
        }
        let ideal = pause * u32::try_from(args.steps.saturating_sub(1)).unwrap_or(u32::MAX);
        let late = begin.elapsed().saturating_sub(ideal);
        self.0.late.lock().unwrap_or_else(PoisonError::into_inner).add(late);
        Ok(())
    }
}

/// What came of a run.
struct Seen {
    watched: Vec<Watched>,
    /// The last step of each job.
    steps: u64,
    late: Latencies,
    cpu: f64,
}

impl Seen {
    fn describe(self, what: &str, report: &mut Report) {
        #[allow(clippy::cast_precision_loss)]
        let figure = |n: usize| n as f64;
        report.percentiles(&format!("{what}: a job took longer by"), self.late.percentiles());
        report.figure(format!("{what}: CPU, both ends"), self.cpu, "s");
        if self.watched.is_empty() {
            return;
        }
        let steps = || self.watched.iter().map(|w| w.steps);
        report.figure(format!("{what}: frames of progress"), figure(steps().sum()), "");
        report.figure(format!("{what}: the fewest that one got"), figure(steps().min().unwrap_or(0)), "");
        report.figure(format!("{what}: the most that one got"), figure(steps().max().unwrap_or(0)), "");
        let short =
            self.watched.iter().filter(|w| w.gaps > 0 || w.last != self.steps || !w.completed).count();
        report.figure(format!("{what}: who missed something"), figure(short), "");
    }
}

/// What one who watched got.
#[derive(Default)]
struct Watched {
    steps: usize,
    /// The last step.
    last: u64,
    gaps: usize,
    completed: bool,
}

/// A WebSocket as its client has it, as far as this server's frames go.
struct Watcher(BufReader<TcpStream>);

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Word {
    Progress { processed: u64 },
    State { state: String },
    Gap {},
    Snapshot {},
}

impl Watcher {
    /// Returns once the job as it is now has come: what follows is not missed.
    async fn connect(address: SocketAddr, id: i64) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!(
            "GET /api/jobs/{id}/ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let (mut me, mut line) = (Self(BufReader::with_capacity(4096, stream)), String::new());
        me.0.read_line(&mut line).await?;
        if !line.starts_with("HTTP/1.1 101 ") {
            return Err(io::Error::other(line));
        }
        while line != "\r\n" {
            line.clear();
            me.0.read_line(&mut line).await?;
        }
        me.read().await?;
        Ok(me)
    }

    /// Until the server says goodbye.
    async fn watch(mut self) -> io::Result<Watched> {
        let mut seen = Watched::default();
        while let Some(word) = self.read().await? {
            match word {
                Word::Progress { processed } => (seen.steps, seen.last) = (seen.steps + 1, processed),
                Word::State { state } => seen.completed = state == "completed",
                Word::Gap {} => seen.gaps += 1,
                Word::Snapshot {} => (),
            }
        }
        Ok(seen)
    }

    /// The next word, or none after the last. A server's frames are not masked, and those of this one whole
    /// (RFC 6455, section 5.2).
    async fn read(&mut self) -> io::Result<Option<Word>> {
        loop {
            let (kind, length) = (self.0.read_u8().await? & 0x0f, self.0.read_u8().await?);
            let length = match length {
                126 => self.0.read_u16().await?.into(),
                127 => self.0.read_u64().await?,
                short => short.into(),
            };
            let mut payload = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            self.0.read_exact(&mut payload).await?;
            match kind {
                0x1 => return Ok(Some(serde_json::from_slice(&payload)?)),
                0x8 => return Ok(None),
                _ => (),
            }
        }
    }
}
