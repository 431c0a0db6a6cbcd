//! What nodes say to each other that no commit stands behind: who listens to log lines, and questions
//! for the log files of a node with their answers. What is lost is said again, or asked again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::logs::{Chunk, Part};

/// Jobs whose log lines are listened to, in one item.
const MAX_JOBS: usize = 200;
/// The characters of an answer in one item: it has to fit into a payload.
const MAX_PIECE: usize = 7_000;

/// One thing that is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Talk {
    /// Somebody listens to log lines.
    Listen(Listen),
    /// So many log lines were not told.
    LostLines(u64),
    /// A node is asked for a part of a log.
    Ask(Ask),
    /// A piece of the answer to such a question.
    Answer(Piece),
}

/// Whose log lines somebody listens to, for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listen {
    /// Of these jobs.
    pub jobs: Vec<i64>,
    /// Of all jobs.
    pub all: bool,
    /// For so many seconds, unless it is said again.
    pub secs: f64,
}

/// A question for a part of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// Which question it is.
    pub ask: u64,
    /// Whose folder the log is in.
    pub home: i64,
    /// The job.
    pub job: i64,
    /// Its attempt.
    pub attempt: u32,
    /// The name of the stream.
    pub stream: String,
    /// Which part.
    pub part: Part,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Which question it answers.
    pub ask: u64,
    /// Its place among the pieces, from 0.
    pub at: usize,
    /// How many there are.
    pub of: usize,
    /// A part of the text of an `Answer`.
    pub text: String,
}

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    offset: u64,
    next_offset: u64,
    size: u64,
    /// Bytes, in Base64.
    content: String,
    error: Option<String>,
}

impl Listen {
    /// Says who is listened to, in items that fit into payloads. More jobs than a person watches
    /// are said as all.
    #[must_use]
    pub fn to(jobs: Vec<i64>, all: bool, secs: f64) -> Self {
        let all = all || jobs.len() > MAX_JOBS;
        Self { jobs: if all { Vec::new() } else { jobs }, all, secs }
    }
}

/// Cuts an answer into pieces.
#[must_use]
pub fn pieces(ask: u64, found: Result<Chunk, String>) -> Vec<Piece> {
    let (chunk, error) = match found {
        Ok(chunk) => (chunk, None),
        Err(error) => (Chunk::default(), Some(error)),
    };
    let Chunk { content, offset, next_offset, size } = chunk;
    let answer = Answer { offset, next_offset, size, content: BASE64.encode(content), error };
    let text = serde_json::to_string(&answer).unwrap_or_default();
    let of = text.chars().count().div_ceil(MAX_PIECE);
    let mut rest = text.chars();
    let piece = |at| Piece { ask, at, of, text: rest.by_ref().take(MAX_PIECE).collect() };
    (0..of).map(piece).collect()
}

/// Reads the text of an answer whose pieces are all there.
///
/// # Errors
/// What kept the other node from reading the log.
pub fn read_answer(text: &str) -> Result<Chunk, String> {
    let answer: Answer = serde_json::from_str(text).map_err(|e| format!("the answer is damaged: {e}"))?;
    if let Some(error) = answer.error {
        return Err(error);
    }
    let content = BASE64.decode(&answer.content).map_err(|e| format!("the answer is damaged: {e}"))?;
    Ok(Chunk { content, offset: answer.offset, next_offset: answer.next_offset, size: answer.size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_through_in_pieces() {
        let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let chunk = Chunk { content, offset: 7, next_offset: 100_007, size: 200_000 };
        let pieces = pieces(3, Ok(chunk.clone()));
        assert!(pieces.len() > 15 && pieces.iter().all(|p| p.ask == 3 && p.of == pieces.len()));
        let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(read_answer(&text), Ok(chunk));
    }

    #[test]
    fn a_failure_comes_through() {
        let text = pieces(3, Err("the disk «is» gone".into()))[0].text.clone();
        assert_eq!(read_answer(&text), Err("the disk «is» gone".into()));
    }
}
