//! What these tests have in common.

use std::path::PathBuf;
use std::time::Duration;

use callboard::config::{LlmConfig, PromptConfig, TextsConfig};
use callboard::domain::{Clock, Json};
use callboard::workers::chat::Chat;
use callboard::workers::generate_content::GenerateContent;
use callboard::workers::prompt::Prompts;
use callboard::workers::text_files::TextFiles;
use callboard::workers::{RunResult, Worker, typed};
use serde_json::{Value, json};

use crate::fake::{Answer, Events, Fake};
use crate::support::{Bench, run_typed};

pub const ASKED: &str = "POST /v1/chat/completions";
pub const KEY: &str = "sk-very-secret-0123456789";

/// An endpoint, a worker that asks it, and a place to run that in.
pub struct Desk {
    pub fake: Fake,
    pub bench: Bench,
    pub clock: Clock,
    pub llm: LlmConfig,
    pub prompts: Vec<(String, PromptConfig)>,
    pub texts: TextsConfig,
}

impl Desk {
    pub fn new() -> Self {
        let (fake, bench) = (Fake::start(), Bench::new());
        let base_url = Some(format!("{}/v1", fake.url).parse().unwrap());
        let key_file = bench.dir.path().join("key");
        std::fs::write(&key_file, format!("{KEY}\n")).unwrap();
        let llm = LlmConfig {
            base_url,
            model: Some("tiny".into()),
            api_key_file: Some(key_file),
            ..LlmConfig::default()
        };
        let root = bench.dir.path().join("texts");
        std::fs::create_dir(&root).unwrap();
        let texts = TextsConfig { roots: vec![root], output_root: None };
        let clock = Clock::manual("2030-01-02T03:04:05Z".parse().unwrap());
        let plain =
            PromptConfig { system: Some("be brief".into()), text: "{title}/{language}: {transcript}".into() };
        Self { fake, bench, clock, llm, prompts: vec![("plain".into(), plain)], texts }
    }

    pub fn root(&self) -> PathBuf {
        self.texts.roots[0].clone()
    }

    pub fn worker(&self) -> GenerateContent {
        let chat = Chat::new(self.llm.clone(), self.clock.clone());
        let prompts = Prompts::new(self.prompts.iter().cloned().collect());
        GenerateContent::new(chat, prompts, TextFiles::new(self.texts.clone()))
    }

    /// What is wrong with args, as `field: message`.
    pub fn faults(&self, args: &Value) -> Vec<String> {
        faults(self.worker(), args)
    }

    /// Runs a job with these args to its end.
    pub async fn write(&self, args: Value) -> RunResult<Value> {
        run(self.worker(), &self.bench, args).await
    }
}

pub fn faults(worker: impl Worker, args: &Value) -> Vec<String> {
    let faults = typed(worker).check_args(&Json::of(args).unwrap());
    faults.into_iter().map(|(field, message)| format!("{field}: {message}")).collect()
}

pub async fn run(worker: impl Worker, bench: &Bench, args: Value) -> RunResult<Value> {
    let result = run_typed(worker, bench.context(&args.to_string())).await;
    result.map(|json| json.map_or(Value::Null, |json| json.parse().unwrap()))
}

/// A whole answer.
pub fn whole(text: &str, finish_reason: &str) -> Answer {
    Answer::json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "tiny",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": null},
            "logprobs": null, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    }))
}

/// What an endpoint says no with.
pub fn refused(status: u16, code: &str, message: &str) -> Answer {
    let error = json!({"error": {"message": message, "type": code, "param": null, "code": code}});
    Answer::text(status, "application/json", error)
}

/// Adds a piece of a streamed answer.
pub fn piece(events: &Events, text: &str) {
    chunk(events, &json!([{"index": 0, "delta": {"content": text}, "finish_reason": null}]), &Value::Null);
}

/// Ends a streamed answer, with usage.
pub fn finish(events: &Events, finish_reason: &str) {
    chunk(events, &json!([{"index": 0, "delta": {}, "finish_reason": finish_reason}]), &Value::Null);
    chunk(events, &json!([]), &json!({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}));
    events.raw("data: [DONE]\n\n");
}

fn chunk(events: &Events, choices: &Value, usage: &Value) {
    let data = json!({"id": "x", "object": "chat.completion.chunk", "choices": choices, "usage": usage});
    events.raw(&format!("data: {data}\n\n"));
}

/// A streamed answer that is there at once.
pub fn streamed(pieces: &[&str], finish_reason: &str) -> Answer {
    let (answer, events) = Answer::events();
    events.raw(": a comment\n\n");
    for text in pieces {
        piece(&events, text);
    }
    finish(&events, finish_reason);
    answer
}

pub const SHORTLY: Duration = Duration::from_millis(50);
