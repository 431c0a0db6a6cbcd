//! Serves those whose filter asks for more than an event tells. It reads the jobs in a task of its
//! own, one after the other, so that the order of frames is kept and the hub never waits.

use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::backlog::{Backlog, Ticket};
use super::facts::Facts;
use super::ring::Missed;
use super::topics::Subscriber;
use super::{Frame, JobLookup};

/// Frames that may wait for the store before they count as lost.
const MAX_WAITING: usize = 10_000;

/// The hub's end of it. The task lives from the first member to the last.
pub(super) struct Sieve {
    lookup: Arc<dyn JobLookup>,
    backlog: Arc<Backlog>,
    members: Vec<u64>,
    // Its length is bounded by the backlog; a bounded channel would lose members as well.
    to_task: Option<UnboundedSender<Step>>,
}

enum Step {
    Join(Box<Subscriber>, Missed),
    Leave(u64),
    Sift(Arc<Frame>, Ticket),
}

struct Task {
    facts: Facts,
    backlog: Arc<Backlog>,
    members: Vec<Subscriber>,
}

impl Sieve {
    pub fn new(lookup: Arc<dyn JobLookup>) -> Self {
        Self { lookup, backlog: Backlog::new(MAX_WAITING), members: Vec::new(), to_task: None }
    }

    /// Adds a member, once it has what it missed.
    pub fn join(&mut self, member: Subscriber, missed: Missed) {
        self.members.push(member.id());
        let to_task = match self.to_task.take().filter(|to_task| !to_task.is_closed()) {
            Some(to_task) => to_task,
            None => self.start(),
        };
        // When the task is gone, so is the member's inlet: its stream ends.
        _ = to_task.send(Step::Join(Box::new(member), missed));
        self.to_task = Some(to_task);
    }

    pub fn leave(&mut self, id: u64) {
        self.members.retain(|&member| member != id);
        self.tell(Step::Leave(id));
        if self.members.is_empty() {
            self.stop();
        }
    }

    /// Takes a frame for those members who may want it.
    pub fn offer(&self, frame: &Arc<Frame>) {
        if self.members.is_empty() {
            return;
        }
        if self.backlog.is_full() {
            self.backlog.lose(1);
        } else {
            self.tell(Step::Sift(Arc::clone(frame), self.backlog.admit(1)));
        }
    }

    /// Notes that events were lost on their way to the hub.
    pub fn lose(&self, n: u64) {
        if !self.members.is_empty() {
            self.backlog.lose(n);
        }
    }

    /// Lets all members go.
    pub fn stop(&mut self) {
        self.members.clear();
        self.to_task = None;
    }

    fn tell(&self, step: Step) {
        if let Some(to_task) = &self.to_task {
            _ = to_task.send(step);
        }
    }

    fn start(&self) -> UnboundedSender<Step> {
        let (to_task, steps) = unbounded_channel();
        let backlog = Arc::clone(&self.backlog);
        let task = Task { facts: Facts::new(Arc::clone(&self.lookup)), backlog, members: Vec::new() };
        actix_rt::spawn(task.run(steps));
        to_task
    }
}

impl Task {
    async fn run(mut self, mut steps: UnboundedReceiver<Step>) {
        while let Some(step) = steps.recv().await {
            let lost = self.backlog.take_lost();
            if lost > 0 {
                self.members.iter().for_each(|m| m.inlet().lose(lost));
            }
            match step {
                Step::Join(member, missed) => self.join(*member, missed).await,
                Step::Leave(id) => self.members.retain(|m| m.id() != id),
                Step::Sift(frame, _ticket) => self.sift(&frame).await,
            }
        }
    }

    async fn join(&mut self, member: Subscriber, missed: Missed) {
        member.inlet().replay(missed.dropped.map(Frame::gap));
        for frame in missed.frames {
            let Some(event) = frame.as_event() else { continue };
            if self.facts.of(event).await.is_some_and(|job| member.filter().passes_job(job)) {
                member.inlet().replay([frame]);
            }
        }
        self.members.push(member);
    }

    async fn sift(&mut self, frame: &Arc<Frame>) {
        let Some(event) = frame.as_event() else { return };
        if !self.members.iter().any(|m| m.wants(frame)) {
            return;
        }
        let Some(job) = self.facts.of(event).await else { return };
        for member in self.members.iter().filter(|m| m.wants(frame) && m.filter().passes_job(job)) {
            member.inlet().push(frame);
        }
    }
}
