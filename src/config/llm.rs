//! The chat endpoint that writes texts, and what it is told: `[llm]` and `[prompts.NAME]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::kinds;
use super::section::Section;

/// The most tokens that any key about them takes.
const MAX_TOKENS: u32 = 100_000_000;

/// An endpoint that speaks the chat protocol of OpenAI.
#[derive(Clone, Debug, PartialEq)]
pub struct LlmConfig {
    /// What `/chat/completions` is appended to; mostly it ends in `/v1`.
    pub base_url: Option<url::Url>,
    /// The environment variable that holds the key.
    pub api_key_env: Option<String>,
    /// The file that holds the key.
    pub api_key_file: Option<PathBuf>,
    /// Which model answers.
    pub model: Option<String>,
    /// How much chance there is in an answer; `None`: as the endpoint does it.
    pub temperature: Option<f64>,
    /// The most tokens of one answer; `None`: as the endpoint does it.
    pub max_output_tokens: Option<u32>,
    /// What the endpoint calls that limit.
    pub token_limit_field: TokenLimitField,
    /// Whether answers are read while they are written.
    pub stream: bool,
    /// Whether a streamed answer is to end with its number of tokens.
    pub include_usage: bool,
    /// What form of answer is asked for; `None`: nothing is said about it.
    pub response_format: Option<String>,
    /// How long the endpoint may say nothing.
    pub idle_timeout: Duration,
    /// How often one call is made again within an attempt.
    pub max_retries: u32,
    /// A longer text is cut into parts, which are summarised one by one.
    pub max_input_chars: u32,
    /// The most tokens that one attempt may use up; `None`: no limit.
    pub max_tokens_per_job: Option<u32>,
}

impl Default for LlmConfig {
    fn default() -> Self {
        Self {
            base_url: None,
            api_key_env: None,
            api_key_file: None,
            model: None,
            temperature: None,
            max_output_tokens: None,
            token_limit_field: TokenLimitField::MaxTokens,
            stream: true,
            include_usage: false,
            response_format: None,
            idle_timeout: Duration::from_secs(120),
            max_retries: 4,
            max_input_chars: 100_000,
            max_tokens_per_job: None,
        }
    }
}

/// What an endpoint calls the most tokens of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLimitField {
    /// The older name, which most know.
    MaxTokens,
    /// The newer one.
    MaxCompletionTokens,
}

impl TokenLimitField {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

const TOKEN_LIMIT_FIELDS: [(&str, TokenLimitField); 2] = [
    (TokenLimitField::MaxTokens.as_str(), TokenLimitField::MaxTokens),
    (TokenLimitField::MaxCompletionTokens.as_str(), TokenLimitField::MaxCompletionTokens),
];

/// What the model is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptConfig {
    /// Who it is, if that is to be said.
    pub system: Option<String>,
    /// What it is to do, with `{transcript}`, `{title}` and `{language}` in it.
    pub text: String,
}

/// Reads `[llm]`.
pub(super) fn llm(section: &mut Section<'_>) -> LlmConfig {
    let mut read = LlmConfig {
        base_url: section.get("base_url", kinds::web_url),
        api_key_env: section.get("api_key_env", kinds::variable_name),
        api_key_file: section.get("api_key_file", kinds::path),
        model: section.get("model", kinds::text),
        temperature: section.get("temperature", kinds::between(0.0, 2.0)),
        max_output_tokens: section.get("max_output_tokens", kinds::whole(1, MAX_TOKENS)),
        response_format: section.get("response_format", kinds::text),
        max_tokens_per_job: section.get("max_tokens_per_job", kinds::whole(1, MAX_TOKENS)),
        ..LlmConfig::default()
    };
    section.set("token_limit_field", &mut read.token_limit_field, kinds::one_of(&TOKEN_LIMIT_FIELDS));
    section.set("stream", &mut read.stream, kinds::boolean);
    section.set("include_usage", &mut read.include_usage, kinds::boolean);
    section.set("idle_timeout_secs", &mut read.idle_timeout, kinds::secs(0.01, 3600.0));
    section.set("max_retries", &mut read.max_retries, kinds::whole(0, 100));
    section.set("max_input_chars", &mut read.max_input_chars, kinds::whole(1000, MAX_TOKENS));
    if read.base_url.is_some() && read.model.is_none() {
        section.fault("model", "must be given beside base_url");
    }
    if read.api_key_env.is_some() && read.api_key_file.is_some() {
        section.fault("api_key_file", "must not stand beside api_key_env: the key comes from one of them");
    }
    read
}

/// Reads `[prompts]`.
pub(super) fn prompts(section: &mut Section<'_>) -> BTreeMap<String, PromptConfig> {
    let mut read = BTreeMap::new();
    for name in section.names() {
        let prompt = section.section(&name, |section| {
            let system = section.get("system", kinds::long_text);
            let text = section.needed("text", kinds::long_text)?;
            if !text.contains("{transcript}") {
                section.fault("text", "must have {transcript} in it: that is where the text goes");
            }
            Some(PromptConfig { system, text })
        });
        read.extend(prompt.map(|prompt| (name, prompt)));
    }
    read
}
