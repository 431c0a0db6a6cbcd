//! Standard output: data for people, or JSON for programs.

use std::io::{self, BufWriter, Stdout, Write};

use serde::Serialize;

use super::failure::Failure;
use super::remote::client::Reply;
use super::text;

/// Where data goes.
pub(super) struct Output {
    json: bool,
    stdout: BufWriter<Stdout>,
    width: Option<usize>,
}

impl Output {
    /// Writes to standard output.
    pub(super) fn new(json: bool) -> Self {
        Self { json, stdout: BufWriter::new(io::stdout()), width: width() }
    }

    /// Whether programs read it.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// How many columns fit; `None`: no terminal, so nothing is cut.
    pub(super) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Text for people, made safe for a terminal; ends the line.
    pub(super) fn text(&mut self, block: &str) -> io::Result<()> {
        writeln!(self.stdout, "{}", text::block(block))
    }

    /// One JSON document on a line of its own.
    pub(super) fn json(&mut self, document: &str) -> io::Result<()> {
        writeln!(self.stdout, "{}", text::json(document))
    }

    /// What is made here, as one JSON document.
    pub(super) fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.json(&serde_json::to_string(value)?)
    }

    /// A part of a JSON document.
    pub(super) fn json_part(&mut self, part: &str) -> io::Result<()> {
        write!(self.stdout, "{}", text::json(part))
    }

    /// An answer: as it came for programs, and as `show` words it for people.
    pub(super) fn reply(
        &mut self,
        reply: &Reply,
        show: impl FnOnce(&Reply) -> Result<String, Failure>,
    ) -> Result<(), Failure> {
        match (self.json, reply.is_empty()) {
            // A program that reads JSON is to find some.
            (true, true) => Ok(self.json("{}")?),
            (true, false) => Ok(self.json(reply.json()?)?),
            (false, _) => Ok(self.text(&show(reply)?)?),
        }
    }

    /// Sends on what was written.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }
}

/// The terminal's width, or what COLUMNS says.
fn width() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    said.or_else(|| console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns)))
        .filter(|columns| *columns > 0)
}
