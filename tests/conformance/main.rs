//! What every store must do, whatever database it stands on. Each case is written once; the macro
//! `on_every_database` makes one test of it for each database, and looks at the books afterwards.

#![deny(dead_code)] // A case that is not listed would never run.

#[path = "../guest/mod.rs"]
mod guest;
#[path = "../postgres/mod.rs"]
mod postgres;
mod support;

mod cases;
mod model;
