//! The command line.
//!
//! A new command is one file with a struct that derives [`clap::Args`], and one line in
//! `Command`. One that talks to a server implements `remote::RemoteCommand`.

mod audit;
mod backup;
mod bench;
mod check;
mod completions;
mod configured;
mod dead;
mod doctor;
mod drain;
mod duration;
mod enqueue;
mod failure;
mod filters;
mod job_fields;
mod list;
mod logs;
mod man;
mod migrate;
mod openapi;
mod output;
mod pages;
mod pause;
mod ping;
mod plans;
mod problem;
mod remote;
mod remote_workers;
mod schedules;
mod serve;
mod server_log;
mod show;
mod signal;
mod stats;
mod steer;
mod table;
mod text;
mod token;
mod top;
mod types;
mod values;
mod watch;
mod workflow;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;
use remote::ServerArgs;

/// A durable job runtime: runs jobs, keeps them on disk, tries them again.
#[derive(Debug, Parser)]
#[command(name = "callboard", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed; 2 wrong use; 3 no server.";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Enqueue(enqueue::Enqueue),
    List(list::List),
    Show(show::Show),
    Watch(watch::Watch),
    Logs(logs::Logs),
    Retry(steer::Retry),
    Cancel(steer::Cancel),
    Signal(signal::Give),
    Dead(dead::Dead),
    Stats(stats::Stats),
    Top(top::Top),
    Ping(ping::Ping),
    Types(types::Types),
    Pause(pause::Pause),
    Resume(pause::Resume),
    Drain(drain::Drain),
    Audit(audit::Audit),
    RemoteWorkers(remote_workers::RemoteWorkers),
    Plans(plans::Plans),
    Schedules(schedules::Schedules),
    Workflow(workflow::Workflow),
    Check(check::Check),
    Bench(bench::Bench),
    Migrate(migrate::Migrate),
    Openapi(openapi::OpenApi),
    Token(token::Tokens),
    Doctor(doctor::Doctor),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Completions(completions::Completions),
    Man(man::ManPages),
}

impl Command {
    fn run(self, server: ServerArgs) -> Result<(), Failure> {
        match self {
            Self::Serve(c) => c.run(server.json),
            Self::Enqueue(c) => remote::run(c, server),
            Self::List(c) => remote::run(c, server),
            Self::Show(c) => remote::run(c, server),
            Self::Watch(c) => remote::run(c, server),
            Self::Logs(c) => remote::run(c, server),
            Self::Retry(c) => remote::run(c, server),
            Self::Cancel(c) => remote::run(c, server),
            Self::Signal(c) => remote::run(c, server),
            Self::Dead(c) => remote::run(c, server),
            Self::Stats(c) => remote::run(c, server),
            Self::Ping(c) => remote::run(c, server),
            Self::Top(c) => remote::run(c, server),
            Self::Types(c) => remote::run(c, server),
            Self::Pause(c) => remote::run(c, server),
            Self::Resume(c) => remote::run(c, server),
            Self::Drain(c) => remote::run(c, server),
            Self::Audit(c) => remote::run(c, server),
            Self::RemoteWorkers(c) => remote::run(c, server),
            Self::Plans(c) => remote::run(c, server),
            Self::Schedules(c) => remote::run(c, server),
            Self::Workflow(c) => remote::run(c, server),
            Self::Check(c) => c.run(server.json),
            Self::Bench(c) => c.run(server.json),
            Self::Migrate(c) => c.run(server.json),
            Self::Openapi(c) => c.run(),
            Self::Token(c) => c.run(server.json),
            Self::Doctor(c) => c.run(server),
            Self::Backup(c) => c.run(server.json),
            Self::Restore(c) => c.run(server.json),
            Self::Completions(c) => c.run(),
            Self::Man(c) => c.run(server.json),
        }
    }
}

/// Reads a command line, does what it says, and tells how that went: 0 done, 1 failed, 2 wrong
/// use, 3 no server.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    crate::store::connection::tune_process();
    let outcome = match Cli::try_parse_from(args) {
        Ok(cli) => cli.command.run(cli.server),
        Err(e) => {
            // Nobody is left to hear about it when this cannot be printed.
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { 2 } else { 0 });
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.exit_code()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does() {
        for command in super::Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
        }
    }
}
