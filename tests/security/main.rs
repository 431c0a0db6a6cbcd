//! What strangers try: over real sockets, byte by byte where that matters, and in a real browser. Which
//! role may make which call is in `tests/http/roles.txt`.

#[path = "../browser/browser.rs"]
#[allow(dead_code, reason = "these tests use a part of it")]
mod browser;
mod cross_site;
mod framing;
mod hostile;
mod house;
mod oversized;
#[path = "../pages/server.rs"]
#[allow(dead_code, reason = "these tests use a part of it")]
mod server;
mod slow;
mod spelling;
mod wire;
