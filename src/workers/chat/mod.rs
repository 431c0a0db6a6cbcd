//! Asking an endpoint that speaks the chat protocol of OpenAI.

mod answer;
mod client;
mod refusal;
mod stream;

pub use answer::{Answer, Tokens};
pub use client::{Chat, Question};
