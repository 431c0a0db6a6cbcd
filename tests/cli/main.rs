//! The command line against a server that says what each test wants it to say.

mod act;
mod enqueue;
mod fake;
mod faults;
mod list;
mod local;
mod logs;
mod plans;
mod run;
mod show;
mod token;
mod watch;
mod workflows;
