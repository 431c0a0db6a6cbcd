//! A program and everything that it started.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use nix::sys::signal::killpg;
use nix::unistd::{Pid, getpgrp, getsid};

use super::children::{self, Known};
use super::instance::MARK;
use super::process_table::{self, Process};

/// How to recognise the processes of one attempt.
pub(super) struct Family {
    leader: i32,
    /// No member is older than the leader.
    started: u64,
    mark: String,
    folder: PathBuf,
    /// Members seen so far, with when they started: one whose parent is gone and who has left group
    /// and session is recognised if it was ever seen while it could be.
    seen: HashMap<i32, u64>,
    /// The groups and sessions of the members that were alive at the last look.
    groups: HashSet<i32>,
    sessions: HashSet<i32>,
}

impl Family {
    /// The family of a program that leads its own group. `folder` is the attempt's own, without
    /// symbolic links.
    pub fn new(leader: &Known, mark: String, folder: PathBuf) -> Self {
        let (pid, started) = (leader.pid, leader.started);
        let (groups, sessions) = (HashSet::from([pid]), HashSet::new());
        Self { leader: pid, started, mark, folder, seen: HashMap::new(), groups, sessions }
    }

    /// Takes note of who belongs to it, by a table that may be a little old.
    pub fn sight(&mut self, table: &[Process]) {
        let members = self.members(table, |p| self.is_related(p));
        self.remember(&members);
    }

    /// The members that are alive. Those that have ended and fell to us are buried.
    pub fn living(&mut self) -> Vec<Process> {
        let Ok(table) = process_table::all() else { return self.group_alone() };
        let orphans = children::orphans_of(&table, self.leader);
        let is_member = |p: &Process| {
            orphans.contains(p) || self.is_related(p) || (!p.dead && self.carries_evidence(p.pid))
        };
        let members = self.members(&table, is_member);
        self.remember(&members);
        let (dead, living): (Vec<Process>, Vec<Process>) = members.into_iter().partition(|p| p.dead);
        dead.iter().for_each(children::bury);
        living
    }

    fn members(&self, table: &[Process], is_member: impl Fn(&Process) -> bool) -> Vec<Process> {
        let me = std::process::id().cast_signed();
        let candidates: Vec<Process> =
            table.iter().filter(|p| p.started >= self.started && p.pid != me).copied().collect();
        process_table::with_descendants(&candidates, is_member, [self.leader])
    }

    fn is_related(&self, p: &Process) -> bool {
        self.groups.contains(&p.group)
            || self.sessions.contains(&p.session)
            || self.seen.get(&p.pid) == Some(&p.started)
    }

    fn carries_evidence(&self, pid: i32) -> bool {
        process_table::has_variable(pid, MARK, |value| value == self.mark.as_bytes())
            || process_table::works_in(pid, &self.folder)
    }

    fn remember(&mut self, members: &[Process]) {
        let own_group = getpgrp().as_raw();
        let own_session = getsid(None).map_or(0, Pid::as_raw);
        self.seen = members.iter().map(|p| (p.pid, p.started)).collect();
        self.groups = members.iter().map(|p| p.group).filter(|g| *g != own_group).collect();
        self.groups.insert(self.leader);
        self.sessions = members.iter().map(|p| p.session).filter(|s| *s != own_session).collect();
    }

    /// Without a table of processes: one entry that stands for the whole group.
    fn group_alone(&self) -> Vec<Process> {
        let leader = self.leader;
        let alive = killpg(Pid::from_raw(leader), None).is_ok();
        let group =
            Process { pid: leader, parent: 0, group: leader, session: 0, started: self.started, dead: false };
        alive.then_some(group).into_iter().collect()
    }
}
