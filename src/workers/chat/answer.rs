//! What the endpoint answers, whole or piece by piece.

use serde::{Deserialize, Serialize};

use super::refusal::Complaint;

/// About how many characters a token has, where the endpoint does not count them for us.
const CHARS_PER_TOKEN: u64 = 4;

/// What the model wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// Why it ended there: `stop`, `length`, …
    pub finish_reason: Option<String>,
    /// What it cost.
    pub tokens: Tokens,
}

/// How many tokens were used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// Read by the model.
    pub prompt: u64,
    /// Written by it.
    pub completion: u64,
    /// Whether some of these are guessed from the number of characters.
    pub estimated: bool,
}

impl Tokens {
    /// A guess.
    #[must_use]
    pub fn estimate(prompt_chars: usize, completion_chars: usize) -> Self {
        let tokens = |chars: usize| (chars as u64).div_ceil(CHARS_PER_TOKEN);
        Self { prompt: tokens(prompt_chars), completion: tokens(completion_chars), estimated: true }
    }

    /// Both kinds together.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.prompt.saturating_add(self.completion)
    }

    /// These and others.
    #[must_use]
    pub const fn plus(self, more: Self) -> Self {
        Self {
            prompt: self.prompt.saturating_add(more.prompt),
            completion: self.completion.saturating_add(more.completion),
            estimated: self.estimated || more.estimated,
        }
    }
}

/// A whole answer, or one event of a streamed one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Document {
    choices: Vec<Choice>,
    usage: Option<Usage>,
    pub error: Option<Complaint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    message: Content,
    delta: Content,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content {
    content: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

/// An answer that is put together from documents.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    text: String,
    finish_reason: Option<String>,
    usage: Option<Usage>,
    /// How many documents had something in them.
    pub pieces: usize,
}

impl Assembly {
    /// Takes a document; returns the text that it adds.
    pub fn add(&mut self, document: Document) -> String {
        self.pieces += usize::from(!document.choices.is_empty());
        self.usage = document.usage.or(self.usage);
        let Some(choice) = document.choices.into_iter().next() else { return String::new() };
        self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
        let added = choice.message.content.or(choice.delta.content).unwrap_or_default();
        self.text.push_str(&added);
        added
    }

    /// How many characters there are so far.
    pub fn chars(&self) -> usize {
        self.text.chars().count()
    }

    /// The answer, once there is no more to come.
    pub fn finish(self, prompt_chars: usize) -> Answer {
        let counted =
            |u: Usage| Tokens { prompt: u.prompt_tokens, completion: u.completion_tokens, estimated: false };
        let tokens = self.usage.map_or_else(|| Tokens::estimate(prompt_chars, self.chars()), counted);
        Answer { text: self.text.replace('\0', "\u{FFFD}"), finish_reason: self.finish_reason, tokens }
    }
}
