//! TLS over real sockets: what is spoken, what is shown, and what is said of wrong files.

mod authority;
mod faults;
mod reload;
mod server;
mod spoken;
