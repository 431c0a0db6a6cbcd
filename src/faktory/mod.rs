//! The Faktory Work Protocol: programs in other languages push jobs, fetch those for which there is
//! no worker here, and report on them. What a job of theirs is here is in `job`; nothing else in
//! callboard knows of the protocol.

mod batch;
mod command;
mod connection;
mod door;
#[cfg(fuzzing)]
pub mod fuzzing;
mod greeting;
mod info;
mod job;
mod line;
mod mutate;
mod reply;
mod server;
mod session;

pub use self::batch::BatchCommand;
pub use self::command::Command;
pub use self::info::{health, stats};
pub use self::line::{Lines, MAX_LINE, TooLong};
pub use self::server::{Server, Serving, acceptor, listen};
