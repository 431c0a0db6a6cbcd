//! `callboard doctor`

mod clock;
mod database;
mod disk;
mod finding;
mod limits;
mod ports;
mod server;
mod tools;

use serde::Serialize;

use finding::{Finding, Level};

use super::configured::ConfigArgs;
use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, ServerArgs};
use crate::config::Config;

/// Look at everything that a server needs: configuration, tools, disk, database, clock, ports, limits
///
/// Changes nothing, and may be used while a server runs. Each line is ok, a warning or a fault, with
/// what to do. Ends with 1 if there is a fault.
#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    /// Read the whole database, however large it is
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// All of it, for programs.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    /// The worst of them.
    level: Level,
    findings: &'a [Finding],
}

impl Doctor {
    pub(super) fn run(self, server: ServerArgs) -> Result<(), Failure> {
        let mut findings = match self.config.load() {
            Ok((config, _)) => examine(&config, self.full, &server)?,
            Err(Failure::Configuration(wrong)) => configuration_faults(&wrong.to_string()),
            Err(other) => return Err(other),
        };
        findings.extend(limits::examine());
        tell(&findings, server.json)
    }
}

fn configuration_faults(text: &str) -> Vec<Finding> {
    let advice = "correct it; nothing that depends on the configuration was looked at";
    text.lines().map(|line| Finding::fault("configuration", line, advice)).collect()
}

fn examine(config: &Config, full: bool, server: &ServerArgs) -> Result<Vec<Finding>, Failure> {
    let mut findings = match crate::runtime::check_workers(config) {
        Ok(()) => vec![Finding::ok("configuration", "is valid")],
        Err(faults) => configuration_faults(&faults.join("\n")),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::Local { what: "start", source })?;
    findings.extend(runtime.block_on(tools::examine(config)));
    findings.extend(disk::examine(config));
    findings.extend(database::examine(&config.database(), full));
    let client = Client::new(server)?;
    let answer = runtime.block_on(server::ask(&client));
    findings.extend(clock::examine(&config.database(), answer.as_ref().ok()));
    findings.extend(ports::examine(config, answer.is_ok()));
    findings.push(server::finding(&answer));
    Ok(findings)
}

fn tell(findings: &[Finding], json: bool) -> Result<(), Failure> {
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    let level = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    let mut out = Output::new(json);
    if json {
        out.value(&Report { version: env!("CARGO_PKG_VERSION"), level, findings })?;
    } else {
        for finding in findings {
            out.text(&finding.text())?;
        }
    }
    out.flush()?;
    match (level, count(Level::Fault)) {
        (Level::Fault, 1) => Err(Failure::Incomplete("there is a fault".into())),
        (Level::Fault, n) => Err(Failure::Incomplete(format!("there are {n} faults"))),
        _ => Ok(()),
    }
}
