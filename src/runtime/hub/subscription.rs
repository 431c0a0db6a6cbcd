//! One who watches, seen from the watcher's side.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::Frame;
use super::handle::Seat;
use super::outbox::Outlet;
use crate::domain::JobFilter;

/// What somebody wants to watch.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    pub(crate) topic: Topic,
    pub(crate) logs: bool,
    pub(crate) after: Option<u64>,
}

/// One job, or all that pass a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Topic {
    /// The job with this id.
    Job(i64),
    /// Every job that passes. A `state` filter narrows state frames only.
    All(Box<JobFilter>),
}

impl Wish {
    /// To watch one job.
    #[must_use]
    pub fn job(id: i64) -> Self {
        Self { topic: Topic::Job(id), logs: false, after: None }
    }

    /// To watch all that pass a filter.
    #[must_use]
    pub fn all(filter: JobFilter) -> Self {
        Self { topic: Topic::All(Box::new(filter)), logs: false, after: None }
    }

    /// With log lines, or without.
    #[must_use]
    pub fn with_logs(mut self, logs: bool) -> Self {
        self.logs = logs;
        self
    }

    /// First what came after the event with this id, as far as it is kept.
    #[must_use]
    pub fn after(mut self, id: Option<u64>) -> Self {
        self.after = id;
        self
    }
}

/// A stream of frames. It ends when the server goes down. Dropping it ends the watch.
pub struct Subscription {
    outlet: Outlet,
    since: u64,
    _seat: Seat,
}

impl Subscription {
    pub(super) fn new(outlet: Outlet, since: u64, seat: Seat) -> Self {
        Self { outlet, since, _seat: seat }
    }

    /// The id of the latest event when the watch began.
    #[must_use]
    pub fn since(&self) -> u64 {
        self.since
    }

    /// All frames that are there now.
    #[must_use]
    pub fn take_ready(&self) -> Vec<Arc<Frame>> {
        self.outlet.take_ready()
    }
}

impl Stream for Subscription {
    type Item = Arc<Frame>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.outlet.poll_next(cx)
    }
}
