//! Programs that a killed server has left running.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::ending::{Schedule, end_all};
use super::instance::{Instance, MARK};
use super::process_table::{self, Process};

/// The longest time to wait for them before they are killed, so that all is over within 15 s.
const LONGEST_GRACE: Duration = Duration::from_secs(4);

/// Ends the programs, with all that they started, which an earlier server of this instance has left,
/// and returns how many processes there were; then clears `work_root`, where their folders are. It
/// blocks until they are gone. No server of this instance may run.
///
/// # Errors
/// When some would not go (the error names them), or the folders cannot be removed.
pub fn end_leftovers(instance: &Instance, work_root: &Path, kill_after: Duration) -> io::Result<usize> {
    let root = work_root.canonicalize().ok();
    let prefix = instance.mark_prefix();
    let is_ours = |p: &Process| {
        !p.dead
            && (process_table::has_variable(p.pid, MARK, |value| value.starts_with(prefix.as_bytes()))
                || root.as_deref().is_some_and(|root| is_at_work_in(p.pid, root)))
    };
    let kill_after = kill_after.min(LONGEST_GRACE);
    let schedule = Schedule { patience: Duration::ZERO, kill_after, at_once: Arc::default() };
    let mut seen = HashSet::new();
    let outcome = end_all(|| living(&is_ours, &mut seen), &schedule);
    if outcome.left.is_empty() {
        root.map_or(Ok(()), |root| clear(&root))?;
        Ok(outcome.ended)
    } else {
        let text =
            format!("the processes {:?}, left by an earlier server, do not end when killed", outcome.left);
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    }
}

/// A person's shell may stand in the folder of a job too, and is left alone.
fn is_at_work_in(pid: i32, folder: &Path) -> bool {
    process_table::works_in(pid, folder) && !process_table::reads_terminal(pid)
}

/// The members that are alive; `seen` holds those of earlier looks, with when they started.
fn living(is_ours: &impl Fn(&Process) -> bool, seen: &mut HashSet<(i32, u64)>) -> Vec<Process> {
    let Ok(mut table) = process_table::all() else { return Vec::new() };
    let above = ourselves_and_ancestors(&table);
    let groups_above: HashSet<i32> =
        table.iter().filter(|p| above.contains(&p.pid)).map(|p| p.group).collect();
    table.retain(|p| !above.contains(&p.pid));
    let marked: HashSet<i32> =
        table.iter().filter(|p| seen.contains(&(p.pid, p.started)) || is_ours(p)).map(|p| p.pid).collect();
    let direct = process_table::with_descendants(&table, |p| marked.contains(&p.pid), []);
    // A group was made by a program, or by what it started. A session counts only when its leader is
    // one of them: programs stay in the session that their server was in, with all sorts of others.
    let pids: HashSet<i32> = direct.iter().map(|p| p.pid).collect();
    let groups: HashSet<i32> =
        direct.iter().map(|p| p.group).filter(|group| !groups_above.contains(group)).collect();
    let is_member =
        |p: &Process| pids.contains(&p.pid) || groups.contains(&p.group) || pids.contains(&p.session);
    let mut members = process_table::with_descendants(&table, is_member, []);
    members.retain(|p| !p.dead);
    // One that shares a group with those above us is signalled alone.
    members.iter_mut().filter(|p| groups_above.contains(&p.group)).for_each(|p| p.group = 0);
    seen.extend(members.iter().map(|p| (p.pid, p.started)));
    members
}

fn ourselves_and_ancestors(table: &[Process]) -> HashSet<i32> {
    let mut above = HashSet::new();
    let mut pid = std::process::id().cast_signed();
    while above.insert(pid) {
        match table.iter().find(|p| p.pid == pid) {
            Some(process) => pid = process.parent,
            None => break,
        }
    }
    above
}

fn clear(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
    }
    Ok(())
}
