//! Writes a text about a transcript, with a chat model.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chat::{Answer, Chat, Tokens};
use super::prompt::{PART, Places, Prompts, SUMMARY};
use super::split::split;
use super::text_files::TextFiles;
use super::text_input::TextInput;
use super::transcript::Transcript;
use super::{Availability, Context, Failure, RunResult, Worker};

/// The most parts of a text; more are a mistake that would cost money.
const MAX_PARTS: usize = 1000;
/// Stands for the name of the transcript's file.
const STEM: &str = "{stem}";
/// How often a text is shortened by summarising its parts before that is given up.
const MAX_ROUNDS: usize = 4;

/// Writes a text about a transcript, with a chat model.
pub struct GenerateContent {
    chat: Chat,
    prompts: Prompts,
    files: TextFiles,
}

/// What to write about.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GenerateArgs {
    /// The prompt to write by: a name under `[prompts]`, or `summary`.
    prompt: String,
    /// The transcript, as plain text, JSON, WebVTT or SubRip. Without text and file it is what a
    /// parent of the job left behind.
    text: Option<String>,
    /// The file with the transcript, below one of `texts.roots`.
    file: Option<String>,
    /// Its title. Without it: what the parent says.
    title: Option<String>,
    /// The language to write in.
    language: Option<String>,
    /// The most tokens of the answer, if that is to be other than configured.
    #[schemars(range(min = 1))]
    max_output_tokens: Option<u32>,
    /// Takes an answer that was cut off at the most tokens; else such an answer fails the job.
    accept_cut: bool,
    /// Where the text is left: a path below `texts.output_root`, in which `{stem}` stands for the name
    /// of the transcript's file without its ending. Without it: in the result only.
    output: Option<String>,
}

impl Default for GenerateArgs {
    fn default() -> Self {
        Self {
            prompt: SUMMARY.into(),
            text: None,
            file: None,
            title: None,
            language: None,
            max_output_tokens: None,
            accept_cut: false,
            output: None,
        }
    }
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct Generated {
    /// The text.
    content: String,
    /// Where it was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The prompt.
    prompt: String,
    /// The model.
    model: Option<String>,
    /// Why it ended where it did.
    finish_reason: Option<String>,
    /// How many calls it took.
    calls: usize,
    /// What it cost.
    tokens: Tokens,
}

impl GenerateContent {
    /// Puts one together.
    #[must_use]
    pub const fn new(chat: Chat, prompts: Prompts, files: TextFiles) -> Self {
        Self { chat, prompts, files }
    }
}

impl Worker for GenerateContent {
    const JOB_TYPE: &'static str = "generate_content";
    const DESCRIPTION: &'static str = "Writes a text about a transcript, with a chat model.";
    type Args = GenerateArgs;
    type Output = Generated;

    fn availability(&self) -> Availability {
        self.chat.availability()
    }

    fn check(&self, args: &GenerateArgs) -> Vec<(String, String)> {
        let mut faults = TextInput::faults(&self.files, args.text.as_deref(), args.file.as_deref());
        faults.extend(self.prompts.check(&args.prompt).err().map(|e| ("args.prompt".into(), e)));
        if args.max_output_tokens == Some(0) {
            faults.push(("args.max_output_tokens".into(), "must be at least 1".into()));
        }
        let output = args.output.as_deref().map_or(Ok(()), |file| self.files.check_write(file));
        faults.extend(output.err().map(|e| ("args.output".into(), e)));
        faults
    }

    async fn run(&self, ctx: Context, args: GenerateArgs) -> RunResult<Generated> {
        let input = TextInput::get(&ctx, &self.files, args.text.clone(), args.file.clone()).await?;
        let text = Transcript::parse(&input.text).map_or_else(|_| input.text.clone(), |read| read.text());
        if text.trim().is_empty() {
            return Err(Failure::fatal("there is nothing to write about: the text is empty"));
        }
        let output = args.output.as_deref().map(|output| place(output, input.file.as_deref())).transpose()?;
        let mut writing = Writing {
            worker: self,
            ctx: &ctx,
            title: args.title.as_deref().or(input.said("title")).unwrap_or("untitled"),
            language: args.language.as_deref().unwrap_or("the language of the transcript"),
            max_output_tokens: args.max_output_tokens,
            calls: 0,
            planned: 1,
            chars: 0,
            tokens: Tokens::default(),
        };
        let short = writing.shortened(text).await?;
        let answer = writing.ask(&args.prompt, &short).await?;
        let (calls, tokens) = (writing.calls, writing.tokens);
        let content = accepted(&ctx, answer, args.accept_cut)?;
        let file = match &output {
            Some(file) => {
                Some(self.files.write(&ctx, file, content.text.clone()).await?.display().to_string())
            }
            None => None,
        };
        Ok(Generated {
            content: content.text,
            file,
            prompt: args.prompt,
            model: self.chat.config().model.clone(),
            finish_reason: content.finish_reason,
            calls,
            tokens,
        })
    }
}

/// Where a text about a transcript is left.
fn place(output: &str, transcript: Option<&str>) -> RunResult<String> {
    if !output.contains(STEM) {
        return Ok(output.to_owned());
    }
    let stem = transcript.and_then(|file| Path::new(file).file_stem());
    let stem = stem.ok_or_else(|| {
        Failure::fatal(format_args!("args.output has {STEM}, and the transcript stands in no file"))
    })?;
    Ok(output.replace(STEM, &stem.to_string_lossy()))
}

/// An answer that is good enough.
fn accepted(ctx: &Context, answer: Answer, accept_cut: bool) -> RunResult<Answer> {
    if answer.text.trim().is_empty() {
        return Err(Failure::retry("the model wrote nothing"));
    }
    if answer.finish_reason.as_deref() == Some("length") {
        let message = "the answer was cut off at the most tokens of an answer";
        if !accept_cut {
            return Err(Failure::fatal(format_args!(
                "{message}; raise llm.max_output_tokens or args.max_output_tokens, or set args.accept_cut"
            )));
        }
        ctx.log.warn(message);
    }
    Ok(answer)
}

/// One attempt's calls.
struct Writing<'a> {
    worker: &'a GenerateContent,
    ctx: &'a Context,
    title: &'a str,
    language: &'a str,
    max_output_tokens: Option<u32>,
    calls: usize,
    planned: usize,
    chars: usize,
    tokens: Tokens,
}

impl Writing<'_> {
    /// The text, or, where it is too long for one call, the summaries of its parts.
    async fn shortened(&mut self, mut text: String) -> RunResult<String> {
        let most = self.worker.chat.config().max_input_chars as usize;
        for _ in 0..MAX_ROUNDS {
            let length = text.chars().count();
            if length <= most {
                return Ok(text);
            }
            let parts = split(&text, most);
            if parts.len() > MAX_PARTS {
                return Err(Failure::fatal(format_args!(
                    "the text is {length} characters long, which makes {} parts; at most {MAX_PARTS} are \
                     taken (llm.max_input_chars is {most})",
                    parts.len()
                )));
            }
            let n = parts.len();
            self.ctx.log.info(format_args!("{length} characters are too many; {n} parts are summarised"));
            self.planned = self.calls + parts.len() + 1;
            let mut summaries = Vec::with_capacity(parts.len());
            for part in parts {
                let summary = accepted(self.ctx, self.ask(PART, part).await?, true)?;
                summaries.push(summary.text.trim().to_owned());
            }
            text = summaries.join("\n\n");
        }
        Err(Failure::fatal(format_args!(
            "the summaries of its parts do not get shorter than llm.max_input_chars ({most} characters)"
        )))
    }

    /// One call, within the budget.
    async fn ask(&mut self, prompt: &str, transcript: &str) -> RunResult<Answer> {
        let places = Places { transcript, title: self.title, language: self.language };
        let question = self.worker.prompts.fill(prompt, places);
        let mut question =
            question.ok_or_else(|| Failure::fatal(format_args!("there is no prompt {prompt:?}")))?;
        question.max_output_tokens = self.max_output_tokens.filter(|_| prompt != PART);
        self.afford(Tokens::estimate(question.chars(), 0).total())?;
        let (ctx, done, planned, before) = (self.ctx, self.calls, self.planned, self.chars);
        let mut heard = |chars: usize| step(ctx, done, planned, before + chars);
        let answer = self.worker.chat.ask(ctx, &question, &mut heard).await?;
        self.calls += 1;
        self.chars += answer.text.chars().count();
        self.tokens = self.tokens.plus(answer.tokens);
        step(ctx, self.calls, planned, self.chars);
        Ok(answer)
    }

    fn afford(&self, tokens: u64) -> RunResult<()> {
        let Some(budget) = self.worker.chat.config().max_tokens_per_job else { return Ok(()) };
        let after = self.tokens.total().saturating_add(tokens);
        if after <= budget.into() {
            return Ok(());
        }
        Err(Failure::fatal(format_args!(
            "it would use about {after} tokens, and llm.max_tokens_per_job is {budget}; given up after {} of {} \
             calls",
            self.calls, self.planned
        )))
    }
}

fn step(ctx: &Context, calls: usize, planned: usize, chars: usize) {
    #[expect(clippy::cast_precision_loss, reason = "there are few calls")]
    let percent = calls as f64 / planned.max(1) as f64 * 100.0;
    let message = format!("call {} of {planned}, {chars} characters", (calls + 1).min(planned));
    ctx.progress_at(percent, chars as u64, None, Some(&message));
}
