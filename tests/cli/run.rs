//! Runs the program.

use std::io::{Read, Write};
use std::process::{Child, Command, Output, Stdio};

use crate::fake::Fake;

/// How it went.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The program with nothing inherited that could change what it does.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    for name in ["CALLBOARD_URL", "CALLBOARD_TOKEN", "COLUMNS"] {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn against(server: &Fake, args: &[&str]) -> Command {
    let mut command = program(args);
    command.args(["--url", &server.url]);
    command
}

pub fn run(server: &Fake, args: &[&str]) -> Ran {
    against(server, args).output().unwrap().into()
}

pub fn run_with_input(server: &Fake, args: &[&str], input: &str) -> Ran {
    let mut child = against(server, args).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    end(child)
}

pub fn start(server: &Fake, args: &[&str]) -> Child {
    against(server, args).spawn().unwrap()
}

/// Reads a line of its output, so that it is certain how far it got.
#[expect(clippy::unbuffered_bytes, reason = "what comes after the line is for others")]
pub fn line(child: &mut Child) -> String {
    let out = child.stdout.as_mut().unwrap();
    let bytes = out.bytes().map(Result::unwrap).take_while(|byte| *byte != b'\n');
    String::from_utf8(bytes.collect()).unwrap()
}

pub fn end(child: Child) -> Ran {
    child.wait_with_output().unwrap().into()
}

pub fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}
