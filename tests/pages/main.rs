//! The web pages over plain HTTP: forms without scripts, and what every answer wears.

mod base_path;
mod docs;
mod first_view;
mod forms;
mod programs;
mod remote;
mod server;
mod visitors;
