//! `callboard bench remote`

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::ground::Ground;
use super::process::{self, Used};
use super::report::Report;
use super::{Failure, Workload};
use crate::faktory::{self, Serving};

/// The longest that it may take.
const LIMIT: Duration = Duration::from_secs(300);
/// How long idle workers are watched.
const IDLE: Duration = Duration::from_secs(10);
/// Jobs in one command.
const BULK: u32 = 1_000;

/// Push, fetch and acknowledge jobs over the Faktory Work Protocol; clients included
#[derive(Debug, clap::Args)]
pub(super) struct Remote {
    /// How many jobs
    #[arg(long, default_value_t = 50_000)]
    jobs: u32,
    /// Connections that fetch
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    workers: u32,
    /// Connections that wait for a job that does not come, measured first
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(0..=1_900))]
    idle: u32,
}

impl Workload for Remote {
    const ON_POSTGRES: bool = true;

    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        let callboard = ground.store_only().await?;
        let (listener, address) = faktory::listen("127.0.0.1:0").map_err(local)?;
        let serving = Serving::start(listener, &callboard, None, None);
        let about = format!(
            "{} jobs that do nothing: pushed over one connection, {} at a time, fetched and acknowledged over {}",
            self.jobs, BULK, self.workers
        );
        let mut report = Report::new("remote", about);
        self.wait_idly(address, &mut report).await.map_err(local)?;
        let (begin, used) = (Instant::now(), Used::now());
        match tokio::time::timeout(LIMIT, self.work(address)).await {
            Ok(done) => done.map_err(local)?,
            Err(_) => return Err(Failure::Slow { what: "the work", done: 0, of: self.jobs.into() }),
        }
        let (took, cpu) = (begin.elapsed(), used.cpu_secs());
        drop(serving);
        callboard.shutdown().await;
        let jobs = f64::from(self.jobs);
        report.figure("push, fetch, acknowledge", jobs / took.as_secs_f64(), "jobs/s");
        report.figure("CPU a job", cpu * 1e6 / jobs, "us");
        Ok(report)
    }
}

fn local(source: std::io::Error) -> Failure {
    Failure::Local { what: "speak the Faktory Work Protocol", source }
}

impl Remote {
    /// Both ends of the connections are in this process, so their cost is an upper bound.
    async fn wait_idly(&self, address: SocketAddr, report: &mut Report) -> std::io::Result<()> {
        let before = process::resident_mib();
        let mut clients = Vec::new();
        for i in 0..self.idle {
            clients.push(Client::connect(address, &format!("idle-{i}")).await?);
        }
        let used = Used::now();
        let waits = clients.into_iter().map(|mut client| async move {
            let begin = Instant::now();
            while begin.elapsed() < IDLE {
                client.ask("FETCH nothing").await?;
            }
            Ok::<_, std::io::Error>(client)
        });
        let clients = futures_util::future::try_join_all(waits).await?;
        let cpu = used.cpu_secs() / IDLE.as_secs_f64();
        if let (Some(before), Some(after), false) = (before, process::resident_mib(), clients.is_empty()) {
            report.figure(format!("memory of {} idle workers, both ends", self.idle), after - before, "MiB");
            report.figure("processor meanwhile", cpu * 100.0, "% of a core");
        }
        Ok(())
    }

    /// Returns with the last acknowledgement. Those who wait for one more job then, as workers do for two
    /// seconds, are not waited for.
    async fn work(&self, address: SocketAddr) -> std::io::Result<()> {
        let (left, all_done) = (Arc::new(AtomicU32::new(self.jobs)), Arc::new(Notify::new()));
        let mut fetching = Vec::new();
        for i in 0..self.workers {
            let client = Client::connect(address, &format!("worker-{i}")).await?;
            fetching.push(client.fetch_for_ever(left.clone(), all_done.clone()));
        }
        let pushing = async {
            let mut client = Client::connect(address, "").await?;
            for first in (0..self.jobs).step_by(BULK as usize) {
                let job =
                    |n: u32| format!("{{\"jid\":\"bench-{n:08}\",\"jobtype\":\"Nothing\",\"args\":[{n}]}}");
                let jobs: Vec<String> = (first..self.jobs.min(first + BULK)).map(job).collect();
                client.ask(&format!("PUSHB [{}]", jobs.join(","))).await?;
            }
            all_done.notified().await;
            Ok(())
        };
        let fetching = futures_util::future::try_join_all(fetching);
        tokio::select! {
            done = pushing => done,
            failed = fetching => failed.map(|_| ()),
        }
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    async fn connect(address: SocketAddr, wid: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut client = Self(BufReader::with_capacity(1024, stream));
        client.read().await?;
        client.ask(&format!("HELLO {{\"v\":2,\"wid\":\"{wid}\"}}")).await?;
        Ok(client)
    }

    /// Fetches and acknowledges, and tells when nothing is left of so many.
    async fn fetch_for_ever(
        mut self,
        left: Arc<AtomicU32>,
        all_done: Arc<Notify>,
    ) -> std::io::Result<Infallible> {
        loop {
            let job = self.ask("FETCH default").await?;
            let Some((_, rest)) = job.split_once("\"jid\":\"") else { continue };
            let jid = rest.split('"').next().unwrap_or_default();
            self.ask(&format!("ACK {{\"jid\":\"{jid}\"}}")).await?;
            if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                all_done.notify_one();
            }
        }
    }

    async fn ask(&mut self, line: &str) -> std::io::Result<String> {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).await?;
        self.read().await
    }

    /// The next answer; an error there is one here.
    async fn read(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).await?;
        let line = line.trim_end();
        match line.strip_prefix('$').and_then(|length| length.parse::<usize>().ok()) {
            Some(length) => {
                let mut body = vec![0; length + 2];
                self.0.read_exact(&mut body).await?;
                Ok(String::from_utf8_lossy(&body[..length]).into_owned())
            }
            None if line.starts_with('-') || line.is_empty() => Err(std::io::Error::other(line.to_owned())),
            None => Ok(line.to_owned()),
        }
    }
}
