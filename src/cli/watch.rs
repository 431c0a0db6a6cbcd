//! `callboard watch`

use indicatif::{ProgressBar, ProgressStyle};

use crate::domain::{Job, State};

use super::failure::Failure;
use super::output::Output;
use super::remote::job_events::JobEvents;
use super::remote::notice::{Heard, Line, Notice, StateChange, Step};
use super::remote::outage::Patience;
use super::remote::{Client, RemoteCommand};
use super::text;

/// Follow a job until it has come to its end; 0 if it completed, else 1
///
/// Its log goes to standard output, everything else to standard error. Control-C leaves the job
/// alone.
#[derive(Debug, clap::Args)]
pub(super) struct Watch {
    /// The job
    id: i64,
    #[command(flatten)]
    patience: Patience,
}

impl RemoteCommand for Watch {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        follow(client, out, self.id, self.patience).await
    }
}

/// Follows a job until it has come to its end.
pub(super) async fn follow(
    client: &Client,
    out: &mut Output,
    id: i64,
    patience: Patience,
) -> Result<(), Failure> {
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted { what: "job", id }),
        done = to_its_end(client, out, id, patience) => done,
    }
}

async fn to_its_end(client: &Client, out: &mut Output, id: i64, patience: Patience) -> Result<(), Failure> {
    let mut events = JobEvents::open(client, id, patience).await?;
    let mut screen = Screen::new(id, out);
    loop {
        let heard = events.next().await?;
        screen.hear(&heard)?;
        if let Some((state, error)) = ending(heard.notice) {
            return match state {
                State::Completed => Ok(()),
                _ => Err(Failure::Unsuccessful { id, state, error }),
            };
        }
    }
}

fn ending(notice: Notice) -> Option<(State, Option<String>)> {
    match notice {
        Notice::Snapshot(job) if job.state.is_final() => Some((job.state, job.error)),
        Notice::State(change) if change.state.is_final() => Some((change.state, change.error)),
        _ => None,
    }
}

/// What a person sees: a bar at the bottom of a terminal, or plain lines where there is none.
struct Screen<'a> {
    id: i64,
    out: &'a mut Output,
    bar: ProgressBar,
    shown: Option<(State, u32)>,
    tenths: u8,
}

impl<'a> Screen<'a> {
    fn new(id: i64, out: &'a mut Output) -> Self {
        let bar = if out.is_json() { ProgressBar::hidden() } else { ProgressBar::new(1000) };
        // A template that cannot be read leaves the library's own look.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {wide_msg}") {
            bar.set_style(style);
        }
        Self { id, out, bar, shown: None, tenths: 0 }
    }

    fn hear(&mut self, heard: &Heard) -> Result<(), Failure> {
        if self.out.is_json() {
            return self.pass_on(heard);
        }
        match &heard.notice {
            Notice::Snapshot(job) => self.snapshot(job),
            Notice::State(change) => self.state(change),
            Notice::Progress(step) => self.progress(step),
            Notice::Log(line) => self.log(line)?,
            Notice::Gap(missed) => self.say(&format!("{} events were missed", missed.dropped)),
            Notice::Lost(why) => self.say(&format!("lost the server ({why}), trying again")),
            Notice::Unknown => {}
        }
        Ok(())
    }

    fn pass_on(&mut self, heard: &Heard) -> Result<(), Failure> {
        if let Some(raw) = &heard.raw {
            self.out.json(raw)?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn snapshot(&mut self, job: &Job) {
        let error = job.error.clone();
        self.state(&StateChange { state: job.state, attempt: job.attempt, error });
        if job.progress.updated_at.is_some() {
            let (percent, processed) = (job.progress.percent, job.progress.processed);
            let (total, message) = (job.progress.total, job.progress.message.clone());
            self.progress(&Step { attempt: job.attempt, percent, processed, total, message });
        }
    }

    fn state(&mut self, change: &StateChange) {
        let now = (change.state, change.attempt);
        if self.shown.replace(now) == Some(now) {
            return;
        }
        self.tenths = 0;
        self.bar.set_position(0);
        self.bar.set_message(change.state.as_str());
        // The end of a job that did not complete is told with the failure of the command.
        if matches!(change.state, State::Failed | State::Cancelled) {
            return;
        }
        let attempt =
            if change.attempt > 0 { format!(", attempt {}", change.attempt) } else { String::new() };
        let cause = change.error.as_deref().filter(|_| change.state == State::Retrying);
        let cause = cause.map_or_else(String::new, |e| format!(": {e}"));
        self.say(&format!("job {} {}{attempt}{cause}", self.id, change.state));
    }

    fn progress(&mut self, step: &Step) {
        let percent = step.percent.clamp(0.0, 100.0);
        let count = match step.total {
            Some(total) => format!(" {}/{total}", step.processed),
            None if step.processed > 0 => format!(" {}", step.processed),
            None => String::new(),
        };
        let message = step.message.as_deref().map_or_else(String::new, |m| format!(" {}", text::line(m)));
        let shown = format!("{percent:.1}%{count}{message}");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        let (position, tenths) = ((percent * 10.0) as u64, (percent / 10.0) as u8);
        self.bar.set_position(position);
        // Where no bar can be drawn, a line for every tenth of the way is enough.
        if self.bar.is_hidden() && tenths > self.tenths {
            text::note(&shown);
        }
        self.tenths = tenths;
        self.bar.set_message(shown);
    }

    fn log(&mut self, line: &Line) -> Result<(), Failure> {
        let out = &mut *self.out;
        self.bar.suspend(|| out.text(&line.line).and_then(|()| out.flush()))?;
        Ok(())
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| text::note(text));
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
