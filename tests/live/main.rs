//! The live side: the hub, WebSockets and SSE, against real sockets and without a store.

mod events;
mod hub;
mod server;
mod slow_client;
mod sse;
mod ws;
