//! One JSON object on its way to those who watch.

use std::sync::{Arc, OnceLock};

use bytestring::ByteString;
use serde::Serialize;

use crate::domain::{Event, EventBody, Job, State, Timestamp};

/// What a subscriber gets: an event, or a word about the stream itself. All subscribers share one
/// frame and its text.
#[derive(Debug)]
pub struct Frame {
    id: Option<u64>,
    kind: FrameKind,
    // Written when the first subscriber takes the frame: nobody may be watching.
    text: OnceLock<ByteString>,
}

/// What a [`Frame`] is about.
#[derive(Debug)]
pub enum FrameKind {
    /// Something happened to a job.
    Event(Event),
    /// A job as it is now.
    Snapshot,
    /// Events were lost.
    Gap,
    /// No more will come.
    End,
}

/// How sorely a frame is missed, the least first: what a full buffer gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    Log,
    Progress,
    State,
    Final,
}

impl Frame {
    /// The frame of an event.
    pub(crate) fn event(id: u64, event: Event) -> Arc<Self> {
        Arc::new(Self { id: Some(id), kind: FrameKind::Event(event), text: OnceLock::new() })
    }

    /// A job as it is now. `id` is that of an event which the job shows the effect of, so that a
    /// client that leaves after the snapshot can ask for what followed.
    ///
    /// # Errors
    /// When what the store holds of the job is not JSON.
    pub fn snapshot(id: u64, job: &Job) -> Result<Arc<Self>, serde_json::Error> {
        let text = serde_json::to_string(&Shape::Snapshot { job })?;
        Ok(Self::ready(Some(id), FrameKind::Snapshot, text))
    }

    /// Says that `dropped` events were lost. It has no id: a client that resumes after it gets
    /// those that are still kept.
    #[must_use]
    pub fn gap(dropped: u64) -> Arc<Self> {
        Self::ready(None, FrameKind::Gap, write(&Shape::Gap { dropped }))
    }

    /// Says that no more will come.
    #[must_use]
    pub fn end() -> Arc<Self> {
        Self::ready(None, FrameKind::End, "{}".to_owned())
    }

    fn ready(id: Option<u64>, kind: FrameKind, text: String) -> Arc<Self> {
        Arc::new(Self { id, kind, text: OnceLock::from(ByteString::from(text)) })
    }

    /// Its place among all events; rising.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        self.id
    }

    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> &FrameKind {
        &self.kind
    }

    /// The event, if it is about one.
    #[must_use]
    pub fn as_event(&self) -> Option<&Event> {
        match &self.kind {
            FrameKind::Event(event) => Some(event),
            _ => None,
        }
    }

    /// The job's state and attempt, if it is a state frame.
    #[must_use]
    pub fn state(&self) -> Option<(State, u32)> {
        match &self.as_event()?.body {
            EventBody::State { state, attempt, .. } => Some((*state, *attempt)),
            _ => None,
        }
    }

    /// Whether it is about this job.
    #[must_use]
    pub fn is_of(&self, job_id: i64) -> bool {
        self.as_event().is_some_and(|e| e.job_id == job_id)
    }

    /// Whether it is a line of a log.
    #[must_use]
    pub fn is_log(&self) -> bool {
        self.as_event().is_some_and(|e| matches!(e.body, EventBody::Log(_)))
    }

    /// Whether it tells that frames were lost.
    #[must_use]
    pub fn is_gap(&self) -> bool {
        matches!(self.kind, FrameKind::Gap)
    }

    /// The word in its `type`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.kind {
            FrameKind::Snapshot => "snapshot",
            FrameKind::Gap => "gap",
            FrameKind::End => "end",
            FrameKind::Event(event) => match event.body {
                EventBody::State { .. } => "state",
                EventBody::Progress { .. } => "progress",
                EventBody::Log(_) => "log",
            },
        }
    }

    /// The JSON.
    #[must_use]
    pub fn text(&self) -> &ByteString {
        self.text.get_or_init(|| match &self.kind {
            FrameKind::Event(event) => ByteString::from(write(&Shape::of(event))),
            // These are written when they are made.
            FrameKind::Snapshot | FrameKind::Gap | FrameKind::End => ByteString::from_static("{}"),
        })
    }

    pub(super) fn worth(&self) -> Worth {
        match &self.kind {
            FrameKind::Event(event) => match &event.body {
                EventBody::State { state, .. } if state.is_final() => Worth::Final,
                EventBody::State { .. } => Worth::State,
                EventBody::Progress { .. } => Worth::Progress,
                EventBody::Log(_) => Worth::Log,
            },
            FrameKind::Snapshot | FrameKind::Gap | FrameKind::End => Worth::Final,
        }
    }

    /// About how many bytes it takes to keep.
    pub(super) fn weight(&self) -> usize {
        let words = match self.as_event().map(|e| &e.body) {
            Some(EventBody::State { error, .. }) => error.as_ref().map_or(0, String::len),
            Some(EventBody::Progress { message, .. }) => message.as_ref().map_or(0, String::len),
            Some(EventBody::Log(line)) => line.line.len(),
            None => 0,
        };
        // The words once in the event and once in the text, and the fields around them.
        size_of::<Self>() + 256 + 2 * words
    }
}

/// The frames as JSON; the contract's shapes, all in one place.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Shape<'a> {
    Snapshot {
        job: &'a Job,
    },
    State {
        job_id: i64,
        state: State,
        attempt: u32,
        error: Option<&'a str>,
        at: Timestamp,
    },
    Progress {
        job_id: i64,
        attempt: u32,
        percent: f64,
        processed: u64,
        total: Option<u64>,
        message: Option<&'a str>,
        at: Timestamp,
    },
    Log {
        job_id: i64,
        attempt: u32,
        stream: &'a str,
        line: &'a str,
        at: Timestamp,
    },
    Gap {
        dropped: u64,
    },
}

impl<'a> Shape<'a> {
    fn of(event: &'a Event) -> Self {
        let job_id = event.job_id;
        match &event.body {
            EventBody::State { state, attempt, error, at } => {
                Self::State { job_id, state: *state, attempt: *attempt, error: error.as_deref(), at: *at }
            }
            EventBody::Progress { attempt, percent, processed, total, message, at } => Self::Progress {
                job_id,
                attempt: *attempt,
                percent: *percent,
                processed: *processed,
                total: *total,
                message: message.as_deref(),
                at: *at,
            },
            EventBody::Log(l) => {
                Self::Log { job_id, attempt: l.attempt, stream: l.stream, line: &l.line, at: l.at }
            }
        }
    }
}

fn write(shape: &Shape<'_>) -> String {
    serde_json::to_string(shape).unwrap_or_else(|e| {
        log::error!("an event cannot be written as JSON: {e}");
        r#"{"type":"gap","dropped":1}"#.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LogLine;
    use crate::runtime::hub::topics::test_events::{progress, state};

    #[test]
    fn has_the_shapes_of_the_contract() {
        let at = Timestamp::from_millis(1_500);
        let mut event = state(7, State::Failed, 2);
        event.body =
            EventBody::State { state: State::Failed, attempt: 2, error: Some("no \"disk\"".into()), at };
        assert_eq!(
            Frame::event(1, event.clone()).text(),
            r#"{"type":"state","job_id":7,"state":"failed","attempt":2,"error":"no \"disk\"","at":"1970-01-01T00:00:01.500Z"}"#
        );
        event.body = EventBody::Log(LogLine { attempt: 2, stream: "stdout", line: "a\nb".into(), at });
        assert_eq!(
            Frame::event(2, event).text(),
            r#"{"type":"log","job_id":7,"attempt":2,"stream":"stdout","line":"a\nb","at":"1970-01-01T00:00:01.500Z"}"#
        );
        assert_eq!(
            Frame::event(3, progress(7, 40)).text(),
            r#"{"type":"progress","job_id":7,"attempt":1,"percent":40.0,"processed":40,"total":100,"message":null,"at":"1970-01-01T00:00:00.000Z"}"#
        );
        assert_eq!(Frame::gap(3).text(), r#"{"type":"gap","dropped":3}"#);
    }
}
