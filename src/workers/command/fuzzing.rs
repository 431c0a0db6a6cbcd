//! What is fuzzed here: see `fuzz/`.

use super::message::{Message, MessageFilter, Piece};

/// Reads bytes as standard output, at once and byte by byte.
///
/// # Panics
/// When anything is lost, or depends on how the bytes come in.
pub fn output(bytes: &[u8]) {
    let (whole, single) = (sorted([bytes]), sorted(bytes.chunks(1)));
    assert!(whole == single, "how the bytes come in makes a difference");
    for line in &whole.1 {
        if let Ok(message) = Message::parse(line) {
            let _ = message.snooze();
        }
    }
}

/// The text, and the lines that are messages.
fn sorted<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (mut text, mut messages) = (Vec::new(), Vec::new());
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Text(bytes) | Piece::TooLong(bytes) => text.extend_from_slice(bytes),
        Piece::Message(line) => messages.push(line.to_vec()),
    };
    let mut filter = MessageFilter::new(64);
    for chunk in chunks {
        filter.push(chunk, &mut take);
    }
    filter.finish(&mut take);
    (text, messages)
}
