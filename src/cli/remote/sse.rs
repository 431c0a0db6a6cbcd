//! Server-sent events: bytes in, events out. Pure, so that it can be tested without a server.

use std::mem;

/// An event as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Where to go on after the connection was lost.
    pub id: Option<String>,
    /// What kind it is.
    pub name: String,
    /// The rest.
    pub data: String,
}

/// Puts events together from pieces of a stream, however it was cut.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    after_cr: bool,
    event: Event,
}

/// No event of callboard comes near this: args and result are bounded.
const MAX_LINE: usize = 64 * 1024 * 1024;

impl Decoder {
    /// Takes the next piece of the stream and gives the events that it completes.
    ///
    /// # Errors
    /// When a line is longer than any sensible one.
    pub fn feed(&mut self, piece: &[u8]) -> Result<Vec<Event>, String> {
        let mut done = Vec::new();
        for &byte in piece {
            let after_cr = mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => done.extend(self.end_line()),
                _ if self.line.len() >= MAX_LINE => return Err("an event without end".into()),
                _ => self.line.push(byte),
            }
        }
        Ok(done)
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            "data" => {
                self.event.data.push_str(value);
                self.event.data.push('\n');
            }
            // A comment, which keeps the connection alive, or a field that is not for us.
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<Event> {
        let mut event = mem::take(&mut self.event);
        event.data.pop();
        (!event.data.is_empty() || !event.name.is_empty()).then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: Option<&str>, name: &str, data: &str) -> Event {
        Event { id: id.map(str::to_owned), name: name.into(), data: data.into() }
    }

    const STREAM: &str = ": hello\n\nid: 7\nevent: state\ndata: {\"a\":1}\n\nevent:log\r\ndata: x\r\ndata:  y é\r\n\r\nevent: end\n\n";

    fn expected() -> Vec<Event> {
        vec![event(Some("7"), "state", "{\"a\":1}"), event(None, "log", "x\n y é"), event(None, "end", "")]
    }

    #[test]
    fn reads_a_stream_however_it_is_cut() {
        for size in 1..=STREAM.len() {
            let mut decoder = Decoder::default();
            let pieces = STREAM.as_bytes().chunks(size);
            let events: Vec<_> = pieces.flat_map(|piece| decoder.feed(piece).unwrap()).collect();
            assert_eq!(events, expected(), "cut into pieces of {size}");
        }
    }

    #[test]
    fn an_event_that_was_cut_off_is_none() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.feed(b"event: state\ndata: {}\n").unwrap(), vec![]);
    }
}
