//! `callboard bench all`

use std::path::PathBuf;
use std::process::Command;

use super::Failure;

const WORKLOADS: [&str; 12] = [
    "enqueue", "bulk", "drain", "latency", "idle", "start", "growth", "pages", "recover", "retries",
    "shutdown", "watchers",
];

/// All of them one after the other, each in a process of its own
#[derive(Debug, clap::Args)]
pub(super) struct All {}

impl All {
    /// Each runs with its defaults. A process of its own, because memory that one has used would be
    /// counted with the next.
    pub(super) fn run(dir: Option<PathBuf>, json: bool) -> Result<(), Failure> {
        let local = |source| Failure::Local { what: "run a workload", source };
        let program = std::env::current_exe().map_err(local)?;
        let mut failed = 0;
        for (i, workload) in WORKLOADS.iter().enumerate() {
            if i > 0 && !json {
                println!();
            }
            let mut command = Command::new(&program);
            command.args(["bench", workload]);
            if let Some(dir) = &dir {
                command.arg("--dir").arg(dir);
            }
            if json {
                command.arg("--json");
            }
            failed += usize::from(!command.status().map_err(local)?.success());
        }
        match failed {
            0 => Ok(()),
            failed => Err(Failure::Some { failed, all: WORKLOADS.len() }),
        }
    }
}
