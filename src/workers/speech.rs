//! The program that turns speech into text, as it is configured.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};

use super::tools::{Call, Class, Keep, Lines, Ran, Tool, ToolSpec, Toolbox, Trouble, secret};
use super::transcript::{Segment, Transcript};
use super::{Availability, Context, Failure, ProgramHost, RunResult, ToolInfo};
use crate::config::{ArgumentGroup, TranscribeConfig, TranscriptFormat};
use crate::logs::Stream;

const SPEC: ToolSpec = ToolSpec {
    name: "the speech recogniser",
    key: "transcribe.command",
    version_option: "--version",
    install: "install it",
};
const NOT_CONFIGURED: &str = "no speech recogniser is configured: install whisper.cpp, openai-whisper or \
     whisper-ctranslate2 and set transcribe.command";
/// What standard output is called as an output.
const STDOUT: &str = "-";

/// See the module.
pub struct Recogniser {
    config: TranscribeConfig,
    tool: Option<Tool>,
}

/// Which part of a job's progress is the recognition.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Where it begins, in percent.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

impl Recogniser {
    /// Puts one together.
    #[must_use]
    pub fn new(config: TranscribeConfig, host: Arc<ProgramHost>) -> Self {
        let program = match config.command.first() {
            Some(ArgumentGroup::Always(program)) => Some(program.clone()),
            _ => None,
        };
        Self { tool: program.map(|program| Tool::new(SPEC, program, host)), config }
    }

    /// Whether there is one.
    #[must_use]
    pub fn availability(&self) -> Availability {
        match self.tool.as_ref().map(Tool::find) {
            Some(Ok(_)) => Availability::Available,
            Some(Err(why)) => Availability::Unavailable(why),
            None => Availability::Unavailable(NOT_CONFIGURED.into()),
        }
    }

    /// Where it is, for a job, which fails for good without it.
    ///
    /// # Errors
    /// Fatal when none is configured or it is not there.
    pub fn needed(&self) -> RunResult<PathBuf> {
        self.tool.as_ref().ok_or_else(|| Failure::fatal(NOT_CONFIGURED))?.needed()
    }

    /// Its name and version.
    pub fn info(&self) -> BoxFuture<'_, Option<ToolInfo>> {
        async move {
            let info = self.tool.as_ref()?.info().await;
            let ArgumentGroup::Always(program) = self.config.command.first()? else { return None };
            let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy().into_owned();
            Some(ToolInfo { name, ..info })
        }
        .boxed()
    }

    /// Turns a WAV file in the attempt's folder into text. `duration` is in seconds.
    ///
    /// # Errors
    /// Fatal when there is no program; `transient` when it fails or writes nothing.
    pub async fn transcribe(
        &self,
        toolbox: &Toolbox,
        (input, duration): (&Path, f64),
        language: Option<&str>,
        span: Span,
    ) -> RunResult<Transcript> {
        let program = self.needed()?;
        let places = Places::new(self, toolbox, input, language);
        let mut call = Call::new(program, self.args(&places));
        let assignments = self.config.env.iter().filter_map(|entry| entry.split_once('='));
        call.secrets = assignments.clone().filter_map(|(name, value)| secret(name, value)).collect();
        call.env = assignments.map(|(name, value)| (name.to_owned(), value.into())).collect();
        let mut hearing =
            Hearing { ctx: toolbox.ctx(), duration, span, furthest: 0.0, stdout: String::new() };
        let Ran { status, stderr } = toolbox.run(call, &mut hearing).await?;
        if !status.success() {
            let text = format!("the speech recogniser ended with {status}: {stderr}");
            return Err(Trouble::new(Class::Transient, text).into());
        }
        let text = match self.config.output.as_str() {
            STDOUT => hearing.stdout,
            // These programs end with 0 on input that they cannot read: only a file says that all is
            // well. The folder was empty before.
            output => fs::read_to_string(toolbox.dir().join(places.fill(output).0)).map_err(|e| {
                let text = format!(
                    "the speech recogniser ended with exit code 0 and left no output ({e}): {stderr}"
                );
                Trouble::new(Class::Transient, text)
            })?,
        };
        self.read(&text)
    }

    fn args(&self, places: &Places) -> Vec<String> {
        let mut args = Vec::new();
        for group in self.config.command.iter().skip(1) {
            match group {
                ArgumentGroup::Always(text) => args.push(places.fill(text).0),
                ArgumentGroup::IfSet(texts) => {
                    let filled: Vec<_> = texts.iter().map(|text| places.fill(text)).collect();
                    if filled.iter().all(|(_, complete)| *complete) {
                        args.extend(filled.into_iter().map(|(text, _)| text));
                    }
                }
            }
        }
        args
    }

    fn read(&self, text: &str) -> RunResult<Transcript> {
        let read = match self.config.format {
            TranscriptFormat::Text => Ok(plain(text)),
            _ => Transcript::parse(text),
        };
        read.map_err(|why| {
            Trouble::new(Class::Internal, format_args!("what the speech recogniser wrote {why}")).into()
        })
    }
}

fn plain(text: &str) -> Transcript {
    let line = |line: &str| Segment { text: line.to_owned(), ..Segment::default() };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Transcript { segments: lines.map(line).collect(), timed: false }
}

/// What the placeholders stand for.
struct Places([(&'static str, Option<String>); 7]);

impl Places {
    fn new(recogniser: &Recogniser, toolbox: &Toolbox, input: &Path, language: Option<&str>) -> Self {
        let config = &recogniser.config;
        let shown = |path: &Path| Some(path.to_string_lossy().into_owned());
        Self([
            ("{input}", shown(input)),
            ("{out}", shown(&toolbox.dir().join("transcript"))),
            ("{out_dir}", shown(toolbox.dir())),
            ("{input_stem}", input.file_stem().map(|stem| stem.to_string_lossy().into_owned())),
            ("{model}", config.model.clone()),
            ("{language}", language.map(str::to_owned).or_else(|| config.language.clone())),
            ("{threads}", Some(config.threads.to_string())),
        ])
    }

    /// Fills each placeholder once, from left to right; whether all had a value.
    fn fill(&self, text: &str) -> (String, bool) {
        let (mut filled, mut complete, mut rest) = (String::new(), true, text);
        while let Some(at) = rest.find('{') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            match self.0.iter().find(|(name, _)| rest.starts_with(name)) {
                Some((name, value)) => {
                    complete &= value.is_some();
                    filled.push_str(value.as_deref().unwrap_or_default());
                    rest = &rest[name.len()..];
                }
                None => {
                    filled.push('{');
                    rest = &rest[1..];
                }
            }
        }
        (filled + rest, complete)
    }
}

/// Reads progress: `[00:01.000 --> 00:02.500] …` on standard output, or `progress = 42%` on standard
/// error.
struct Hearing<'a> {
    ctx: &'a Context,
    duration: f64,
    span: Span,
    /// The share that was told last: the two streams overtake each other.
    furthest: f64,
    stdout: String,
}

impl Lines for Hearing<'_> {
    fn line(&mut self, stream: Stream, line: &str) -> Keep {
        let share = match stream {
            Stream::Stderr => percentage(line).map(|percent| percent / 100.0),
            _ => {
                self.stdout.push_str(line);
                self.stdout.push('\n');
                end_of_cue(line).filter(|_| self.duration > 0.0).map(|end| end / self.duration)
            }
        };
        let Some(share) = share else { return Keep::Log };
        self.furthest = self.furthest.max(share.clamp(0.0, 1.0));
        let percent = self.span.from + self.furthest * (self.span.to - self.span.from);
        self.ctx.progress_at(percent, 0, None, Some("turning speech into text"));
        if stream == Stream::Stderr { Keep::Progress } else { Keep::Log }
    }
}

fn percentage(line: &str) -> Option<f64> {
    let number = line.split_once("progress =")?.1.trim().strip_suffix('%')?;
    number.trim().parse().ok()
}

fn end_of_cue(line: &str) -> Option<f64> {
    let end = line.strip_prefix('[')?.split_once("-->")?.1.split(']').next()?;
    end.trim().split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_understood() {
        assert_eq!(percentage("whisper_print_progress_callback: progress =  42%"), Some(42.0));
        assert_eq!(end_of_cue("[00:01.000 --> 01:02.500]  Hello"), Some(62.5));
        assert_eq!(end_of_cue("[00:00:01.000 --> 01:00:02.500]  Hello"), Some(3602.5));
        assert_eq!((percentage("50%"), end_of_cue("[x]")), (None, None));
    }
}
