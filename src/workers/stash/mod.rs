//! Talking to a Stash server: its GraphQL queries, what they answer, and what it means when they
//! fail.

mod client;
mod find;
mod refusal;
mod scene;

pub use client::Stash;
pub use find::{Found, Seek};
pub use scene::{Named, Scene, SceneFile, SceneUpdate};
