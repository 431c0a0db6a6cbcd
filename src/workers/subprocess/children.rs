//! The children of this process: the programs it started, and orphans it has adopted.

use std::io;
use std::sync::Mutex;

use tokio::process::{Child, Command};

use super::process_table::{self, Process};

static CHILDREN: Mutex<Children> = Mutex::new(Children { adopting: false, programs: Vec::new() });

struct Children {
    adopting: bool,
    programs: Vec<Program>,
}

struct Program {
    pid: i32,
    started: u64,
}

/// Makes this process the one that orphans of its programs fall to (a child subreaper), so that they
/// are found and ended. Call it once, in a process whose children are all started by callboard: a
/// child that it does not know is taken for an orphan. Does nothing elsewhere than on Linux.
///
/// # Errors
/// When the system refuses.
pub fn adopt_orphans() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        nix::sys::prctl::set_child_subreaper(true)?;
        super::lock(&CHILDREN).adopting = true;
    }
    Ok(())
}

/// A program of ours. It is known as such until this is dropped, which must not be before somebody
/// has waited for it.
pub(super) struct Known {
    pub pid: i32,
    pub started: u64,
}

/// Starts a program. It is known before anybody can take it for an orphan.
pub(super) fn spawn(command: &mut Command) -> io::Result<(Child, Known)> {
    let mut children = super::lock(&CHILDREN);
    let child = command.spawn()?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or(0);
    let started = process_table::one(pid).map_or(0, |p| p.started);
    children.programs.push(Program { pid, started });
    Ok((child, Known { pid, started }))
}

impl Drop for Known {
    fn drop(&mut self) {
        super::lock(&CHILDREN).programs.retain(|p| p.pid != self.pid);
    }
}

/// Adopted orphans that no program can have left behind but the one that ends now: every other one
/// was started later. An orphan in doubt is left to the last of those it may belong to.
pub(super) fn orphans_of(table: &[Process], ending: i32) -> Vec<Process> {
    let children = super::lock(&CHILDREN);
    if !children.adopting {
        return Vec::new();
    }
    let ours = |p: &&Process| {
        is_our_child(p)
            && children.programs.iter().all(|q| q.pid != p.pid && (q.pid == ending || q.started > p.started))
    };
    table.iter().filter(ours).copied().collect()
}

/// Takes note that an adopted orphan has ended. A program that was started here is left to those who
/// wait for it.
pub(super) fn bury(process: &Process) {
    use nix::sys::wait::{WaitPidFlag, waitpid};

    let known = super::lock(&CHILDREN).programs.iter().any(|p| p.pid == process.pid);
    if is_our_child(process) && !known {
        let _ = waitpid(nix::unistd::Pid::from_raw(process.pid), Some(WaitPidFlag::WNOHANG));
    }
}

fn is_our_child(process: &Process) -> bool {
    i64::from(process.parent) == i64::from(std::process::id())
}
