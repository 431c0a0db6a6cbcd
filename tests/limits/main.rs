//! Limits, turns and aging, exact at the store: whatever is claimed, nothing beyond a limit runs, and
//! nothing that may run is left behind.

mod bench;
mod fairness;
mod model;
