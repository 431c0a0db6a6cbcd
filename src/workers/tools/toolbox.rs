//! Running programs for one attempt.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;

use super::line_log::{LineLog, redacted};
use super::trouble::{Class, Trouble};
use crate::logs::Stream;
use crate::workers::proxy::Proxy;
use crate::workers::subprocess::{Ended, Output, Subprocess, WorkDir};
use crate::workers::{Context, Failure, ProgramHost, RunResult};

/// What every program gets of the server's environment.
const ALWAYS_PASSED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];
/// The largest output that is kept in memory.
const MAX_CAPTURE: usize = 64 * 1024 * 1024;

/// What is to be run.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// More variables of its environment.
    pub env: Vec<(String, OsString)>,
    /// What must not be seen in the log.
    pub secrets: Vec<String>,
}

impl Call {
    /// A call of a program.
    #[must_use]
    pub fn new(program: PathBuf, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { program, args: args.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// What becomes of a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is kept.
    Log,
    /// It is about progress: at most one a second is kept.
    Progress,
}

/// Reads what a program prints, line by line.
pub trait Lines: Send {
    /// Takes a line of standard output or standard error.
    fn line(&mut self, stream: Stream, line: &str) -> Keep;
}

/// How a program ended whose lines were read.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code or signal.
    pub status: ExitStatus,
    /// The last lines of standard error.
    pub stderr: String,
}

/// How a program ended whose output was kept.
#[derive(Debug)]
pub struct Captured {
    /// Its exit code or signal.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: String,
    /// The last lines of standard error.
    pub stderr: String,
}

/// Runs programs for one attempt. It has a folder for what need not be kept, which goes with it.
pub struct Toolbox {
    ctx: Context,
    host: Arc<ProgramHost>,
    env: Vec<String>,
    dir: WorkDir,
    proxy: Option<Proxy>,
}

impl Toolbox {
    /// Makes the folder of the attempt. `env` lists the variables that programs get beside a few.
    ///
    /// # Errors
    /// To be retried when the folder cannot be made.
    pub fn open(host: &Arc<ProgramHost>, env: &[String], ctx: &Context) -> RunResult<Self> {
        let dir = WorkDir::create(&host.work_root, ctx.job.id, ctx.job.attempt).map_err(|e| {
            let root = host.work_root.display();
            Failure::retry(format_args!("cannot make a folder for the job in {root}: {e}"))
        })?;
        Ok(Self { ctx: ctx.clone(), host: host.clone(), env: env.to_vec(), dir, proxy: None })
    }

    /// Gives its programs a way to the web.
    #[must_use]
    pub fn with_proxy(self, proxy: Proxy) -> Self {
        Self { proxy: Some(proxy), ..self }
    }

    /// The way to the web that programs are to take, if it was given one.
    #[must_use]
    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// The attempt.
    #[must_use]
    pub fn ctx(&self) -> &Context {
        &self.ctx
    }

    /// A folder that is removed afterwards.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Runs a program and shows its lines to a reader; they are in the job's log too.
    ///
    /// # Errors
    /// When it cannot be run, or the attempt was told to stop.
    pub async fn run(&self, call: Call, reader: &mut dyn Lines) -> RunResult<Ran> {
        let secrets = call.secrets.clone();
        let mut output = LineLog::new(&self.ctx.log, &secrets, reader);
        let ended = self.end(call, &mut output).await?;
        Ok(Ran { status: ended.status, stderr: output.finish() })
    }

    /// Runs a program and gives back what it printed; only its standard error is in the log.
    ///
    /// # Errors
    /// As [`Self::run`]; fatal when it prints too much.
    pub async fn capture(&self, call: Call) -> RunResult<Captured> {
        let secrets = call.secrets.clone();
        let mut reader = LogAll;
        let mut output = Capture {
            stdout: Vec::new(),
            too_much: false,
            rest: LineLog::new(&self.ctx.log, &secrets, &mut reader),
        };
        let ended = self.end(call, &mut output).await?;
        let Capture { stdout, too_much, rest } = output;
        if too_much {
            let most = MAX_CAPTURE >> 20;
            return Err(Trouble::new(
                Class::Internal,
                format_args!("the program printed more than {most} MiB"),
            )
            .into());
        }
        let stdout = String::from_utf8_lossy(&stdout).into_owned();
        Ok(Captured { status: ended.status, stdout, stderr: rest.finish() })
    }

    async fn end(&self, call: Call, output: &mut dyn Output) -> RunResult<Ended> {
        if self.ctx.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let name = call.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let shown = redacted(&call.args.join(" "), &call.secrets);
        self.ctx.log.info(format_args!("{name} {shown}"));
        let mut env = environment(&self.env);
        env.extend(call.env);
        let subprocess = Subprocess {
            program: call.program,
            args: call.args,
            cwd: self.dir().to_owned(),
            env,
            stdin: Vec::new(),
            folder: self.dir().to_owned(),
            claim: (self.host.instance.clone(), self.ctx.job.id, self.ctx.job.attempt),
            kill_after: self.host.kill_after,
        };
        let ended = subprocess.run(&self.ctx.cancel, output).await.map_err(|e| not_run(&name, &e))?;
        if ended.left_behind > 0 {
            let count = ended.left_behind;
            self.ctx.log.warn(format_args!("{name} left {count} processes behind; they were ended"));
        } else if ended.killed {
            self.ctx.log.warn(format_args!("{name} did not end when asked to and was killed"));
        }
        if ended.cancelled { Err(Failure::Cancelled) } else { Ok(ended) }
    }
}

/// The environment of programs, with the variables in `names` as the server has them.
pub(super) fn environment(names: &[String]) -> Vec<(String, OsString)> {
    let names = ALWAYS_PASSED.into_iter().chain(names.iter().map(String::as_str));
    let passed = names.filter_map(|name| Some((name.to_owned(), env::var_os(name)?)));
    let ours = [("PYTHONUNBUFFERED", "1"), ("NO_COLOR", "1")];
    passed.chain(ours.map(|(name, value)| (name.to_owned(), value.into()))).collect()
}

fn not_run(name: &str, e: &std::io::Error) -> Failure {
    let class = match e.kind() {
        std::io::ErrorKind::NotFound
        | std::io::ErrorKind::PermissionDenied
        | std::io::ErrorKind::InvalidInput
        | std::io::ErrorKind::ArgumentListTooLong => Class::Internal,
        _ => Class::Transient,
    };
    Trouble::new(class, format_args!("{name} cannot be run: {e}")).into()
}

struct LogAll;

impl Lines for LogAll {
    fn line(&mut self, _: Stream, _: &str) -> Keep {
        Keep::Log
    }
}

/// Keeps standard output; standard error goes the usual way.
struct Capture<'a> {
    stdout: Vec<u8>,
    too_much: bool,
    rest: LineLog<'a>,
}

impl Output for Capture<'_> {
    fn stdout(&mut self, bytes: &[u8]) {
        self.too_much |= self.stdout.len() + bytes.len() > MAX_CAPTURE;
        if !self.too_much {
            self.stdout.extend_from_slice(bytes);
        }
    }

    fn stderr(&mut self, bytes: &[u8]) {
        self.rest.stderr(bytes);
    }
}
