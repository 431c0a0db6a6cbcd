//! What nodes that share a store tell each other: what a commit brought about, and how far jobs are.
//! It may be lost, and is covered by slow polls; it never says anything that is not on disk.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::talk::Talk;
use super::tx::Committed;
use crate::domain::{Claim, Event, EventBody, LogLine, State, Timestamp};
use crate::logs::Stream;

/// A payload has to be shorter than 8,000 bytes.
const MAX_PAYLOAD: usize = 7_900;
/// The longest text within an item, in characters: escaped, it still fits.
const MAX_TEXT: usize = 1_000;

/// One thing that is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Jobs of a type may be started.
    Ready(Arc<str>),
    /// The same, and not only new ones.
    Again(Arc<str>),
    /// Something is due at a time.
    Due(i64),
    /// A schedule fires at a time.
    Fires(i64),
    /// An attempt should stop: job, attempt, node.
    Stop(i64, u32, i64),
    /// Pauses or settings changed.
    Settings,
    /// Something was stored on a caller's own connection.
    Arrivals,
    /// Log folders are to be deleted.
    Doomed,
    /// What no commit stands behind.
    Talk(Talk),
    /// A state, a step of progress or a line of a log.
    Event(Box<ToldEvent>),
    /// So many events were not told.
    Gap(u64),
}

/// An event on its way to another node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToldEvent {
    job: i64,
    #[serde(rename = "type")]
    job_type: Arc<str>,
    queue: Arc<str>,
    at: i64,
    attempt: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<State>,
    /// The error of a state, or the message of a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress: Option<(f64, u64, Option<u64>)>,
    /// The stream of a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<String>,
}

impl ToldEvent {
    fn of(event: &Event) -> Self {
        let told = Self {
            job: event.job_id,
            job_type: event.job_type.clone(),
            queue: event.queue.clone(),
            at: 0,
            attempt: 0,
            state: None,
            text: None,
            progress: None,
            log: None,
        };
        match &event.body {
            EventBody::State { state, attempt, error, at } => Self {
                state: Some(*state),
                attempt: *attempt,
                at: at.as_millis(),
                text: error.as_deref().map(shortened),
                ..told
            },
            EventBody::Progress { attempt, percent, processed, total, message, at } => Self {
                attempt: *attempt,
                at: at.as_millis(),
                progress: Some((*percent, *processed, *total)),
                text: message.as_deref().map(shortened),
                ..told
            },
            EventBody::Log(line) => Self {
                attempt: line.attempt,
                at: line.at.as_millis(),
                log: Some(line.stream.to_owned()),
                text: Some(shortened(&line.line)),
                ..told
            },
        }
    }

    fn into_event(self) -> Option<Event> {
        let (attempt, at) = (self.attempt, Timestamp::from_millis(self.at));
        if let Some(stream) = &self.log {
            let stream = stream.parse::<Stream>().ok()?.as_str();
            let body = EventBody::Log(LogLine { attempt, stream, line: self.text.unwrap_or_default(), at });
            return Some(Event { job_id: self.job, job_type: self.job_type, queue: self.queue, body });
        }
        let body = match (self.state, self.progress) {
            (Some(state), _) => EventBody::State { state, attempt, error: self.text, at },
            (None, Some((percent, processed, total))) => {
                EventBody::Progress { attempt, percent, processed, total, message: self.text, at }
            }
            (None, None) => return None,
        };
        Some(Event { job_id: self.job, job_type: self.job_type, queue: self.queue, body })
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// What was told.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// What commits brought about, and lines of logs among their events.
    pub commit: Committed,
    /// How many events are missing.
    pub dropped: u64,
    /// What was said besides.
    pub talk: Vec<Talk>,
}

/// What is told of a commit besides its events.
#[must_use]
pub fn of_commit(commit: &Committed) -> Vec<Item> {
    let new = commit.ready.iter().filter(|job_type| !commit.again.contains(job_type));
    let mut items: Vec<Item> = new.cloned().map(Item::Ready).collect();
    items.extend(commit.again.iter().cloned().map(Item::Again));
    items.extend(commit.due.map(|at| Item::Due(at.as_millis())));
    items.extend(commit.fires.map(|at| Item::Fires(at.as_millis())));
    items.extend(commit.stop.iter().map(|claim| Item::Stop(claim.job_id, claim.attempt, claim.node)));
    items.extend(commit.settings.then_some(Item::Settings));
    items.extend(commit.doomed.then_some(Item::Doomed));
    items
}

/// What is told of events.
#[must_use]
pub fn of_events(events: &[Event]) -> Vec<Item> {
    events.iter().map(|event| Item::Event(Box::new(ToldEvent::of(event)))).collect()
}

/// What was told.
#[must_use]
pub fn read(payload: &str) -> Option<News> {
    let (_, items): (u64, Vec<Item>) = serde_json::from_str(payload).ok()?;
    Some(gather(items))
}

/// Whether the node with this sign told it.
#[must_use]
pub fn is_from(payload: &str, sign: u64) -> bool {
    let told_by = payload.strip_prefix('[').and_then(|rest| rest.split_once(','));
    told_by.is_some_and(|(from, _)| from.parse() == Ok(sign))
}

/// What these items say.
#[must_use]
pub fn gather(items: Vec<Item>) -> News {
    let News { mut commit, mut dropped, mut talk } = News::default();
    for item in items {
        match item {
            Item::Ready(job_type) => commit.ready.push(job_type),
            Item::Again(job_type) => {
                commit.again.push(job_type.clone());
                commit.ready.push(job_type);
            }
            Item::Due(at) => sooner(&mut commit.due, at),
            Item::Fires(at) => sooner(&mut commit.fires, at),
            Item::Stop(job_id, attempt, node) => commit.stop.push(Claim { job_id, attempt, node }),
            Item::Settings => commit.settings = true,
            Item::Arrivals => commit.arrivals = true,
            Item::Doomed => commit.doomed = true,
            Item::Talk(said) => talk.push(said),
            Item::Event(told) => commit.events.extend(told.into_event()),
            Item::Gap(n) => dropped += n,
        }
    }
    News { commit, dropped, talk }
}

fn sooner(known: &mut Option<Timestamp>, at: i64) {
    let at = Timestamp::from_millis(at);
    *known = Some(known.map_or(at, |known| known.min(at)));
}

/// Writes items into as few payloads as they fit in. What says nothing new is left out.
#[must_use]
pub fn pack(from: u64, items: Vec<Item>) -> Vec<String> {
    let mut payloads = Vec::new();
    let mut body = String::new();
    for item in merged(items) {
        let Ok(text) = serde_json::to_string(&item) else { continue };
        if !body.is_empty() && body.len() + text.len() + 32 > MAX_PAYLOAD {
            payloads.push(format!("[{from},[{}]]", std::mem::take(&mut body)));
        }
        if !body.is_empty() {
            body.push(',');
        }
        body.push_str(&text);
    }
    payloads.push(format!("[{from},[{body}]]"));
    payloads
}

fn merged(items: Vec<Item>) -> Vec<Item> {
    let (mut due, mut fires, mut settings) = (None, None, false);
    let mut kept: Vec<Item> = Vec::with_capacity(items.len());
    let (mut ready, mut again) = (HashSet::new(), HashSet::new());
    for item in items {
        match item {
            Item::Due(at) => sooner(&mut due, at),
            Item::Fires(at) => sooner(&mut fires, at),
            Item::Settings => settings = true,
            Item::Ready(job_type) => {
                if ready.insert(job_type.clone()) {
                    kept.push(Item::Ready(job_type));
                }
            }
            Item::Again(job_type) => {
                if again.insert(job_type.clone()) {
                    kept.push(Item::Again(job_type));
                }
            }
            item => kept.push(item),
        }
    }
    kept.extend(due.map(|at| Item::Due(at.as_millis())));
    kept.extend(fires.map(|at| Item::Fires(at.as_millis())));
    kept.extend(settings.then_some(Item::Settings));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(job_id: i64, error: Option<String>) -> Event {
        let body =
            EventBody::State { state: State::Failed, attempt: 2, error, at: Timestamp::from_millis(7) };
        Event { job_id, job_type: "t".into(), queue: "q".into(), body }
    }

    #[test]
    fn what_is_told_arrives() {
        let progress = Event {
            body: EventBody::Progress {
                attempt: 1,
                percent: 12.5,
                processed: 1,
                total: Some(8),
                message: Some("half".into()),
                at: Timestamp::from_millis(9),
            },
            ..state(3, None)
        };
        let line =
            LogLine { attempt: 1, stream: "stdout", line: "hello".into(), at: Timestamp::from_millis(8) };
        let line = Event { body: EventBody::Log(line), ..state(3, None) };
        let events = vec![state(1, Some("no".into())), progress, line];
        let commit = Committed {
            ready: vec!["t".into(), "t".into()],
            due: Some(Timestamp::from_millis(5)),
            stop: vec![Claim { job_id: 1, attempt: 2, node: 3 }],
            settings: true,
            ..Committed::default()
        };
        let items = [of_commit(&commit), of_events(&events), vec![Item::Due(4), Item::Gap(6)]].concat();
        let payloads = pack(77, items);
        assert_eq!(payloads.len(), 1);
        assert!(is_from(&payloads[0], 77) && !is_from(&payloads[0], 7));
        let News { commit: heard, dropped, .. } = read(&payloads[0]).unwrap();
        assert_eq!((dropped, heard.ready.len()), (6, 1));
        assert_eq!((heard.events, heard.stop, heard.settings), (events, commit.stop, true));
        assert_eq!(heard.due, Some(Timestamp::from_millis(4)));
    }

    #[test]
    fn no_payload_is_too_long() {
        let worst = "\u{1}".repeat(100_000);
        let events: Vec<Event> = (0..50).map(|id| state(id, Some(worst.clone()))).collect();
        let payloads = pack(u64::MAX, of_events(&events));
        assert!(payloads.iter().all(|payload| payload.len() < 8_000));
        let heard: usize = payloads.iter().map(|payload| read(payload).unwrap().commit.events.len()).sum();
        assert_eq!(heard, 50);
        assert!(read("nonsense").is_none() && !is_from("nonsense", 0));
    }
}
