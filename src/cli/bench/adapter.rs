//! `callboard bench adapter`: the same workloads in the words of a harness that measures several
//! runtimes side by side. Each call is a process of its own on a database that it is given, and
//! prints tab-separated lines that the harness reads.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};

use super::ground::{Place, fill, running, store_only};
use super::probe::{self, Holder, Probe, Tally};
use super::process::{self, Used};
use super::producers::produce;
use super::{Failure, payload};
use crate::config::{DatabaseUrl, Postgres};
use crate::domain::NewJob;
use crate::runtime::Callboard;
use crate::workers::typed;

/// Work for a harness that compares runtimes
#[derive(Debug, clap::Args)]
pub(super) struct Adapter {
    /// What the harness says; `--help` after `--` lists it
    // Parsed apart: the harness has a `--url` of another kind than that of the other commands.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    args: Vec<String>,
}

/// Words of the harness
#[derive(Debug, Parser)]
#[command(name = "callboard bench adapter", no_binary_name = true)]
struct Args {
    /// What to do
    #[arg(long)]
    workload: Part,
    /// The SQLite file, beside which the data folder stands; or postgres://…
    #[arg(long, required_unless_present = "data_dir", value_parser = queue)]
    url: Option<Queue>,
    /// The data folder, instead
    #[arg(long, conflicts_with = "url")]
    data_dir: Option<PathBuf>,
    /// A PostgreSQL database, instead of the file in the folder
    #[arg(long, env = "CALLBOARD_DATABASE_URL", hide_env_values = true, value_parser = super::postgres)]
    database_url: Option<DatabaseUrl>,
    /// Its schema
    #[arg(long, default_value = "public")]
    schema: String,
    /// How many jobs
    #[arg(long, default_value_t = 1000)]
    n: u64,
    /// Producers, or jobs that run at once
    #[arg(long, default_value_t = 1)]
    conc: u32,
    /// Jobs in a call of the bulk interface
    #[arg(long, default_value_t = 1000)]
    batch: u64,
    /// Stop after so many seconds
    #[arg(long, default_value_t = 10.0)]
    max_secs: f64,
    /// Jobs a second (w4)
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// What kind of jobs stand in the queue (seed)
    #[arg(long, default_value = "sched")]
    kind: Kind,
    /// Do not wait until the store shows that nothing is unfinished
    #[arg(long)]
    no_final: bool,
    /// The name that the harness gives us
    #[arg(long, default_value = "callboard")]
    peer: String,
    /// There is one only: full
    #[arg(long, default_value = "full")]
    durability: String,
}

/// Where the harness wants the queue.
#[derive(Clone, Debug)]
enum Queue {
    File(PathBuf),
    Database(DatabaseUrl),
}

fn queue(text: &str) -> Result<Queue, String> {
    match text.starts_with("postgres") {
        true => super::postgres(text).map(Queue::Database),
        false => Ok(Queue::File(text.into())),
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    /// Enqueue one at a time
    W1,
    /// Enqueue in bulk
    W2,
    /// Fill a queue
    Fill,
    /// Drain it
    Drain,
    /// From enqueue to start
    W4,
    /// Put a standing backlog there
    Seed,
    /// Start as many jobs as run at once, none of which ends, and say so
    Hold,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Due in ten days
    Sched,
    /// Due now
    Pend,
}

impl Adapter {
    pub(super) fn run(self) -> Result<(), Failure> {
        let args = match Args::try_parse_from(self.args) {
            Ok(args) => args,
            Err(e) if e.use_stderr() => return Err(Failure::Usage(e.to_string())),
            Err(help) => return Ok(help.print()?),
        };
        if !matches!(args.durability.as_str(), "full" | "shipped") {
            let text = format!("no durability {:?}: callboard knows full only", args.durability);
            return Err(Failure::Usage(text));
        }
        actix_rt::System::new().block_on(args.run())
    }
}

impl Args {
    async fn run(mut self) -> Result<(), Failure> {
        // A queue that is elsewhere leaves no folder behind.
        let mut home = None;
        if let Some(Queue::Database(url)) = self.url.take_if(|url| matches!(url, Queue::Database(_))) {
            let local = |source| Failure::Local { what: "make a data folder", source };
            self.data_dir = Some(home.insert(tempfile::tempdir().map_err(local)?).path().to_owned());
            self.database_url = Some(url);
        }
        match self.workload {
            Part::W1 => self.enqueue().await,
            Part::W2 => self.bulk().await,
            Part::Fill => self.fill(|job| job).await,
            Part::Drain => self.drain().await,
            Part::W4 => self.latency().await,
            Part::Seed => self.seed().await,
            Part::Hold => self.hold().await,
        }
    }

    /// The harness names a file, callboard a folder in which the file has a name of its own.
    fn data_dir(&self) -> PathBuf {
        let beside = |url: &Queue| {
            let Queue::File(file) = url else { return PathBuf::new() };
            let mut name = file.clone().into_os_string();
            name.push(".callboard");
            name.into()
        };
        self.data_dir.clone().or_else(|| self.url.as_ref().map(beside)).unwrap_or_default()
    }

    fn place(&self) -> Place {
        let schema = self.schema.clone();
        let database = self.database_url.clone().map(|url| Postgres { url, schema });
        Place { data_dir: self.data_dir(), database }
    }

    fn limit(&self) -> Duration {
        Duration::try_from_secs_f64(self.max_secs).unwrap_or(Duration::MAX)
    }

    async fn store(&self) -> Result<Callboard, Failure> {
        store_only(&self.place()).await
    }

    async fn enqueue(self) -> Result<(), Failure> {
        let callboard = self.store().await?;
        // As with everybody else in the harness, the first one is not counted.
        callboard.enqueue(payload::job(0)?).await?;
        let done = produce(&callboard, self.conc as usize, self.n, self.limit()).await?;
        callboard.shutdown().await;
        let (workload, note) = (format!("w1c{}", self.conc), format!("n={} errors=0", done.acks.count()));
        let acks = done.acks.percentiles();
        emit(&workload, "enqueue", done.rate, "jobs/s", &note);
        emit(&workload, "ack_p50", acks.p50, "ms", &note);
        emit(&workload, "ack_p99", acks.p99, "ms", &note);
        Ok(())
    }

    async fn bulk(self) -> Result<(), Failure> {
        let callboard = self.store().await?;
        let begin = Instant::now();
        let mut done = 0;
        while done < self.n && begin.elapsed() < self.limit() {
            let some = self.batch.min(self.n - done);
            fill(&callboard, some, self.batch, |job| job).await?;
            done += some;
        }
        let secs = begin.elapsed().as_secs_f64();
        callboard.shutdown().await;
        emit("w2", "bulk_enqueue", number(done) / secs, "jobs/s", &format!("n={done} batch={}", self.batch));
        Ok(())
    }

    async fn fill(self, shape: impl Fn(NewJob) -> NewJob) -> Result<(), Failure> {
        let callboard = self.store().await?;
        fill(&callboard, self.n, self.batch, shape).await?;
        callboard.shutdown().await;
        Ok(())
    }

    async fn seed(self) -> Result<(), Failure> {
        let far = crate::domain::Clock::system().now().plus(Duration::from_secs(10 * 86_400));
        match self.kind {
            Kind::Sched => self.fill(move |job| job.run_at(far)).await,
            Kind::Pend => self.fill(|job| job).await,
        }
    }

    async fn drain(self) -> Result<(), Failure> {
        let tally = if self.no_final { Tally::of(self.n) } else { Tally::each_once(self.n) };
        let resident = process::resident_mib();
        let (begin, used) = (Instant::now(), Used::now());
        let callboard = running(&self.place(), self.conc, typed(Probe(tally.clone()))).await?;
        let reached = tally.reached(self.limit()).await;
        if reached && !self.no_final {
            probe::settled(&callboard).await?;
        }
        let (secs, cpu, handled) = (begin.elapsed().as_secs_f64(), used.cpu_secs(), tally.handled());
        let mut note = format!("conc={}", self.conc);
        if !reached {
            note += " time-bounded";
        }
        note += &format!(" n={handled}");
        if tally.twice() > 0 {
            note += &format!(" RUN-TWICE={}", tally.twice());
        }
        emit("drain", "drain", number(handled) / secs, "jobs/s", &note);
        emit("drain", "rss_start", resident.unwrap_or_default(), "MiB", "");
        emit("drain", "rss_peak", process::peak_mib().unwrap_or_default(), "MiB", "worker process");
        let each = cpu * 1e6 / number(handled.max(1));
        emit("drain", "cpu_per_job", each, "us", "worker process only");
        callboard.shutdown().await;
        Ok(())
    }

    async fn latency(self) -> Result<(), Failure> {
        let tally = Tally::with_latencies(self.n);
        let callboard = running(&self.place(), self.conc, typed(Probe(tally.clone()))).await?;
        // As with everybody else in the harness: what the start brings about is over by then.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let (begin, used) = (Instant::now(), Used::now());
        let mut tick = tokio::time::interval(Duration::from_secs_f64(1.0 / self.rate));
        for i in 0..self.n {
            tick.tick().await;
            let callboard = callboard.clone();
            actix_rt::spawn(async move {
                let done = match payload::job(i) {
                    Ok(job) => callboard.enqueue(job).await.map(|_| ()),
                    Err(e) => Err(e),
                };
                if let Err(e) = done {
                    eprintln!("w4 enqueue: {e}");
                }
            });
        }
        tally.reached(Duration::from_secs(15)).await;
        let cpu = used.cpu_secs() / begin.elapsed().as_secs_f64();
        let (handled, starts) = (tally.handled(), tally.latencies().percentiles());
        let note = format!("n={handled} of {} conc={} run-twice={}", self.n, self.conc, tally.twice());
        emit("w4", "start_p50", starts.p50, "ms", &note);
        emit("w4", "start_p99", starts.p99, "ms", &note);
        emit("w4", "cpu_at_50ps", 100.0 * cpu, "% of a core", "process, not the database");
        callboard.shutdown().await;
        Ok(())
    }

    async fn hold(self) -> Result<(), Failure> {
        let tally = Tally::of(self.conc.into());
        let worker = typed(Holder(tally.clone()));
        let _callboard = running(&self.place(), self.conc, worker).await?;
        if !tally.reached(self.limit()).await {
            return Err(Failure::Slow { what: "the start", done: tally.handled(), of: self.conc.into() });
        }
        println!("{HELD}");
        // Whoever wanted this ends the process.
        std::future::pending().await
    }
}

/// What is printed once all jobs that are held run.
pub(super) const HELD: &str = "held";

fn emit(workload: &str, metric: &str, value: f64, unit: &str, note: &str) {
    println!("M\t{workload}\t{metric}\t{value:.3}\t{unit}\t{note}");
}

#[allow(clippy::cast_precision_loss)]
fn number(n: u64) -> f64 {
    n as f64
}
