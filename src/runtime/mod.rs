//! The actors, and [`Callboard`], the handle through which everybody else talks to them.

pub mod callboard;
pub mod hub;
pub mod progress_hub;

pub use callboard::Callboard;
pub use hub::HubHandle;
pub use progress_hub::ProgressHub;
