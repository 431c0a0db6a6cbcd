//! What limits keep back, and whose turn it is.
//!
//! A pending job that a claim met at the limit of its key is *held*: it leaves the index that claims
//! walk, so that a hundred thousand jobs of one busy key cost the others nothing. Each end of an
//! attempt lets the next held job of its key go; a rate limit lets them go when its time has come.
//! Whether a job may really start is decided by the claim alone, from what runs and what started, in
//! the transaction that starts it; holding is no more than not looking for a while.

pub(super) mod held;
pub mod keys;
pub mod rate;
pub(super) mod turns;

pub use held::sweep;
pub use rate::forget_starts;
pub use turns::forget_turns;
