//! The stream of one job: how it is now, then what happens to it, then its end.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::http::StatusCode;
use futures_util::Stream;

use super::live::LiveJobs;
use super::path::JobId;
use super::problem::Problem;
use crate::domain::{EventBody, Job, State};
use crate::runtime::hub::{Frame, Subscription, Wish};

/// Frames of one job: a snapshot first, [`Frame::end`] last. It stops without an end when the
/// server goes down.
pub(super) struct JobFeed {
    events: Subscription,
    ready: VecDeque<Arc<Frame>>,
    /// State and attempt of the snapshot.
    shown: (State, u32),
    /// Whether a state that came after the snapshot has been seen; from then on all is news.
    caught_up: bool,
    /// Whether the client asked for what it missed, and so gets what the snapshot shows already.
    resumed: bool,
    ended: bool,
}

impl JobFeed {
    /// Begins to watch a job, and then reads it.
    ///
    /// # Errors
    /// 404 when there is no such job, 503.
    pub async fn open(live: &impl LiveJobs, id: JobId, wish: Wish) -> Result<Self, Problem> {
        let resumed = wish.after.is_some();
        let events = live.hub().subscribe(wish).await?;
        let job = live.job(id.0).await?;
        Self::new(&job, events, resumed).map_err(|e| {
            log::error!("job {} cannot be written as JSON: {e}", job.id);
            let detail = format!("what is stored of job {} is damaged: {e}", job.id);
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
        })
    }

    /// Joins a job and the watch on it. The job must have been read after the watch began: then an
    /// event is either in the job already or still to come, and nothing is missed between.
    ///
    /// # Errors
    /// When the job cannot be written as JSON.
    fn new(job: &Job, events: Subscription, resumed: bool) -> Result<Self, serde_json::Error> {
        let snapshot = Frame::snapshot(events.since(), job)?;
        let queued = events.take_ready();
        let shown = (job.state, job.attempt);
        let mut feed = Self {
            events,
            ready: VecDeque::from([snapshot]),
            shown,
            caught_up: false,
            resumed,
            ended: false,
        };
        feed.begin(queued);
        Ok(feed)
    }

    /// Sorts out the frames that came while the job was read.
    fn begin(&mut self, queued: Vec<Arc<Frame>>) {
        if self.shown.0.is_final() {
            if self.resumed {
                self.ready.extend(queued);
            }
            self.end();
            return;
        }
        // Up to the frame of the state that the snapshot shows, all is old.
        let old = queued.iter().rposition(|f| f.state() == Some(self.shown)).map_or(0, |i| i + 1);
        for (i, frame) in queued.into_iter().enumerate() {
            if i >= old || frame.is_log() {
                self.admit(frame);
            } else if self.resumed {
                self.ready.push_back(frame);
            }
        }
    }

    fn admit(&mut self, frame: Arc<Frame>) {
        if self.ended {
            return;
        }
        if self.is_shown(&frame) {
            if self.resumed {
                self.ready.push_back(frame);
            }
            return;
        }
        let state = frame.state();
        self.caught_up |= state.is_some();
        self.ready.push_back(frame);
        if state.is_some_and(|(state, _)| state.is_final()) {
            self.end();
        }
    }

    /// Whether the snapshot shows the effect of this frame already.
    fn is_shown(&self, frame: &Frame) -> bool {
        let (shown, shown_attempt) = self.shown;
        match frame.as_event().map(|e| &e.body) {
            _ if self.caught_up => false,
            Some(EventBody::State { state, attempt, .. }) => {
                *attempt < shown_attempt
                    || *attempt == shown_attempt && (*state == shown || rank(*state) < rank(shown))
            }
            Some(EventBody::Progress { attempt, .. }) => {
                *attempt < shown_attempt || *attempt == shown_attempt && shown != State::Running
            }
            Some(EventBody::Log(_)) | None => false,
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.ready.push_back(Frame::end());
    }
}

/// The order of states that a job with the same number of attempts can be in, as far as there is
/// one: `running` comes first, the outcomes of the attempt follow, and what happens between two
/// attempts may go round in a circle.
fn rank(state: State) -> u8 {
    match state {
        State::Running => 0,
        State::Retrying | State::Completed | State::Failed => 1,
        State::Scheduled | State::Blocked | State::Pending | State::Cancelled => 2,
    }
}

impl Stream for JobFeed {
    type Item = Arc<Frame>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Poll::Ready(Some(frame));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.events).poll_next(cx)) {
                Some(frame) => self.admit(frame),
                None => self.ended = true,
            }
        }
    }
}
