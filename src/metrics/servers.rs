//! Who asks: HTTP and Faktory clients.

use prometheus_client::metrics::counter::Counter;

use super::histogram::Histogram;
use super::shelf::{Labelled, Number, Shelf};

const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// How somebody watches what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket.
    WebSocket,
    /// Server-sent events.
    Sse,
}

impl Transport {
    const ALL: [Self; 2] = [Self::WebSocket, Self::Sse];

    const fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Sse => "sse",
        }
    }
}

/// Who asks by HTTP.
#[derive(Debug)]
pub struct HttpMetrics {
    requests: Labelled<Histogram>,
    watching: Labelled<Number>,
}

impl HttpMetrics {
    pub(super) fn new(shelf: &mut Shelf) -> Self {
        let requests = shelf.histograms(
            "callboard_http_request_duration_seconds",
            &["route", "method", "status"],
            "HTTP requests by route, method and class of the status (2xx): to the head of the answer",
            SECONDS,
        );
        let watching = shelf.gauges(
            "callboard_live_clients",
            &["transport"],
            "Clients that watch what happens, by WebSocket (websocket) or server-sent events (sse)",
        );
        for transport in Transport::ALL {
            watching.expect(&[transport.as_str()]);
        }
        Self { requests, watching }
    }

    /// How long requests took that came by a route, which is a template and not a path, and were
    /// answered with a status of this class (`2xx`).
    #[must_use]
    pub fn requests(&self, route: &str, method: &str, class: &str) -> Histogram {
        self.requests.of(&[route, method, class])
    }

    /// Somebody watches, as long as this is held.
    #[must_use]
    pub fn watch(&self, transport: Transport) -> Watching {
        let clients = self.watching.of(&[transport.as_str()]);
        clients.inc();
        Watching(clients)
    }
}

/// Somebody who watches.
#[derive(Debug)]
pub struct Watching(Number);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Who speaks the Faktory Work Protocol.
#[derive(Debug)]
pub struct FaktoryMetrics {
    connections: Number,
    commands: Vec<(&'static str, Counter)>,
}

impl FaktoryMetrics {
    /// The verbs of commands, and what stands for a line that is none.
    pub const COMMANDS: [&str; 14] = [
        "PUSH", "PUSHB", "FETCH", "ACK", "FAIL", "BEAT", "INFO", "FLUSH", "END", "QUEUE", "MUTATE", "BATCH",
        "TRACK", "invalid",
    ];

    pub(super) fn new(shelf: &mut Shelf) -> Self {
        let connections = shelf.gauge("callboard_faktory_connections", "Connected Faktory clients");
        let commands = shelf.counters(
            "callboard_faktory_commands_total",
            &["command"],
            "Commands of Faktory clients; `invalid` are lines that are none, or wrong",
        );
        let commands = Self::COMMANDS.into_iter().map(|name| (name, commands.of(&[name])));
        Self { connections, commands: commands.collect() }
    }

    /// Somebody is connected, as long as this is held.
    #[must_use]
    pub fn connect(&self) -> Watching {
        self.connections.inc();
        Watching(self.connections.clone())
    }

    /// A command came.
    pub fn command(&self, name: &str) {
        if let Some((_, counter)) = self.commands.iter().find(|(known, _)| *known == name) {
            counter.inc();
        }
    }
}
