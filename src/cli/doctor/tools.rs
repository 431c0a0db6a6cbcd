//! The programs that workers drive.

use std::collections::BTreeMap;

use super::finding::Finding;
use crate::config::Config;
use crate::runtime::{self, ExaminedWorker};

const AREA: &str = "tools";

/// Looks for all of them.
pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    // Asking a program for its version takes a folder to do that in; the server's is left alone.
    let Ok(folder) = tempfile::tempdir() else {
        return vec![Finding::warning(
            AREA,
            "no temporary folder can be made",
            "see TMPDIR; tools were not looked at",
        )];
    };
    let elsewhere = Config { data_dir: folder.path().to_owned(), ..config.clone() };
    // What is wrong with the configuration was told.
    let Ok(workers) = runtime::examine_workers(&elsewhere).await else { return Vec::new() };
    let mut findings = programs(&workers);
    findings.extend(workers.iter().filter_map(|worker| out_of_work(worker, config)));
    findings
}

/// Each program once, with the workers that need it.
fn programs(workers: &[ExaminedWorker]) -> Vec<Finding> {
    let mut users: BTreeMap<&str, (Vec<&str>, Finding)> = BTreeMap::new();
    for worker in workers {
        for tool in &worker.tools {
            let finding = match (&tool.missing, &tool.version) {
                (Some(missing), _) => Finding::warning(AREA, format!("{} is missing", tool.name), missing),
                (None, Some(version)) => Finding::ok(AREA, format!("{} {version}", tool.name)),
                (None, None) => Finding::warning(
                    AREA,
                    format!("{} does not tell its version", tool.name),
                    "see whether it can be run by the user of the server",
                ),
            };
            users.entry(&tool.name).or_insert((Vec::new(), finding)).0.push(&worker.name);
        }
    }
    let told = |(workers, finding): (Vec<&str>, Finding)| Finding {
        said: format!("{}, for {}", finding.said, workers.join(", ")),
        ..finding
    };
    users.into_values().map(told).collect()
}

/// A worker that cannot work, for another reason than a program that was named already. It is a fault
/// if somebody has asked for it.
fn out_of_work(worker: &ExaminedWorker, config: &Config) -> Option<Finding> {
    let reason = worker.unavailable.as_ref()?;
    let declared = config.job_types.get(&worker.name);
    match declared.is_some_and(|said| said.enabled && said.run.is_some()) {
        true => Some(Finding::fault(AREA, format!("{} cannot run", worker.name), reason)),
        false if worker.tools.iter().any(|tool| tool.missing.is_some()) => None,
        false => Some(Finding::ok(AREA, format!("{} is not in use: {reason}", worker.name))),
    }
}
