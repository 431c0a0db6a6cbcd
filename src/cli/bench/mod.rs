//! `callboard bench`: what this machine can do, measured through the library's public face.
//!
//! A new workload is one file with a struct that derives [`clap::Args`] and implements
//! [`Workload`], and one line in [`What`].

mod adapter;
mod all;
mod bulk;
mod claims;
mod commit;
mod drain;
mod enqueue;
mod flush;
mod ground;
mod growth;
mod history;
mod idle;
mod latency;
mod pages;
mod payload;
mod probe;
mod process;
mod producers;
mod recover;
mod remote;
mod report;
mod retries;
mod shutdown;
mod soak;
mod start;
mod watchers;

use std::path::PathBuf;

use super::failure::Failure;
use super::output::Output;
use crate::config::DatabaseUrl;
use ground::Ground;
use report::Report;

/// Measure this machine: jobs a second, latencies, memory
///
/// Everything is measured with full durability, on a database of its own that is deleted
/// afterwards, beside what a flush of the same disk costs. Figures of one run compare; figures of
/// different machines, or of a busy one, do not.
#[derive(Debug, clap::Args)]
pub(super) struct Bench {
    /// Folder on the disk to measure [default: where the data folder is]
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Measure enqueue, bulk, drain, idle or retries on this PostgreSQL database instead of a file, in
    /// a schema of its own that is dropped afterwards
    #[arg(long, global = true, value_name = "URL", value_parser = postgres)]
    database_url: Option<DatabaseUrl>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Enqueue(enqueue::Enqueue),
    Bulk(bulk::Bulk),
    Drain(drain::Drain),
    Latency(latency::Latency),
    Idle(idle::Idle),
    Start(start::Start),
    Growth(growth::Growth),
    Claims(claims::Claims),
    Pages(pages::Pages),
    Recover(recover::Recover),
    Remote(remote::Remote),
    Retries(retries::Retries),
    Shutdown(shutdown::Shutdown),
    Soak(soak::Soak),
    Watchers(watchers::Watchers),
    All(all::All),
    Adapter(adapter::Adapter),
}

/// Something to measure.
trait Workload {
    /// Whether it makes sense on PostgreSQL too.
    const ON_POSTGRES: bool = false;
    /// Does it on fresh ground.
    async fn measure(self, ground: &Ground) -> Result<Report, Failure>;
}

impl Bench {
    pub(super) fn run(self, json: bool) -> Result<(), Failure> {
        // What goes wrong while it measures is worth knowing; what goes well is not.
        env_logger::Builder::new().parse_filters("warn").init();
        let (ground, out) = ((self.dir, self.database_url), Output::new(json));
        match self.what {
            What::Enqueue(w) => run(w, ground, out),
            What::Bulk(w) => run(w, ground, out),
            What::Drain(w) => run(w, ground, out),
            What::Latency(w) => run(w, ground, out),
            What::Idle(w) => run(w, ground, out),
            What::Start(w) => run(w, ground, out),
            What::Growth(w) => run(w, ground, out),
            What::Claims(w) => run(w, ground, out),
            What::Pages(w) => run(w, ground, out),
            What::Recover(w) => run(w, ground, out),
            What::Remote(w) => run(w, ground, out),
            What::Retries(w) => run(w, ground, out),
            What::Shutdown(w) => run(w, ground, out),
            What::Soak(w) => run(w, ground, out),
            What::Watchers(w) => run(w, ground, out),
            What::All(_) => all::All::run(ground.0, json),
            What::Adapter(adapter) => adapter.run(),
        }
    }
}

fn run<W: Workload>(
    workload: W,
    (dir, database): (Option<PathBuf>, Option<DatabaseUrl>),
    mut out: Output,
) -> Result<(), Failure> {
    if database.is_some() && !W::ON_POSTGRES {
        let text = "this one measures the embedded database only; leave --database-url out";
        return Err(Failure::Usage(text.into()));
    }
    let ground = Ground::prepare(dir, database)?;
    let report = actix_rt::System::new().block_on(workload.measure(&ground))?;
    report.print(ground.flush(), &mut out)?;
    Ok(out.flush()?)
}

fn postgres(text: &str) -> Result<DatabaseUrl, String> {
    let url = DatabaseUrl::parse(text.to_owned())?;
    match url.path() {
        None => Ok(url),
        Some(_) => Err("must be postgres://…; a file is measured without it".into()),
    }
}
