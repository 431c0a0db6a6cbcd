//! What the progress hub is made of: frames, the ring of those that can be asked for again, the
//! bounded buffer of each subscriber, and the handle that everybody else holds.

mod backlog;
mod facts;
mod far;
mod filter;
pub mod frame;
pub mod handle;
mod listeners;
mod outbox;
mod parked;
mod ring;
mod sieve;
pub mod subscription;
mod topics;

pub use facts::JobLookup;
pub use frame::{Frame, FrameKind};
pub use handle::{HubAway, HubHandle};
pub use subscription::{Subscription, Topic, Wish};

pub(super) use backlog::{Backlog, Ticket};
pub(super) use ring::Ring;
pub(super) use topics::{Subscriber, Topics};
