//! What a program's end means for its job.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::sys::signal::Signal;

use crate::workers::Failure;

/// EX_TEMPFAIL: try again.
const TRY_AGAIN: i32 = 75;
/// EX_DATAERR: it would fail again.
const FAIL_FOR_GOOD: i32 = 65;
/// ENOEXEC, for which there is no kind of error.
const NOT_EXECUTABLE: i32 = 8;

/// The failure that an exit other than 0 is; `stderr` is quoted.
pub(super) fn failure(program: &str, status: ExitStatus, stderr: &str) -> Option<Failure> {
    let quote = if stderr.is_empty() { String::new() } else { format!(": {stderr}") };
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(FAIL_FOR_GOOD), _) => {
            Some(Failure::fatal(format_args!("{program} ended with exit code 65 (wrong data){quote}")))
        }
        (Some(TRY_AGAIN), _) => {
            Some(Failure::retry(format_args!("{program} ended with exit code 75 (try again){quote}")))
        }
        (Some(code), _) => Some(Failure::retry(format_args!("{program} ended with exit code {code}{quote}"))),
        (None, signal) => {
            let name = signal.map_or_else(|| "an unknown signal".to_owned(), signal_name);
            Some(Failure::retry(format_args!("{program} was killed by {name}{quote}")))
        }
    }
}

/// The failure that it is when a program cannot be started or ended.
pub(super) fn not_run(program: &str, e: &io::Error) -> Failure {
    let text = match e.kind() {
        io::ErrorKind::NotFound => {
            format!(
                "{program} cannot be started: it, or the interpreter that its first line names, is not there"
            )
        }
        io::ErrorKind::ArgumentListTooLong => format!(
            "{program} cannot be started: its arguments are too long; let it read the job from standard input"
        ),
        io::ErrorKind::TimedOut => e.to_string(),
        _ => format!("{program} cannot be started: {e}"),
    };
    let for_good = matches!(
        e.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::ArgumentListTooLong
    );
    if for_good || e.raw_os_error() == Some(NOT_EXECUTABLE) {
        Failure::Fatal(text)
    } else {
        Failure::retry(text)
    }
}

fn signal_name(number: i32) -> String {
    match Signal::try_from(number) {
        Ok(signal) => format!("signal {number} ({signal})"),
        Err(_) => format!("signal {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits() {
        let of = |wait_status, stderr| failure("prog", ExitStatus::from_raw(wait_status), stderr);
        assert_eq!(of(0, "noise"), None);
        assert_eq!(of(65 << 8, ""), Some(Failure::fatal("prog ended with exit code 65 (wrong data)")));
        assert_eq!(
            of(75 << 8, "busy"),
            Some(Failure::retry("prog ended with exit code 75 (try again): busy"))
        );
        assert_eq!(of(1 << 8, "why"), Some(Failure::retry("prog ended with exit code 1: why")));
        assert_eq!(of(9, ""), Some(Failure::retry("prog was killed by signal 9 (SIGKILL)")));
        assert_eq!(of(40, ""), Some(Failure::retry("prog was killed by signal 40")));
    }
}
