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
mod report;
mod retries;
mod shutdown;
mod start;

use std::path::PathBuf;

use super::failure::Failure;
use super::output::Output;
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
    Retries(retries::Retries),
    Shutdown(shutdown::Shutdown),
    All(all::All),
    Adapter(adapter::Adapter),
}

/// Something to measure.
trait Workload {
    /// Does it on fresh ground.
    async fn measure(self, ground: &Ground) -> Result<Report, Failure>;
}

impl Bench {
    pub(super) fn run(self, json: bool) -> Result<(), Failure> {
        // What goes wrong while it measures is worth knowing; what goes well is not.
        env_logger::Builder::new().parse_filters("warn").init();
        let (dir, out) = (self.dir, Output::new(json));
        match self.what {
            What::Enqueue(w) => run(w, dir, out),
            What::Bulk(w) => run(w, dir, out),
            What::Drain(w) => run(w, dir, out),
            What::Latency(w) => run(w, dir, out),
            What::Idle(w) => run(w, dir, out),
            What::Start(w) => run(w, dir, out),
            What::Growth(w) => run(w, dir, out),
            What::Claims(w) => run(w, dir, out),
            What::Pages(w) => run(w, dir, out),
            What::Recover(w) => run(w, dir, out),
            What::Retries(w) => run(w, dir, out),
            What::Shutdown(w) => run(w, dir, out),
            What::All(_) => all::All::run(dir, json),
            What::Adapter(adapter) => adapter.run(),
        }
    }
}

fn run(workload: impl Workload, dir: Option<PathBuf>, mut out: Output) -> Result<(), Failure> {
    let ground = Ground::prepare(dir)?;
    let report = actix_rt::System::new().block_on(workload.measure(&ground))?;
    report.print(ground.flush(), &mut out)?;
    Ok(out.flush()?)
}
