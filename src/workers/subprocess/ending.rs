//! Asks processes to end, waits, and makes them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getpgrp};

use super::process_table::Process;

/// How long a process that was killed may take to go; one that hangs in the kernel can take forever.
const GIVE_UP_AFTER: Duration = Duration::from_secs(10);
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// When to do what.
#[derive(Clone)]
pub(super) struct Schedule {
    /// How long processes may take to end by themselves before they are asked.
    pub patience: Duration,
    /// How long they may take after they were asked.
    pub kill_after: Duration,
    /// Set at any time: no more waiting.
    pub at_once: Arc<AtomicBool>,
}

/// What became of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How many had to be asked or killed.
    pub ended: usize,
    /// Whether some had to be killed.
    pub killed: bool,
    /// Those that would not go.
    pub left: Vec<i32>,
}

/// Ends all processes that `living` finds, until it finds none. SIGTERM goes to each group once, so
/// that what a program starts to clean up is not stopped at it.
pub(super) fn end_all(mut living: impl FnMut() -> Vec<Process>, schedule: &Schedule) -> Outcome {
    let begun = Instant::now();
    let mut pause = FIRST_LOOK;
    let mut asked = HashSet::new();
    let mut met = HashSet::new();
    let mut killing_since = None;
    loop {
        let processes = living();
        let waited = begun.elapsed();
        let at_once = schedule.at_once.load(Ordering::Relaxed);
        let kill_now = at_once || waited >= schedule.patience + schedule.kill_after;
        if kill_now && !processes.is_empty() {
            let since = killing_since.get_or_insert_with(Instant::now);
            signal(targets(&processes), Signal::SIGKILL);
            if since.elapsed() > GIVE_UP_AFTER {
                let left = processes.iter().map(|p| p.pid).collect();
                return Outcome { ended: met.len(), killed: true, left };
            }
        } else if waited >= schedule.patience {
            let new: Vec<Target> = targets(&processes).into_iter().filter(|t| asked.insert(*t)).collect();
            signal(new.iter().copied(), Signal::SIGTERM);
            // One that was stopped would not notice.
            signal(new, Signal::SIGCONT);
        }
        if processes.is_empty() {
            return Outcome { ended: met.len(), killed: killing_since.is_some(), left: Vec::new() };
        }
        if kill_now || waited >= schedule.patience {
            met.extend(processes.iter().map(|p| p.pid));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Kills processes, once, without waiting.
pub(super) fn kill_once(processes: &[Process]) {
    signal(targets(processes), Signal::SIGKILL);
}

/// Whom a signal goes to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Target {
    Group(i32),
    /// For one that has joined our own group.
    Process(i32),
}

fn targets(processes: &[Process]) -> HashSet<Target> {
    let own = getpgrp().as_raw();
    let target = |p: &Process| {
        if p.group == own || p.group <= 1 { Target::Process(p.pid) } else { Target::Group(p.group) }
    };
    processes.iter().map(target).collect()
}

fn signal(targets: impl IntoIterator<Item = Target>, signal: Signal) {
    for target in targets {
        // An error means that it is gone, or runs as somebody else: the next look will tell.
        let _ = match target {
            Target::Group(id) => killpg(Pid::from_raw(id), signal),
            Target::Process(id) => kill(Pid::from_raw(id), signal),
        };
    }
}
