//! Limits, turns and aging, exact at the store: whatever is claimed, nothing beyond a limit runs, and
//! nothing that may run is left behind, also when the process dies in between.

mod bench;
mod fairness;
mod model;
mod order;
