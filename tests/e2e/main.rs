//! The program as a person runs it: a server of its own, the command line, a WebSocket, real tools.
#![cfg(target_os = "linux")]

mod cancel;
mod dead_letters;
mod full_disk;
mod going_down;
mod http;
mod killed_server;
mod program;
mod quarantine;
mod server;
mod tools;
mod transcode;
mod tree;
mod watcher;
