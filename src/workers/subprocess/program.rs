//! One program, from start to end.

use std::ffi::OsString;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio_util::sync::CancellationToken;

use super::children::{self, Known};
use super::ending::{self, Outcome, Schedule};
use super::family::Family;
use super::process_table;
use super::{Instance, instance::MARK};
use crate::config;

/// How long what a program has left behind may take to end by itself: the other half of a pipe, say.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often a running program's descendants are noted.
const SIGHT_EVERY: Duration = Duration::from_millis(500);
/// How long output is read after everybody who may write it has gone.
const DRAIN: Duration = Duration::from_secs(2);
/// How long to wait for the system to say how a program ended that is known to have.
const REAP: Duration = Duration::from_secs(5);

/// A program that is to run for an attempt.
#[derive(Clone, Debug)]
pub struct Subprocess {
    /// Where it is.
    pub program: PathBuf,
    /// Its arguments, without its name.
    pub args: Vec<String>,
    /// Where it runs.
    pub cwd: PathBuf,
    /// Its whole environment, but for the mark.
    pub env: Vec<(String, OsString)>,
    /// What it reads.
    pub stdin: Vec<u8>,
    /// The attempt's own folder, without symbolic links: a process that works in there is taken for
    /// one of its descendants.
    pub folder: PathBuf,
    /// Whose program it is, and for which job and attempt.
    pub claim: (Instance, i64, u32),
    /// How long it may take to end after SIGTERM.
    pub kill_after: Duration,
}

/// Takes what a program prints, as it comes.
pub trait Output: Send {
    /// From standard output.
    fn stdout(&mut self, bytes: &[u8]);
    /// From standard error.
    fn stderr(&mut self, bytes: &[u8]);
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code or signal.
    pub status: ExitStatus,
    /// Whether it was asked to stop before it ended.
    pub cancelled: bool,
    /// Whether something had to be killed because it did not heed SIGTERM.
    pub killed: bool,
    /// How many processes it left behind that had to be ended.
    pub left_behind: usize,
}

impl Subprocess {
    /// Runs it to its end, and ends what it leaves behind. When `cancel` is cancelled it is ended.
    /// When the future is dropped everything is killed at once.
    ///
    /// # Errors
    /// When it cannot be started, or does not end.
    pub async fn run(self, cancel: &CancellationToken, output: &mut dyn Output) -> io::Result<Ended> {
        let mut running = Running::start(&self)?;
        let mut printing = pin!(pump(running.pipes(), &self.stdin, output));
        let mut printed = false;
        let ended = {
            let mut ending = pin!(running.await_end(cancel));
            loop {
                tokio::select! {
                    () = &mut printing, if !printed => printed = true,
                    ended = &mut ending => break ended?,
                }
            }
        };
        if !printed {
            // Somebody who is not a descendant may hold the pipe open for ever.
            let _ = tokio::time::timeout(DRAIN, printing).await;
        }
        Ok(ended)
    }

    fn command(&self) -> Command {
        let (instance, job_id, attempt) = &self.claim;
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.cwd).process_group(0);
        command.env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        command.env(MARK, instance.mark(*job_id, *attempt));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // SAFETY: between fork and exec these call nothing but signal(2), which is async-signal-safe, and
        // setrlimit(2), which takes no lock either.
        unsafe { command.pre_exec(heed_signals).pre_exec(config::give_back_open_files) };
        command
    }
}

/// A server that was started with `&` or nohup ignores SIGINT, and its children would inherit that.
fn heed_signals() -> io::Result<()> {
    use nix::sys::signal::{SigHandler, Signal, signal};

    for heeded in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        // SAFETY: the default action replaces no handler of this process: it is about to exec.
        unsafe { signal(heeded, SigHandler::SigDfl)? };
    }
    Ok(())
}

type Pipes = (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>);

/// A program that runs. Dropping it before it has ended kills it with all that it started.
struct Running {
    child: Child,
    known: Option<Known>,
    family: Arc<Mutex<Family>>,
    at_once: Arc<AtomicBool>,
    kill_after: Duration,
    over: bool,
}

impl Running {
    fn start(what: &Subprocess) -> io::Result<Self> {
        let (instance, job_id, attempt) = &what.claim;
        let (child, known) = children::spawn(&mut what.command())?;
        let family = Family::new(&known, instance.mark(*job_id, *attempt), what.folder.clone());
        Ok(Self {
            child,
            known: Some(known),
            family: Arc::new(Mutex::new(family)),
            at_once: Arc::default(),
            kill_after: what.kill_after,
            over: false,
        })
    }

    fn pipes(&mut self) -> Pipes {
        (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take())
    }

    async fn await_end(&mut self, cancel: &CancellationToken) -> io::Result<Ended> {
        let mut status = self.exit_or(cancel.cancelled()).await?;
        let cancelled = cancel.is_cancelled();
        let patience = if status.is_some() { PATIENCE } else { Duration::ZERO };
        let mut ending = pin!(self.end_family(patience));
        let outcome = loop {
            // Waiting for the program takes note of its end: until then its group looks alive to
            // systems without a table of processes.
            tokio::select! {
                exited = self.child.wait(), if status.is_none() => status = Some(exited?),
                outcome = &mut ending => break outcome?,
            }
        };
        let status = match status {
            Some(status) => status,
            None => {
                tokio::time::timeout(REAP, self.child.wait()).await.map_err(|_| does_not_end(&outcome))??
            }
        };
        if !outcome.left.is_empty() {
            return Err(does_not_end(&outcome));
        }
        self.over = true;
        let left_behind = if cancelled { 0 } else { outcome.ended };
        Ok(Ended { status, cancelled, killed: outcome.killed, left_behind })
    }

    /// Waits for the program's exit, or for `other`, which gives `None`.
    async fn exit_or(&mut self, other: impl Future<Output = ()>) -> io::Result<Option<ExitStatus>> {
        let mut other = pin!(other);
        loop {
            tokio::select! {
                status = self.child.wait() => return status.map(Some),
                () = &mut other => return Ok(None),
                () = tokio::time::sleep(SIGHT_EVERY) => {
                    if let Ok(table) = process_table::recent(SIGHT_EVERY) {
                        super::lock(&self.family).sight(&table);
                    }
                }
            }
        }
    }

    /// Ends the family on a thread of its own, whether or not the future is polled.
    fn end_family(&self, patience: Duration) -> impl Future<Output = io::Result<Outcome>> + use<> {
        let family = Arc::clone(&self.family);
        let at_once = Arc::clone(&self.at_once);
        let schedule = Schedule { patience, kill_after: self.kill_after, at_once };
        let living = move || super::lock(&family).living();
        let ending = tokio::task::spawn_blocking(move || ending::end_all(living, &schedule));
        async move { ending.await.map_err(io::Error::other) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        // A thread that is ending the family already hurries now.
        self.at_once.store(true, Ordering::Relaxed);
        ending::kill_once(&super::lock(&self.family).living());
        let family = Arc::clone(&self.family);
        let at_once = Arc::clone(&self.at_once);
        let known = self.known.take();
        let _ = thread::Builder::new().name("program ending".into()).spawn(move || {
            let schedule = Schedule { patience: Duration::ZERO, kill_after: Duration::ZERO, at_once };
            let outcome = ending::end_all(|| super::lock(&family).living(), &schedule);
            if !outcome.left.is_empty() {
                log::warn!("{}", does_not_end(&outcome));
            }
            known.iter().for_each(await_burial);
        });
    }
}

/// Waits until somebody (the async runtime, while it lives) has taken note of the program's end, for
/// until then it must not be taken for an orphan.
fn await_burial(known: &Known) {
    for _ in 0..100 {
        match process_table::one(known.pid) {
            Some(process) if process.started == known.started => thread::sleep(Duration::from_millis(20)),
            _ => return,
        }
    }
}

fn does_not_end(outcome: &Outcome) -> io::Error {
    let text = match outcome.left.as_slice() {
        [] => "the program does not end when killed".to_owned(),
        left => format!("the processes {left:?} do not end when killed"),
    };
    io::Error::new(io::ErrorKind::TimedOut, text)
}

/// Feeds the program and takes what it prints, until both of its outputs are closed.
async fn pump((stdin, stdout, stderr): Pipes, input: &[u8], output: &mut dyn Output) {
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program need not read what it is given.
            let _ = stdin.write_all(input).await;
        }
    };
    let (Some(mut stdout), Some(mut stderr)) = (stdout, stderr) else { return };
    let drain = async {
        let mut from_stdout = vec![0; 16 * 1024];
        let mut from_stderr = vec![0; 16 * 1024];
        let (mut stdout_open, mut stderr_open) = (true, true);
        while stdout_open || stderr_open {
            tokio::select! {
                read = stdout.read(&mut from_stdout), if stdout_open => match read {
                    Ok(n) if n > 0 => output.stdout(&from_stdout[..n]),
                    _ => stdout_open = false,
                },
                read = stderr.read(&mut from_stderr), if stderr_open => match read {
                    Ok(n) if n > 0 => output.stderr(&from_stderr[..n]),
                    _ => stderr_open = false,
                },
            }
        }
    };
    tokio::join!(feed, drain);
}
