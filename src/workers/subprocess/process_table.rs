//! The processes of the machine, read from `/proc`. Elsewhere than on Linux there is no table, and
//! callers make do with the process group.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub pid: i32,
    pub parent: i32,
    pub group: i32,
    pub session: i32,
    /// When it started, in ticks since the machine did. With the id it names a process for good.
    pub started: u64,
    /// It has ended, and its parent has not taken note.
    pub dead: bool,
}

/// All processes.
pub(super) fn all() -> io::Result<Vec<Process>> {
    let mut processes = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let pid = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        processes.extend(pid.and_then(one));
    }
    if processes.is_empty() { Err(io::ErrorKind::Unsupported.into()) } else { Ok(processes) }
}

/// All processes, as they were a short while ago at most. Many attempts share one look.
pub(super) fn recent(max_age: Duration) -> io::Result<Arc<Vec<Process>>> {
    static LAST: Mutex<Option<(Instant, Arc<Vec<Process>>)>> = Mutex::new(None);
    let mut last = super::lock(&LAST);
    match &*last {
        Some((at, table)) if at.elapsed() < max_age => Ok(Arc::clone(table)),
        _ => {
            let table = Arc::new(all()?);
            *last = Some((Instant::now(), Arc::clone(&table)));
            Ok(table)
        }
    }
}

/// One process, if it is there.
pub(super) fn one(pid: i32) -> Option<Process> {
    parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Adds the children, grandchildren and so on of what `is_member` says; the members themselves come
/// with them. A process may be listed before its parent, hence the rounds.
pub(super) fn with_descendants(
    table: &[Process],
    is_member: impl Fn(&Process) -> bool,
    parents: impl IntoIterator<Item = i32>,
) -> Vec<Process> {
    let mut parents: HashSet<i32> = parents.into_iter().collect();
    let (mut members, mut others): (Vec<Process>, Vec<Process>) = table.iter().partition(|p| is_member(p));
    parents.extend(members.iter().map(|p| p.pid));
    loop {
        let (children, rest): (Vec<Process>, Vec<Process>) =
            others.into_iter().partition(|p| parents.contains(&p.parent));
        if children.is_empty() {
            return members;
        }
        parents.extend(children.iter().map(|p| p.pid));
        members.extend(children);
        others = rest;
    }
}

/// Whether a variable of its environment has a value that fits.
pub(super) fn has_variable(pid: i32, name: &str, fits: impl Fn(&[u8]) -> bool) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { return false };
    environment.split(|byte| *byte == 0).any(|entry| {
        let value = entry.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
        value.is_some_and(&fits)
    })
}

/// Whether its working directory lies in a folder, given without symbolic links.
pub(super) fn works_in(pid: i32, folder: &Path) -> bool {
    link(pid, "cwd").is_some_and(|cwd| cwd.starts_with(folder))
}

/// Whether somebody types at it: a person's shell, say.
pub(super) fn reads_terminal(pid: i32) -> bool {
    link(pid, "fd/0").is_some_and(|input| input.starts_with("/dev/pts") || input.starts_with("/dev/tty"))
}

fn link(pid: i32, name: &str) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/{name}")).ok()
}

fn parse(pid: i32, stat: &str) -> Option<Process> {
    // The second field is the program's name in parentheses, and may hold anything.
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?;
    Some(Process {
        pid,
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        session: fields.next()?.parse().ok()?,
        started: fields.nth(15)?.parse().ok()?,
        dead: matches!(state, "Z" | "X" | "x"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_name_that_looks_like_fields() {
        let stat = "7 (a) R 1 2) S 3 4 5 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 12345 1000 10 18446744";
        let process = Process { pid: 7, parent: 3, group: 4, session: 5, started: 12345, dead: false };
        assert_eq!(parse(7, stat), Some(process));
        assert_eq!(parse(7, "7 (a"), None);
        assert_eq!(parse(7, "7 (a) S 1"), None);
    }

    #[test]
    fn descendants_are_found_in_any_order() {
        let process = |pid, parent| Process { pid, parent, group: 0, session: 0, started: 0, dead: false };
        let table = [process(9, 8), process(8, 7), process(7, 1), process(6, 1)];
        let mut found: Vec<i32> =
            with_descendants(&table, |p| p.pid == 7, []).iter().map(|p| p.pid).collect();
        found.sort_unstable();
        assert_eq!(found, [7, 8, 9]);
        assert_eq!(with_descendants(&table, |_| false, [7]).len(), 2);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn finds_this_process() {
        let me = i32::try_from(std::process::id()).unwrap();
        let found = all().unwrap().into_iter().find(|p| p.pid == me).unwrap();
        assert!(!found.dead && found.started > 0);
        assert!(has_variable(me, "PATH", |value| !value.is_empty()));
        assert!(!has_variable(me, "PAT", |_| true));
    }
}
