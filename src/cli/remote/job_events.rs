//! What happens to one job, as it happens, over lost connections.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::Method;
use tokio::time::{sleep, timeout};

use crate::cli::failure::Failure;

use super::client::Client;
use super::notice::{Heard, Notice};
use super::outage::{Outage, Patience};
use super::sse::{Decoder, Event};

/// A server says something every 20 seconds, even if it is only a comment.
const SILENCE: Duration = Duration::from_secs(60);

/// The events of one job.
pub struct JobEvents<'a> {
    client: &'a Client,
    id: String,
    last_event_id: Option<String>,
    connection: Option<Connection>,
    waiting: VecDeque<Heard>,
    outage: Outage,
}

struct Connection {
    /// Whether it goes on where another one broke off.
    resumed: bool,
    bytes: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>>>>,
    decoder: Decoder,
}

impl<'a> JobEvents<'a> {
    /// Subscribes. Whatever happens from now on will be heard.
    pub async fn open(client: &'a Client, id: i64, patience: Patience) -> Result<JobEvents<'a>, Failure> {
        let outage = Outage::new(patience);
        let id = id.to_string();
        let mut events =
            Self { client, id, last_event_id: None, connection: None, waiting: VecDeque::new(), outage };
        events.connection = Some(events.connect().await?);
        Ok(events)
    }

    /// The next thing that happens.
    pub async fn next(&mut self) -> Result<Heard, Failure> {
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
    pub fn at_hand(&mut self) -> Option<Heard> {
        self.waiting.pop_front()
    }

    async fn take(&mut self, events: Vec<Event>) -> Result<(), Failure> {
        let resumed = self.connection.as_ref().is_some_and(|connection| connection.resumed);
        let mut missed = false;
        for event in events {
            self.outage.is_over();
            if event.id.is_some() {
                self.last_event_id.clone_from(&event.id);
            }
            match event.name.as_str() {
                "end" => missed = true,
                // It would tell the outcome of the events that are told again after it.
                "snapshot" if resumed => {}
                _ => {
                    let heard =
                        Heard::read(event).map_err(|e| self.client.strange(&format!("an event: {e}")))?;
                    missed |= matches!(heard.notice, Notice::Gap(_));
                    self.waiting.push_back(heard);
                }
            }
        }
        // Whoever still listens at the end has not heard how the job ended.
        if missed && !self.waiting.iter().any(|heard| heard.notice.is_final()) {
            self.waiting.push_back(self.ask().await?);
        }
        Ok(())
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
        let resumed = self.last_event_id.is_some();
        Ok(Connection { resumed, bytes: Box::pin(response.bytes_stream()), decoder: Decoder::default() })
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
