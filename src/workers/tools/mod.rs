//! What the workers have in common that drive programs of others: finding a program and its version,
//! running it with its output in the job's log, and telling what its errors mean.

mod line_log;
mod secrets;
mod tool;
mod toolbox;
mod trouble;

pub use secrets::{secret, secrets_in};
pub use tool::{Tool, ToolSpec, unavailable};
pub use toolbox::{Call, Captured, Keep, Lines, Ran, Toolbox};
pub use trouble::{Class, Trouble};
