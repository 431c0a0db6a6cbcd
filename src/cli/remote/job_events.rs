//! What happens to one job, as it happens, over lost connections.

use std::collections::VecDeque;

use tokio::time::sleep;

use crate::cli::failure::Failure;

use super::client::Client;
use super::event_stream::EventStream;
use super::notice::{Heard, Notice};
use super::outage::{Outage, Patience};
use super::sse::Event;

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
    stream: EventStream,
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
                Some(connection) => match connection.stream.read().await {
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
        let last = self.last_event_id.as_deref();
        let stream = EventStream::open(self.client, &["jobs", &self.id, "events"], &query, last).await?;
        Ok(Connection { resumed: last.is_some(), stream })
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
