//! What can be heard about a job.

use serde::Deserialize;

use crate::domain::{Job, State};

use super::sse::Event;

/// Something that was heard about the job.
#[derive(Debug)]
pub enum Notice {
    /// All that is known of it now.
    Snapshot(Box<Job>),
    /// It is in another state.
    State(StateChange),
    /// It got further.
    Progress(Step),
    /// It wrote a line.
    Log(Line),
    /// We were too slow, or away too long, and missed events.
    Gap(Missed),
    /// The connection was lost for this reason; it is being made again.
    Lost(String),
    /// Something that this version does not know.
    Unknown,
}

impl Notice {
    /// Whether the job has come to its end.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Snapshot(job) => job.state.is_final(),
            Self::State(change) => change.state.is_final(),
            _ => false,
        }
    }
}

/// The job is in another state.
#[derive(Debug, Deserialize)]
pub struct StateChange {
    pub state: State,
    pub attempt: u32,
    #[serde(default)]
    pub error: Option<String>,
}

/// The job got further.
#[derive(Debug, Deserialize)]
pub struct Step {
    pub attempt: u32,
    pub percent: f64,
    pub processed: u64,
    #[serde(default)]
    pub total: Option<u64>,
    #[serde(default)]
    pub message: Option<String>,
}

/// The job wrote a line.
#[derive(Debug, Deserialize)]
pub struct Line {
    pub attempt: u32,
    pub line: String,
}

/// Events were missed.
#[derive(Debug, Deserialize)]
pub struct Missed {
    #[serde(default)]
    pub dropped: u64,
}

#[derive(Deserialize)]
struct Snapshot {
    job: Job,
}

/// A notice, and the JSON it came as.
pub struct Heard {
    /// What it says.
    pub notice: Notice,
    /// As it was sent; nothing if it was not sent.
    pub raw: Option<String>,
}

impl Heard {
    /// Reads an event of the server.
    ///
    /// # Errors
    /// When it does not have the shape that its name promises.
    pub(super) fn read(event: Event) -> serde_json::Result<Self> {
        let raw = event.data;
        let notice = match event.name.as_str() {
            "snapshot" => Notice::Snapshot(Box::new(serde_json::from_str::<Snapshot>(&raw)?.job)),
            "state" => Notice::State(serde_json::from_str(&raw)?),
            "progress" => Notice::Progress(serde_json::from_str(&raw)?),
            "log" => Notice::Log(serde_json::from_str(&raw)?),
            "gap" => Notice::Gap(serde_json::from_str(&raw)?),
            _ => return Ok(Self { notice: Notice::Unknown, raw: None }),
        };
        Ok(Self { notice, raw: Some(raw) })
    }
}
