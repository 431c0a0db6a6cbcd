//! The program that turns speech into text: `[transcribe]`.

use ::config::{Value, ValueKind};

use super::describe::Page;
use super::kinds;
use super::section::Section;

/// What is said in `[transcribe]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscribeConfig {
    /// The program and its arguments, with `{input}` and the like still in them. Empty: there is none.
    pub command: Vec<ArgumentGroup>,
    /// The file that it writes, with placeholders; `-`: standard output.
    pub output: String,
    /// How that is written.
    pub format: TranscriptFormat,
    /// What `{model}` stands for.
    pub model: Option<String>,
    /// What `{language}` stands for, unless the job says otherwise.
    pub language: Option<String>,
    /// What `{threads}` stands for.
    pub threads: u32,
    /// More variables of its environment, as `NAME=value`.
    pub env: Vec<String>,
}

/// Arguments of a command that are given together or, when a placeholder in them has no value, not
/// at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentGroup {
    /// An argument that is always given.
    Always(String),
    /// Arguments that are left out when a placeholder in them has no value.
    IfSet(Vec<String>),
}

/// How the output of a speech recogniser is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TranscriptFormat {
    /// Told from the content.
    #[default]
    Auto,
    /// `segments[].start/end/text`, in seconds.
    OpenaiJson,
    /// `transcription[].offsets.from/to`, in milliseconds.
    WhispercppJson,
    /// WebVTT.
    Vtt,
    /// SubRip.
    Srt,
    /// Text without times.
    Text,
}

const FORMATS: [(&str, TranscriptFormat); 6] = [
    ("auto", TranscriptFormat::Auto),
    ("openai-json", TranscriptFormat::OpenaiJson),
    ("whispercpp-json", TranscriptFormat::WhispercppJson),
    ("vtt", TranscriptFormat::Vtt),
    ("srt", TranscriptFormat::Srt),
    ("text", TranscriptFormat::Text),
];

impl TranscriptFormat {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        FORMATS.iter().find(|(_, format)| *format == self).map_or("auto", |(word, _)| *word)
    }
}

impl Default for TranscribeConfig {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            output: "{out}.json".into(),
            format: TranscriptFormat::Auto,
            model: None,
            language: None,
            threads: 2,
            env: Vec::new(),
        }
    }
}

/// Reads `[transcribe]`.
pub(super) fn transcribe(section: &mut Section<'_>) -> TranscribeConfig {
    let mut read = TranscribeConfig {
        model: section.get("model", kinds::text),
        language: section.get("language", kinds::text),
        ..TranscribeConfig::default()
    };
    section.set("command", &mut read.command, command);
    section.set("output", &mut read.output, kinds::text);
    section.set("format", &mut read.format, kinds::one_of(&FORMATS));
    section.set("threads", &mut read.threads, kinds::whole(1, 1024));
    section.set("env", &mut read.env, kinds::texts(assignment));
    read
}

fn assignment(text: &str) -> Result<(), String> {
    match text.split_once('=') {
        Some((name, _)) => kinds::variable(name),
        None => Err(format!("must be NAME=value, got {text:?}")),
    }
}

fn command(value: &Value) -> Result<Vec<ArgumentGroup>, String> {
    let right = "a list that begins with the program, each item a text or a list of texts";
    let ValueKind::Array(items) = &value.kind else { return Err(kinds::wrong(right, value)) };
    let group = |item: &Value| match &item.kind {
        ValueKind::String(text) => Some(ArgumentGroup::Always(text.clone())),
        ValueKind::Array(_) => kinds::arguments(item).ok().map(ArgumentGroup::IfSet),
        _ => None,
    };
    let groups: Option<Vec<_>> = items.iter().map(group).collect();
    let groups = groups.ok_or_else(|| kinds::wrong(right, value))?;
    match groups.first() {
        Some(ArgumentGroup::Always(program)) if !program.is_empty() && !program.contains(['{', '\0']) => {
            Ok(groups)
        }
        _ => Err("must begin with the program to start, without placeholders".into()),
    }
}

pub(super) fn describe(page: &mut Page<'_>, transcribe: &TranscribeConfig) {
    page.table("transcribe");
    if !transcribe.command.is_empty() {
        let item = |group: &ArgumentGroup| match group {
            ArgumentGroup::Always(text) => toml::Value::from(text.as_str()),
            ArgumentGroup::IfSet(texts) => texts.clone().into(),
        };
        page.line("command", transcribe.command.iter().map(item).collect::<Vec<_>>());
    }
    page.line("output", transcribe.output.as_str());
    page.line("format", transcribe.format.as_str());
    page.optional("model", transcribe.model.as_deref());
    page.optional("language", transcribe.language.as_deref());
    page.line("threads", i64::from(transcribe.threads));
    page.line("env", transcribe.env.clone());
}
