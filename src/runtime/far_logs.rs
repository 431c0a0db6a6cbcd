//! The logs of attempts that ran on other nodes: the node that has them is asked, and sends them
//! through the channel that the nodes share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::shared::Shared;
use crate::error::Error;
use crate::logs::{Chunk, Part, Stream};
use crate::store::talk::{Ask, Piece, Talk, pieces, read_answer};

/// The bytes of one answer. More is asked for piece by piece.
const MAX_ANSWER: u64 = 256 * 1024;
/// The bytes of a tail; an earlier part of it is left out.
const MAX_TAIL: usize = 1024 * 1024;
/// How long the other node has to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Questions that wait for their answer.
#[derive(Default)]
pub struct FarLogs(Mutex<HashMap<u64, Waiting>>);

struct Waiting {
    pieces: Vec<Option<String>>,
    missing: usize,
    caller: oneshot::Sender<String>,
}

/// Which log, and where it is.
#[derive(Clone, Debug)]
pub struct Place {
    /// Whose folder it is in.
    pub home: i64,
    /// The job.
    pub job: i64,
    /// Its attempt.
    pub attempt: u32,
    /// The stream.
    pub stream: Stream,
}

impl FarLogs {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a piece of an answer, if it is one that is waited for.
    pub fn take(&self, piece: Piece) {
        let mut all = self.waiting();
        let Some(waiting) = all.get_mut(&piece.ask) else { return };
        if waiting.pieces.len() != piece.of {
            waiting.pieces = vec![None; piece.of.min(100_000)];
            waiting.missing = waiting.pieces.len();
        }
        let Some(place) = waiting.pieces.get_mut(piece.at).filter(|place| place.is_none()) else { return };
        *place = Some(piece.text);
        waiting.missing -= 1;
        if waiting.missing == 0
            && let Some(waiting) = all.remove(&piece.ask)
        {
            // A caller who lost patience does not mind.
            let _ = waiting.caller.send(waiting.pieces.into_iter().flatten().collect());
        }
    }
}

/// Reads a part of a log that is in another node's folder.
///
/// # Errors
/// [`Error::Unavailable`] when the node does not answer, or cannot read it.
pub async fn read(shared: &Shared, place: &Place, part: Part) -> Result<Chunk, Error> {
    let Part::From { offset, limit } = part else { return ask(shared, place, part).await };
    let (mut whole, mut left) = (Chunk { offset, next_offset: offset, ..Chunk::default() }, limit);
    loop {
        let next = Part::From { offset: whole.next_offset, limit: left.min(MAX_ANSWER) };
        let chunk = ask(shared, place, next).await?;
        left = left.saturating_sub(chunk.content.len() as u64);
        let (is_first, got_on) = (whole.content.is_empty(), chunk.next_offset > whole.next_offset);
        whole.offset = if is_first { chunk.offset } else { whole.offset };
        (whole.next_offset, whole.size) = (chunk.next_offset, chunk.size);
        whole.content.extend(chunk.content);
        if left == 0 || !got_on || whole.next_offset >= whole.size {
            return Ok(whole);
        }
    }
}

async fn ask(shared: &Shared, place: &Place, part: Part) -> Result<Chunk, Error> {
    let (number, (caller, answer)) = (fastrand::u64(..), oneshot::channel());
    shared.far_logs.waiting().insert(number, Waiting { pieces: Vec::new(), missing: 0, caller });
    shared.say(vec![Talk::Ask(Ask {
        ask: number,
        home: place.home,
        job: place.job,
        attempt: place.attempt,
        stream: place.stream.as_str().to_owned(),
        part,
    })]);
    let answered = tokio::time::timeout(PATIENCE, answer).await;
    shared.far_logs.waiting().remove(&number);
    let Ok(Ok(text)) = answered else {
        return Err(Error::Unavailable(format!(
            "the node that has the logs of attempt {} of job {} did not answer within {} s",
            place.attempt,
            place.job,
            PATIENCE.as_secs()
        )));
    };
    read_answer(&text)
        .map_err(|e| Error::Unavailable(format!("the node that has the log cannot read it: {e}")))
}

/// Answers another node, if it is this one's folder that it asks for.
pub fn answer(shared: &Arc<Shared>, ask: Ask) {
    if ask.home != shared.membership.home() {
        return;
    }
    let me = shared.clone();
    shared.job_threads.spawn_blocking(move || {
        let found = look(&me, &ask);
        me.say(pieces(ask.ask, found).into_iter().map(Talk::Answer).collect());
    });
}

fn look(shared: &Shared, ask: &Ask) -> Result<Chunk, String> {
    let stream: Stream = ask.stream.parse()?;
    let part = match ask.part {
        Part::From { offset, limit } => Part::From { offset, limit: limit.min(MAX_ANSWER) },
        tail @ Part::Tail(_) => tail,
    };
    let chunk = shared.logs.part(ask.job, ask.attempt, stream, part).map_err(|e| e.to_string())?;
    Ok(shortened(chunk))
}

/// Without the beginning of what is too long: whole lines are left out.
fn shortened(mut chunk: Chunk) -> Chunk {
    let spare = chunk.content.len().saturating_sub(MAX_TAIL);
    if spare > 0 {
        let line =
            chunk.content[spare..].iter().position(|byte| *byte == b'\n').map_or(spare, |at| spare + at + 1);
        chunk.content.drain(..line);
        chunk.offset += line as u64;
    }
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_once_all_of_its_pieces_are_there() {
        let logs = FarLogs::default();
        let (caller, mut answer) = oneshot::channel();
        logs.waiting().insert(9, Waiting { pieces: Vec::new(), missing: 0, caller });
        let piece = |ask, at, text: &str| Piece { ask, at, of: 2, text: text.into() };
        for stray in [piece(8, 0, "x"), piece(9, 7, "x"), piece(9, 1, "b"), piece(9, 1, "c")] {
            logs.take(stray);
            assert!(answer.try_recv().is_err());
        }
        logs.take(piece(9, 0, "a"));
        assert_eq!(answer.try_recv().unwrap(), "ab");
    }

    #[test]
    fn of_a_long_tail_the_end_is_kept() {
        let line = format!("{}\n", "x".repeat(99));
        let content = line.repeat(20_000).into_bytes();
        let size = content.len() as u64;
        let cut = shortened(Chunk { content, offset: 50, next_offset: size + 50, size });
        assert!(cut.content.len() <= MAX_TAIL && cut.content.len().is_multiple_of(100));
        assert_eq!(cut.offset + cut.content.len() as u64, cut.next_offset);
    }
}
