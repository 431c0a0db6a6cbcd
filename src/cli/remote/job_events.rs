//! What happens to one job, as it happens, over lost connections.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};

use crate::cli::failure::Failure;
use crate::cli::values;
use crate::domain::{Job, State};

use super::client::Client;
use super::sse::{Decoder, Event};

/// A server says something every 20 seconds, even if it is only a comment.
const SILENCE: Duration = Duration::from_secs(60);
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// How long a lost server is waited for.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(in crate::cli) struct Patience {
    /// Give up when the server has been away for so many seconds
    #[arg(long, value_name = "SECS", default_value = "60", value_parser = values::seconds)]
    give_up_after: f64,
}

/// Something that was heard about the job.
#[derive(Debug)]
pub(in crate::cli) enum Notice {
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
    pub(in crate::cli) fn is_final(&self) -> bool {
        match self {
            Self::Snapshot(job) => job.state.is_final(),
            Self::State(change) => change.state.is_final(),
            _ => false,
        }
    }
}

/// The job is in another state.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct StateChange {
    pub(in crate::cli) state: State,
    pub(in crate::cli) attempt: u32,
    #[serde(default)]
    pub(in crate::cli) error: Option<String>,
}

/// The job got further.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Step {
    pub(in crate::cli) attempt: u32,
    pub(in crate::cli) percent: f64,
    pub(in crate::cli) processed: u64,
    #[serde(default)]
    pub(in crate::cli) total: Option<u64>,
    #[serde(default)]
    pub(in crate::cli) message: Option<String>,
}

/// The job wrote a line.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Line {
    pub(in crate::cli) attempt: u32,
    pub(in crate::cli) line: String,
}

/// Events were missed.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Missed {
    #[serde(default)]
    pub(in crate::cli) dropped: u64,
}

#[derive(Deserialize)]
struct Snapshot {
    job: Job,
}

/// A notice, and the JSON it came as.
pub(in crate::cli) struct Heard {
    /// What it says.
    pub(in crate::cli) notice: Notice,
    /// As it was sent; nothing if it was not sent.
    pub(in crate::cli) raw: Option<String>,
}

/// The events of one job.
pub(in crate::cli) struct JobEvents<'a> {
    client: &'a Client,
    id: String,
    last_event_id: Option<String>,
    connection: Option<Connection>,
    waiting: VecDeque<Heard>,
    outage: Outage,
}

struct Connection {
    bytes: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>>>>,
    decoder: Decoder,
}

impl<'a> JobEvents<'a> {
    /// Subscribes. Whatever happens from now on will be heard.
    pub(in crate::cli) async fn open(
        client: &'a Client,
        id: i64,
        patience: Patience,
    ) -> Result<JobEvents<'a>, Failure> {
        let outage = Outage::new(patience);
        let id = id.to_string();
        let mut events =
            Self { client, id, last_event_id: None, connection: None, waiting: VecDeque::new(), outage };
        events.connection = Some(events.connect().await?);
        Ok(events)
    }

    /// The next thing that happens.
    pub(in crate::cli) async fn next(&mut self) -> Result<Heard, Failure> {
        loop {
            if let Some(heard) = self.waiting.pop_front() {
                return Ok(heard);
            }
            match &mut self.connection {
                None => self.reconnect().await?,
                Some(connection) => match connection.read().await {
                    Ok(events) => self.take(events).await?,
                    Err(why) => {
                        self.connection = None;
                        return Ok(Heard { notice: Notice::Lost(why), raw: None });
                    }
                },
            }
        }
    }

    /// What has been heard already and can be had without waiting.
    pub(in crate::cli) fn at_hand(&mut self) -> Option<Heard> {
        self.waiting.pop_front()
    }

    async fn take(&mut self, events: Vec<Event>) -> Result<(), Failure> {
        for event in events {
            self.outage.is_over();
            if event.id.is_some() {
                self.last_event_id.clone_from(&event.id);
            }
            let ended = event.name == "end";
            if !ended {
                self.waiting.push_back(self.understand(event)?);
            }
            let latest = self.waiting.back().map(|heard| &heard.notice);
            // At the end it is known where the job ended, or that was missed too.
            let missed = match latest {
                Some(notice) if ended => !notice.is_final(),
                Some(notice) => matches!(notice, Notice::Gap(_)),
                None => ended,
            };
            if missed {
                self.waiting.push_back(self.ask().await?);
            }
        }
        Ok(())
    }

    fn understand(&self, event: Event) -> Result<Heard, Failure> {
        let raw = event.data;
        let notice = match event.name.as_str() {
            "snapshot" => Notice::Snapshot(Box::new(self.read::<Snapshot>(&raw)?.job)),
            "state" => Notice::State(self.read(&raw)?),
            "progress" => Notice::Progress(self.read(&raw)?),
            "log" => Notice::Log(self.read(&raw)?),
            "gap" => Notice::Gap(self.read(&raw)?),
            _ => Notice::Unknown,
        };
        let raw = (!matches!(notice, Notice::Unknown)).then_some(raw);
        Ok(Heard { notice, raw })
    }

    fn read<T: DeserializeOwned>(&self, data: &str) -> Result<T, Failure> {
        serde_json::from_str(data)
            .map_err(|e| Failure::Strange { url: self.client.name(), why: format!("an event: {e}") })
    }

    /// Asks for the job, to know what was missed.
    async fn ask(&self) -> Result<Heard, Failure> {
        let reply = self.client.get(&["jobs", &self.id], &Vec::new()).await?;
        let raw = format!("{{\"type\":\"snapshot\",\"job\":{}}}", reply.json()?);
        Ok(Heard { notice: Notice::Snapshot(Box::new(reply.parse()?)), raw: Some(raw) })
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let query = vec![("logs", "true".to_owned())];
        let mut request = self.client.request(Method::GET, &["jobs", &self.id, "events"], &query);
        request = request.header("accept", "text/event-stream");
        if let Some(id) = &self.last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = self.client.open(request).await?;
        Ok(Connection { bytes: Box::pin(response.bytes_stream()), decoder: Decoder::default() })
    }

    async fn reconnect(&mut self) -> Result<(), Failure> {
        if self.outage.is_too_long() {
            return Err(self.client.no_server("the connection breaks again and again"));
        }
        loop {
            sleep(self.outage.delay()).await;
            match self.connect().await {
                Ok(connection) => {
                    self.connection = Some(connection);
                    return Ok(());
                }
                Err(failure) if failure.is_passing() && !self.outage.is_too_long() => {}
                Err(failure) => return Err(failure),
            }
        }
    }
}

impl Connection {
    async fn read(&mut self) -> Result<Vec<Event>, String> {
        match timeout(SILENCE, self.bytes.next()).await {
            Ok(Some(Ok(piece))) => self.decoder.feed(&piece),
            Ok(Some(Err(e))) => Err(e.to_string()),
            Ok(None) => Err("the server closed it".into()),
            Err(_) => Err(format!("nothing was heard for {} s", SILENCE.as_secs())),
        }
    }
}

/// A time without a server.
struct Outage {
    longest: Duration,
    since: Option<Instant>,
    delay: Duration,
}

impl Outage {
    fn new(patience: Patience) -> Self {
        let longest = Duration::try_from_secs_f64(patience.give_up_after).unwrap_or(Duration::MAX);
        Self { longest, since: None, delay: FIRST_DELAY }
    }

    /// An event has come, which says more than a connection that may close at once.
    fn is_over(&mut self) {
        self.since = None;
        self.delay = FIRST_DELAY;
    }

    /// How long to wait before the next try; longer each time.
    fn delay(&mut self) -> Duration {
        self.since.get_or_insert_with(Instant::now);
        let delay = self.delay;
        self.delay = (delay * 2).min(LONGEST_DELAY);
        delay
    }

    fn is_too_long(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= self.longest)
    }
}
