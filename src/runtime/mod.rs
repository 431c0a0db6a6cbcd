//! The actors, and [`Callboard`], the handle through which everybody else talks to them.

pub mod callboard;

pub use callboard::Callboard;
