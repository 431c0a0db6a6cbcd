//! What a client asks for, out of a line.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::batch::BatchCommand;
use super::job::Pushed;
use super::mutate::Mutation;
use crate::domain::Timestamp;
use crate::domain::remote::Complaint;
use crate::runtime::callboard::{RemoteNew, RemoteProgress};
use crate::runtime::remote::Asked;

/// The most queues that are fetched from at once.
const MOST_QUEUES: usize = 1_000;

/// A command.
#[derive(Debug)]
pub enum Command {
    /// Store a job.
    Push(Box<RemoteNew>),
    /// Store jobs, each for itself: its id, and what it is here or why it is refused.
    PushBulk(Vec<(String, Result<RemoteNew, String>)>),
    /// Hand out a job of these queues.
    Fetch(Vec<String>),
    /// A job is done.
    Ack(String),
    /// A job has failed.
    Fail(String, Complaint),
    /// A worker lives.
    Beat {
        /// Its id.
        wid: String,
        /// What it says that it does.
        says: Option<Asked>,
        /// The memory that it takes.
        rss_kb: Option<i64>,
        /// How far its jobs are.
        progress: Vec<RemoteProgress>,
    },
    /// Say how things are.
    Info,
    /// Delete everything.
    Flush,
    /// Close the connection.
    End,
    /// Stop or resume the handing out of queues; `*` are all.
    PauseQueues(Vec<String>, bool),
    /// Delete queues with their jobs; `*` are all.
    RemoveQueues(Vec<String>),
    /// Say how long the oldest jobs of queues have waited.
    Latency(Vec<String>),
    /// Change jobs in bulk.
    Mutate(Mutation),
    /// Something about a batch.
    Batch(BatchCommand),
    /// Say how far a job is.
    Track(String),
    /// Note how far a job is.
    TrackSet(RemoteProgress),
}

#[derive(Deserialize)]
struct Reported {
    jid: Option<String>,
    errtype: Option<String>,
    message: Option<String>,
    backtrace: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Beat {
    wid: Option<String>,
    current_state: Option<String>,
    rss_kb: Option<i64>,
    progress: Option<Vec<Tracked>>,
}

#[derive(Deserialize)]
struct Tracked {
    jid: Option<String>,
    percent: Option<f64>,
    desc: Option<String>,
    reserve_until: Option<Timestamp>,
}

impl Tracked {
    /// What is said, of the command of this name.
    fn told(self, verb: &str) -> Result<RemoteProgress, String> {
        let jid = self.jid.filter(|jid| !jid.is_empty());
        let jid = jid.ok_or_else(|| format!("invalid {verb}: missing jid"))?;
        let Self { percent, desc: message, reserve_until: until, .. } = self;
        Ok(RemoteProgress { jid, percent, message, until })
    }
}

impl Command {
    /// Reads a line.
    ///
    /// # Errors
    /// What the client is told.
    pub fn read(line: &str) -> Result<Self, String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "PUSH" => Ok(Self::Push(Box::new(Pushed::read(wanted(rest, "PUSH")?)?.into_new()?))),
            "PUSHB" => bulk(wanted(rest, "PUSHB")?),
            "FETCH" => fetch(rest),
            "ACK" => ack(rest),
            "FAIL" => fail(rest),
            "BEAT" => beat(rest),
            "INFO" => Ok(Self::Info),
            "FLUSH" => Ok(Self::Flush),
            "END" => Ok(Self::End),
            "QUEUE" => queue(rest),
            "MUTATE" => Mutation::read(rest).map(Self::Mutate),
            "TRACK" => track(rest),
            "BATCH" => BatchCommand::read(rest).map(Self::Batch),
            _ => Err(format!("unknown command {}", verb.chars().take(50).collect::<String>())),
        }
    }
}

impl Command {
    /// Its verb.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Push(_) => "PUSH",
            Self::PushBulk(_) => "PUSHB",
            Self::Fetch(_) => "FETCH",
            Self::Ack(_) => "ACK",
            Self::Fail(..) => "FAIL",
            Self::Beat { .. } => "BEAT",
            Self::Info => "INFO",
            Self::Flush => "FLUSH",
            Self::End => "END",
            Self::PauseQueues(..) | Self::RemoveQueues(_) | Self::Latency(_) => "QUEUE",
            Self::Mutate(_) => "MUTATE",
            Self::Batch(_) => "BATCH",
            Self::Track(_) | Self::TrackSet(_) => "TRACK",
        }
    }
}

fn wanted<'a>(rest: &'a str, verb: &str) -> Result<&'a str, String> {
    if rest.is_empty() { Err(format!("{verb} needs an argument")) } else { Ok(rest) }
}

fn bulk(rest: &str) -> Result<Command, String> {
    let texts: Vec<Box<RawValue>> = serde_json::from_str(rest).map_err(|e| format!("invalid JSON: {e}"))?;
    let read = |text: Box<RawValue>| {
        let mut pushed = Pushed::read(text.get())?;
        let jid = pushed.jid.get_or_insert_default().clone();
        Ok((jid, pushed.into_new()))
    };
    texts.into_iter().map(read).collect::<Result<_, String>>().map(Command::PushBulk)
}

fn fetch(rest: &str) -> Result<Command, String> {
    if rest.split_whitespace().nth(MOST_QUEUES).is_some() {
        return Err(format!("FETCH takes at most {MOST_QUEUES} queues"));
    }
    let mut queues: Vec<String> = Vec::new();
    for name in rest.split_whitespace() {
        if !queues.iter().any(|known| known == name) {
            queues.push(name.to_owned());
        }
    }
    if queues.is_empty() {
        Err("must call fetch with at least one queue".into())
    } else {
        Ok(Command::Fetch(queues))
    }
}

fn ack(rest: &str) -> Result<Command, String> {
    let reported: Reported = serde_json::from_str(rest).map_err(|e| format!("invalid ACK: {e}"))?;
    reported
        .jid
        .filter(|jid| !jid.is_empty())
        .map(Command::Ack)
        .ok_or_else(|| "invalid ACK: missing jid".into())
}

fn fail(rest: &str) -> Result<Command, String> {
    let told: Reported = serde_json::from_str(rest).map_err(|e| format!("invalid FAIL: {e}"))?;
    let jid = told.jid.filter(|jid| !jid.is_empty()).ok_or("missing JID")?;
    let text = |text: Option<String>| text.unwrap_or_default();
    let complaint =
        Complaint::new(&text(told.errtype), &text(told.message), told.backtrace.unwrap_or_default());
    Ok(Command::Fail(jid, complaint))
}

fn beat(rest: &str) -> Result<Command, String> {
    let beat: Beat = serde_json::from_str(rest).map_err(|e| format!("invalid BEAT: {e}"))?;
    let says = match beat.current_state.as_deref() {
        Some("quiet") => Some(Asked::Quiet),
        Some("terminate") => Some(Asked::Terminate),
        _ => None,
    };
    let wid = beat.wid.filter(|wid| !wid.is_empty()).ok_or("invalid BEAT: missing wid")?;
    let progress = beat.progress.unwrap_or_default().into_iter().map(|step| step.told("BEAT"));
    let progress: Result<Vec<_>, _> = progress.collect();
    Ok(Command::Beat { wid, says, rss_kb: beat.rss_kb, progress: progress? })
}

fn queue(rest: &str) -> Result<Command, String> {
    let mut words = rest.split_whitespace();
    let what = words.next().unwrap_or_default();
    let names: Vec<String> = words.map(ToOwned::to_owned).collect();
    let verb = what.to_ascii_uppercase();
    if ["PAUSE", "RESUME", "REMOVE", "LATENCY"].contains(&verb.as_str()) && names.is_empty() {
        return Err(format!("QUEUE {verb} needs the names of queues"));
    }
    match verb.as_str() {
        "PAUSE" => Ok(Command::PauseQueues(names, true)),
        "RESUME" => Ok(Command::PauseQueues(names, false)),
        "REMOVE" => Ok(Command::RemoveQueues(names)),
        "LATENCY" if names.iter().any(|name| name == "*") => {
            Err("QUEUE LATENCY does not support wildcards".into())
        }
        "LATENCY" => Ok(Command::Latency(names)),
        _ => Err(format!("no such QUEUE subcommand: {what}")),
    }
}

fn track(rest: &str) -> Result<Command, String> {
    match rest.split_once(' ') {
        Some(("GET", jid)) if !jid.trim().is_empty() => Ok(Command::Track(jid.trim().to_owned())),
        Some(("SET", text)) => {
            let told: Tracked = serde_json::from_str(text).map_err(|e| format!("invalid TRACK: {e}"))?;
            told.told("TRACK").map(Command::TrackSet)
        }
        _ => Err("TRACK needs GET and a jid, or SET and a JSON object".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::FaktoryMetrics;
    use proptest::prelude::*;

    fn said(line: &str) -> String {
        Command::read(line).unwrap_err()
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (line, why) in [
            ("", "unknown command"),
            ("info", "unknown command info"),
            (" INFO", "unknown command"),
            ("HELLO {}", "unknown command HELLO"),
            ("PUSH", "PUSH needs"),
            ("PUSHB {}", "invalid JSON"),
            (r#"PUSHB [{"jid":5}]"#, "invalid JSON"),
            ("FETCH", "at least one queue"),
            ("FETCH  ", "at least one queue"),
            ("ACK", "invalid ACK"),
            (r#"ACK {"jid":5}"#, "invalid ACK"),
            ("ACK {}", "invalid ACK"),
            ("FAIL nope", "invalid FAIL"),
            ("FAIL {}", "missing JID"),
            (r#"FAIL {"jid":"a","backtrace":"b"}"#, "invalid FAIL"),
            ("BEAT", "invalid BEAT"),
            ("BEAT {}", "invalid BEAT"),
            ("QUEUE", "no such QUEUE subcommand"),
            ("QUEUE PAUSE", "needs the names"),
            ("QUEUE LATENCY *", "wildcards"),
            ("MUTATE", "invalid format"),
            ("TRACK GET", "TRACK needs"),
            ("BATCH NEW {}", "callback"),
        ] {
            assert!(said(line).contains(why), "{line}: {}", said(line));
        }
    }

    #[test]
    fn a_bulk_push_names_those_that_are_refused() {
        let line =
            r#"PUSHB [{"jid":"12345678","jobtype":"a","args":[]},{"jid":"x","jobtype":"a","args":[]}]"#;
        let Ok(Command::PushBulk(jobs)) = Command::read(line) else { panic!("{line}") };
        assert!(jobs[0].1.is_ok());
        assert_eq!((jobs[1].0.as_str(), jobs[1].1.is_err()), ("x", true));
        assert!(matches!(Command::read("PUSHB []"), Ok(Command::PushBulk(jobs)) if jobs.is_empty()));
    }

    #[test]
    fn every_command_is_counted_by_its_verb() {
        let pushed = r#"{"jid":"abcdefgh","jobtype":"t","args":[]}"#;
        let lines = [
            format!("PUSH {pushed}"),
            format!("PUSHB [{pushed}]"),
            "FETCH q".into(),
            r#"ACK {"jid":"abcdefgh"}"#.into(),
            r#"FAIL {"jid":"abcdefgh"}"#.into(),
            r#"BEAT {"wid":"w"}"#.into(),
            "INFO".into(),
            "FLUSH".into(),
            "END".into(),
            "QUEUE LATENCY q".into(),
            r#"MUTATE {"cmd":"clear","target":"retries"}"#.into(),
            "BATCH OPEN b".into(),
            "TRACK GET abcdefgh".into(),
        ];
        let verbs = lines.map(|line| {
            let name = Command::read(&line).unwrap().name();
            assert!(line.starts_with(name), "{line} is counted as {name}");
            name
        });
        assert_eq!([verbs.as_slice(), &["invalid"]].concat(), FaktoryMetrics::COMMANDS);
    }

    #[test]
    fn names_of_queues_count_once_and_words_after_info_do_not() {
        assert!(matches!(Command::read("FETCH b a b"), Ok(Command::Fetch(queues)) if queues == ["b", "a"]));
        assert!(matches!(Command::read("INFO now"), Ok(Command::Info)));
        assert!(
            matches!(Command::read("QUEUE pause a b"), Ok(Command::PauseQueues(names, true)) if names.len() == 2)
        );
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(line in "(PUSH|PUSHB|FETCH|ACK|FAIL|BEAT|QUEUE|MUTATE|TRACK|X)? ?.{0,60}") {
            let _ = Command::read(&line);
        }
    }
}
