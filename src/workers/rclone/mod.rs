//! rclone: what may go where, its options, and what it says.

mod places;
mod staging;
mod stats;
mod transfer;

pub use places::{Mode, Places};
pub use transfer::{Synced, Transfer};
