//! The program as a person runs it: a server of its own, the command line, a WebSocket, real tools.
#![cfg(target_os = "linux")]

mod backup;
mod cancel;
mod dead_letters;
mod doctor;
mod full_disk;
mod going_down;
mod http;
mod killed_server;
mod parseable;
mod program;
mod quarantine;
mod server;
mod server_log;
mod terminal;
mod tools;
mod top;
mod transcode;
mod tree;
mod watcher;
