//! `callboard logs`

use std::pin::pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::domain::State;

use super::failure::Failure;
use super::output::Output;
use super::remote::job_events::JobEvents;
use super::remote::notice::{Heard, Notice};
use super::remote::outage::Patience;
use super::remote::{Client, Query, RemoteCommand};

/// Print what a job has logged
#[derive(Debug, clap::Args)]
pub(super) struct Logs {
    /// The job
    id: i64,
    /// Go on until the job has come to its end
    #[arg(short, long)]
    follow: bool,
    /// Which of its logs
    #[arg(long, default_value = "log", value_parser = ["log", "stdout", "stderr", "progress", "events"])]
    stream: String,
    /// Which attempt [default: the last; with --follow, also those to come]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    attempt: Option<u32>,
    /// Only the last lines
    #[arg(short = 'n', long, value_name = "LINES", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    tail: Option<u32>,
    #[command(flatten)]
    patience: Patience,
}

/// A piece of a log as the server gives it.
#[derive(Deserialize, Serialize)]
struct Piece {
    content: String,
    offset: u64,
    next_offset: u64,
    size: u64,
}

impl RemoteCommand for Logs {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        let (attempt, follow, patience) = (self.attempt, self.follow, self.patience);
        let reader = Reader::new(self, client);
        if follow {
            Follower { reader, wanted: attempt }.run(out, patience).await
        } else {
            reader.print_all(out).await
        }
    }
}

/// Reads the log of one attempt from where it stopped.
struct Reader<'a> {
    client: &'a Client,
    id: i64,
    stream: String,
    attempt: Option<u32>,
    tail: Option<u32>,
    offset: Option<u64>,
    /// The beginning of a line whose end has not come yet. Lines are printed whole, so that an
    /// escape sequence that was cut in two is still seen as one.
    line: String,
}

impl<'a> Reader<'a> {
    fn new(logs: Logs, client: &'a Client) -> Self {
        let Logs { id, stream, attempt, tail, .. } = logs;
        Self { client, id, stream, attempt, tail, offset: None, line: String::new() }
    }

    /// The next piece.
    async fn read(&mut self) -> Result<Piece, Failure> {
        let numbers = [
            ("attempt", self.attempt.map(u64::from)),
            ("offset", self.offset),
            ("tail", self.tail.filter(|_| self.offset.is_none()).map(u64::from)),
        ];
        let mut query: Query = vec![("stream", self.stream.clone())];
        query.extend(numbers.into_iter().filter_map(|(name, n)| Some((name, n?.to_string()))));
        let reply = self.client.get(&["jobs", &self.id.to_string(), "logs"], &query).await?;
        let piece: Piece = reply.parse()?;
        if piece.next_offset < piece.size && Some(piece.next_offset) == self.offset {
            return Err(reply.strange("the log does not go on where it should"));
        }
        self.offset = Some(piece.next_offset);
        Ok(piece)
    }

    /// Everything up to now, as one piece for programs.
    async fn print_all(mut self, out: &mut Output) -> Result<(), Failure> {
        if !out.is_json() {
            self.print_new(out).await?;
            return self.end_line(out);
        }
        let mut whole = self.read().await?;
        while whole.next_offset < whole.size {
            let piece = self.read().await?;
            whole.content.push_str(&piece.content);
            (whole.next_offset, whole.size) = (piece.next_offset, piece.size);
        }
        print_json(out, &whole)
    }

    /// Everything that has come since the last time.
    async fn print_new(&mut self, out: &mut Output) -> Result<(), Failure> {
        loop {
            let piece = self.read().await?;
            if !piece.content.is_empty() {
                self.print(out, &piece)?;
            }
            if piece.next_offset >= piece.size {
                return Ok(());
            }
        }
    }

    fn print(&mut self, out: &mut Output, piece: &Piece) -> Result<(), Failure> {
        if out.is_json() {
            print_json(out, piece)?;
        } else {
            self.line.push_str(&piece.content);
            if let Some(end) = self.line.rfind('\n') {
                let lines = &self.line[..end];
                out.text(lines.strip_suffix('\r').unwrap_or(lines))?;
                self.line.drain(..=end);
            }
        }
        Ok(out.flush()?)
    }

    /// Prints a line that will have no more.
    fn end_line(&mut self, out: &mut Output) -> Result<(), Failure> {
        if !self.line.is_empty() {
            out.text(&std::mem::take(&mut self.line))?;
        }
        Ok(out.flush()?)
    }
}

fn print_json(out: &mut Output, piece: &Piece) -> Result<(), Failure> {
    let text = serde_json::to_string(piece).map_err(std::io::Error::from)?;
    Ok(out.json(&text)?)
}

const PAUSE: Duration = Duration::from_secs(1);

/// Prints a log while it is written. Events say when there is something new; what it is comes from
/// the log itself, which has all of it.
struct Follower<'a> {
    reader: Reader<'a>,
    wanted: Option<u32>,
}

impl Follower<'_> {
    async fn run(mut self, out: &mut Output, patience: Patience) -> Result<(), Failure> {
        let client = self.reader.client;
        let mut events = JobEvents::open(client, self.reader.id, patience).await?;
        loop {
            let heard = self.next(&mut events, out).await?;
            let mut over = self.hear(heard.notice, out).await?;
            while let Some(heard) = events.at_hand() {
                over |= self.hear(heard.notice, out).await?;
            }
            self.read(out).await?;
            if over {
                return self.reader.end_line(out);
            }
        }
    }

    /// The next event. An event may come a little before the log can be read, so in a pause the
    /// log is read once more.
    async fn next(&mut self, events: &mut JobEvents<'_>, out: &mut Output) -> Result<Heard, Failure> {
        let mut next = pin!(events.next());
        tokio::select! {
            heard = &mut next => return heard,
            () = sleep(PAUSE) => self.read(out).await?,
        }
        next.await
    }

    /// Takes note of an event, and says whether nothing more will be written.
    async fn hear(&mut self, notice: Notice, out: &mut Output) -> Result<bool, Failure> {
        let (now, state) = match &notice {
            Notice::Snapshot(job) => (job.attempt, Some(job.state)),
            Notice::State(change) => (change.attempt, Some(change.state)),
            Notice::Progress(step) => (step.attempt, None),
            Notice::Log(line) => (line.attempt, None),
            Notice::Gap(_) | Notice::Lost(_) | Notice::Unknown => return Ok(false),
        };
        let stopped = state.is_some_and(|state| state != State::Running);
        match self.wanted {
            Some(wanted) => Ok(notice.is_final() || now > wanted || (now == wanted && stopped)),
            None => {
                self.turn_to(now, out).await?;
                Ok(notice.is_final())
            }
        }
    }

    /// Goes on to a later attempt, after the rest of the one before it and all of any between.
    async fn turn_to(&mut self, attempt: u32, out: &mut Output) -> Result<(), Failure> {
        let Some(before) = self.reader.attempt else {
            self.reader.attempt = Some(attempt).filter(|first| *first > 0);
            return Ok(());
        };
        for next in before + 1..=attempt {
            self.reader.print_new(out).await?;
            self.reader.end_line(out)?;
            self.reader.offset = Some(0);
            self.reader.attempt = Some(next);
        }
        Ok(())
    }

    /// Prints what is new; there is nothing to read before the first attempt.
    async fn read(&mut self, out: &mut Output) -> Result<(), Failure> {
        if self.reader.attempt.is_some() { self.reader.print_new(out).await } else { Ok(()) }
    }
}
