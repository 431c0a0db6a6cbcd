//! The binary with nothing inherited that could change what it does.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A call of the binary.
pub fn callboard(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    for (name, _) in std::env::vars().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn is_ours(name: &str) -> bool {
    let names = ["RUST_LOG", "DATABASE_URL", "COLUMNS"];
    names.contains(&name) || name.starts_with("CALLBOARD_") || name.starts_with("QUEUE_")
}

/// Its standard output, once it has ended well.
pub fn output(mut command: Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Its standard output as JSON.
pub fn json(command: Command) -> Value {
    let text = output(command);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}
