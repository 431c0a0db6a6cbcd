//! Programs that a test needs and a machine may not have.

use std::ffi::OsStr;
use std::io::Write;
use std::process::Command;

/// Whether these programs are there. Where they are not, says so past the capturing of output; on
/// CI that is a failure.
pub fn are_there(names: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let missing: Vec<&str> = names.iter().copied().filter(|name| !is_there(name)).collect();
    if missing.is_empty() {
        return true;
    }
    let text = format!("{} not found: scripts/setup installs what the tests need", missing.join(" and "));
    assert_ne!(std::env::var_os("CI").as_deref(), Some(OsStr::new("true")), "{text}");
    let _ = writeln!(std::io::stderr(), "\n*** TEST SKIPPED: {text} ***\n");
    false
}

/// Runs a program to its good end; what it prints.
pub fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
