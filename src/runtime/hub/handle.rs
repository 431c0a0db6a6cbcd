//! How everybody else reaches the progress hub.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use actix::Addr;

use super::far::FarListeners;
use super::listeners::{LogListener, LogListeners};
use super::outbox::outbox;
use super::parked::Parked;
use super::{Backlog, Subscriber, Subscription, Topic, Wish};
use crate::domain::{Event, EventBody, JobFilter, LogLine};
use crate::runtime::progress_hub::{Close, ProgressHub, Publish, Subscribe, Unsubscribe};
use crate::store::exchange::Post;
use crate::store::news::{self, Item};
use crate::store::talk::{Listen, Talk};

/// Events that may wait for the hub before progress is turned away.
const MAX_EVENTS: usize = 100_000;
/// Log lines that may wait for the hub before they are turned away.
const MAX_LINES: usize = 10_000;
/// A longer line is cut. The whole one is in the log file.
const MAX_LINE_BYTES: usize = 16 * 1024;

/// For how long, in seconds, a word that somebody listens holds until a heartbeat says it again.
const UNTIL_SAID_AGAIN: f64 = 60.0;

/// Tells events to the progress hub and watches them there. Cloning is cheap; any thread may use
/// it, and nothing in it blocks.
#[derive(Clone, Default)]
pub struct HubHandle(Arc<Shared>);

/// There is nobody who could tell what happens: the server goes down, or the hub is being rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("live events are not to be had at the moment")]
pub struct HubAway;

struct Shared {
    hub: RwLock<Option<Addr<ProgressHub>>>,
    events: Arc<Backlog>,
    parked: Parked,
    lines: Arc<Backlog>,
    listeners: Arc<LogListeners>,
    closed: AtomicBool,
    last_id: AtomicU64,
    next_subscriber: AtomicU64,
    subscribers: AtomicUsize,
    others: OnceLock<Post>,
    far: FarListeners,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            hub: RwLock::default(),
            events: Backlog::new(MAX_EVENTS),
            parked: Parked::default(),
            lines: Backlog::new(MAX_LINES),
            listeners: Arc::default(),
            closed: AtomicBool::new(false),
            last_id: AtomicU64::new(0),
            next_subscriber: AtomicU64::new(0),
            subscribers: AtomicUsize::new(0),
            others: OnceLock::new(),
            far: FarListeners::default(),
        }
    }
}

impl HubHandle {
    /// A handle that is deaf until it is given to [`ProgressHub::start_on`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells what a commit brought about, or a step of progress. Events are delivered in the order
    /// of the calls.
    pub fn publish(&self, events: Vec<Event>) {
        if let Some(others) = self.0.others.get() {
            others.tell(news::of_events(&events));
        }
        self.publish_here(events);
    }

    /// As [`Self::publish`], to those who watch on this node.
    pub fn publish_here(&self, mut events: Vec<Event>) {
        let Some(hub) = self.hub() else { return };
        let backlog = &self.0.events;
        if backlog.is_full() {
            // States are never turned away: each stands for a commit, so the disk bounds them.
            let all = events.len();
            events.retain(|e| matches!(e.body, EventBody::State { .. }));
            backlog.lose((all - events.len()) as u64);
        }
        if !events.is_empty() {
            let ticket = backlog.admit(events.len());
            self.0.parked.pass(Publish { events, ticket }, || self.subscribers() > 0, &hub);
        }
    }

    /// Lets the hub have what nobody was there to watch.
    pub fn unpark(&self) {
        if let Some(hub) = self.hub() {
            self.0.parked.release(&hub);
        }
    }

    /// Events and lines that wait for the hub.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.events.waiting() + self.0.lines.waiting()
    }

    /// From now on those who watch on other nodes are told too.
    pub fn tell_others(&self, post: Post) {
        // The first one stands; there is only one.
        let _ = self.0.others.set(post);
    }

    /// So many events of other nodes were missed.
    pub fn miss(&self, events: u64) {
        if events > 0 {
            self.0.events.lose(events);
        }
    }

    /// Tells a line of a job's log to those who asked for it, on whichever node.
    pub fn log(&self, job_id: i64, job_type: &Arc<str>, queue: &Arc<str>, mut line: LogLine) {
        let (here, far) = (self.0.listeners.want(job_id), self.0.far.want(job_id));
        if !here && !far {
            return;
        }
        cut(&mut line.line, MAX_LINE_BYTES);
        let body = EventBody::Log(line);
        let event = Event { job_id, job_type: Arc::clone(job_type), queue: Arc::clone(queue), body };
        if far {
            self.log_far(&event);
        }
        if here {
            self.log_here(event);
        }
    }

    /// As [`Self::log`], to those who watch on this node.
    fn log_here(&self, event: Event) {
        let Some(hub) = self.hub() else { return };
        let backlog = &self.0.lines;
        if backlog.is_full() {
            backlog.lose(1);
            return;
        }
        hub.do_send(Publish { events: vec![event], ticket: backlog.admit(1) });
    }

    fn log_far(&self, line: &Event) {
        let Some(others) = self.0.others.get().filter(|_| self.0.far.admit()) else { return };
        let lost = Some(self.0.far.take_lost()).filter(|lost| *lost > 0);
        let mut items: Vec<Item> = lost.map(|n| Item::Talk(Talk::LostLines(n))).into_iter().collect();
        items.extend(news::of_events(std::slice::from_ref(line)));
        others.tell(items);
    }

    /// Lines of logs that another node told.
    pub fn hear_lines(&self, lines: Vec<Event>) {
        for line in lines.into_iter().filter(|line| self.0.listeners.want(line.job_id)) {
            self.log_here(line);
        }
    }

    /// So many lines of other nodes were missed.
    pub fn miss_lines(&self, lines: u64) {
        self.0.lines.lose(lines);
    }

    /// Another node has said whose lines it listens to.
    pub fn listened_to(&self, listen: &Listen) {
        self.0.far.note(listen);
    }

    /// Says again whose log lines are listened to here. It holds for three heartbeats.
    pub fn listen_on(&self, heartbeat: Duration) {
        let (jobs, all) = self.0.listeners.all();
        self.listen_to(jobs, all, heartbeat.as_secs_f64() * 3.0);
    }

    fn listen_to(&self, jobs: Vec<i64>, all: bool, secs: f64) {
        if let Some(others) = self.0.others.get().filter(|_| all || !jobs.is_empty()) {
            others.tell(vec![Item::Talk(Talk::Listen(Listen::to(jobs, all, secs)))]);
        }
    }

    /// Whether anybody wants the log lines of this job. Ask before making one.
    #[must_use]
    pub fn wants_logs(&self, job_id: i64) -> bool {
        self.0.listeners.want(job_id) || self.0.far.want(job_id)
    }

    /// Begins to watch. Whatever is published once this has returned will be seen, and all that
    /// was missed since [`Wish::after`] is in the buffer.
    ///
    /// # Errors
    /// [`HubAway`].
    pub async fn subscribe(&self, wish: Wish) -> Result<Subscription, HubAway> {
        let hub = self.hub().ok_or(HubAway)?;
        let (inlet, outlet) = outbox();
        let (job_id, filter) = match wish.topic {
            Topic::Job(id) => (Some(id), JobFilter::default()),
            Topic::All(filter) => (None, *filter),
        };
        let id = self.0.next_subscriber.fetch_add(1, Relaxed);
        // Made first, so that a caller who loses patience takes its subscriber away again.
        let seat = self.seat(id, job_id, wish.logs);
        // What comes from now on finds somebody who watches.
        self.0.parked.release(&hub);
        let since = self.0.last_id.load(Relaxed);
        let subscriber = Subscriber::new(id, inlet, wish.logs, filter);
        let subscribe = Subscribe { job_id, subscriber, after: wish.after };
        hub.send(subscribe).await.map_err(|_| HubAway)?;
        Ok(Subscription::new(outlet, since, seat))
    }

    /// Ends all streams, for good. To be called when the server goes down.
    pub fn close(&self) {
        self.0.closed.store(true, Relaxed);
        let hub = self.0.hub.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(hub) = hub {
            hub.do_send(Close);
        }
    }

    /// How many watch now.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.0.subscribers.load(Relaxed)
    }

    /// Lets a hub that was started, or rebuilt, serve this handle.
    pub(crate) fn attach(&self, hub: Addr<ProgressHub>) {
        let mut place = self.0.hub.write().unwrap_or_else(PoisonError::into_inner);
        if self.0.closed.load(Relaxed) {
            hub.do_send(Close);
        } else {
            *place = Some(hub);
        }
    }

    /// Notes the id of the latest event.
    pub(crate) fn reached(&self, id: u64) {
        self.0.last_id.store(id, Relaxed);
    }

    /// How many events and log lines were turned away since the last call.
    pub(crate) fn take_lost(&self) -> (u64, u64) {
        (self.0.events.take_lost(), self.0.lines.take_lost())
    }

    fn hub(&self) -> Option<Addr<ProgressHub>> {
        self.0.hub.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn seat(&self, id: u64, job_id: Option<i64>, logs: bool) -> Seat {
        self.0.subscribers.fetch_add(1, Relaxed);
        let listener = logs.then(|| self.0.listeners.add(job_id));
        if logs {
            self.listen_to(job_id.into_iter().collect(), job_id.is_none(), UNTIL_SAID_AGAIN);
        }
        Seat { hub: self.clone(), id, job_id, _listener: listener }
    }
}

/// A subscriber's place in the books, given back when it is dropped.
pub(super) struct Seat {
    hub: HubHandle,
    id: u64,
    job_id: Option<i64>,
    _listener: Option<LogListener>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.0.subscribers.fetch_sub(1, Relaxed);
        if let Some(hub) = self.hub.hub() {
            hub.do_send(Unsubscribe { id: self.id, job_id: self.job_id });
        }
    }
}

/// Cuts a text to at most `max` bytes, between characters.
fn cut(text: &mut String, max: usize) {
    if text.len() > max {
        let room = max - '…'.len_utf8();
        let end = (0..=room).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}
