//! What this process has used.

use std::time::Duration;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;

const MIB: f64 = 1024.0;

/// What was used up to a moment.
#[derive(Clone, Copy)]
pub(super) struct Used {
    cpu: Duration,
    wakes: i64,
}

impl Used {
    /// Up to now.
    pub(super) fn now() -> Self {
        let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
            return Self { cpu: Duration::ZERO, wakes: 0 };
        };
        Self { cpu: cpu(&usage), wakes: usage.voluntary_context_switches() }
    }

    /// Processor time since, in seconds.
    pub(super) fn cpu_secs(self) -> f64 {
        Self::now().cpu.saturating_sub(self.cpu).as_secs_f64()
    }

    /// How often a thread went to sleep since.
    pub(super) fn wakes(self) -> i64 {
        Self::now().wakes - self.wakes
    }
}

fn cpu(usage: &Usage) -> Duration {
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

/// Memory in use now, in MiB; `None` where the system does not tell.
pub(super) fn resident_mib() -> Option<f64> {
    status("VmRSS:")
}

/// The most memory that was in use, in MiB; `None` where the system does not tell.
pub(super) fn peak_mib() -> Option<f64> {
    status("VmHWM:")
}

/// How many files and sockets are open; `None` where the system does not tell.
pub(super) fn open_files() -> Option<f64> {
    #[allow(clippy::cast_precision_loss)]
    std::fs::read_dir("/proc/self/fd").ok().map(|open| open.count() as f64)
}

fn status(key: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(key))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / MIB)
}
