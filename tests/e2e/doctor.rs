//! `callboard doctor` on what is well and on what is not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use crate::program::callboard;
use crate::server::Server;

/// What it finds, and how it ends.
fn examine(mut command: Command) -> (Vec<Value>, Option<i32>) {
    let ran = command.args(["--json"]).output().unwrap();
    let out: Value = serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&ran.stderr)));
    let findings = out["findings"].as_array().unwrap().clone();
    let worst = findings.iter().map(|finding| finding["level"].as_str().unwrap());
    let worst = ["fault", "warning", "ok"].into_iter().find(|level| worst.clone().any(|l| l == *level));
    assert_eq!(out["level"].as_str(), worst);
    (findings, ran.status.code())
}

/// Whether it says such a thing in an area, at such a level. What is not well comes with advice.
fn says(findings: &[Value], area: &str, level: &str, word: &str) -> bool {
    findings.iter().any(|finding| {
        assert_eq!(finding["level"] == "ok", finding["advice"].is_null(), "{finding}");
        finding["area"] == area
            && finding["level"] == level
            && finding["said"].as_str().unwrap().contains(word)
    })
}

fn assert_says(findings: &[Value], area: &str, level: &str, word: &str) {
    assert!(says(findings, area, level, word), "{area} {level} {word}: {findings:#?}");
}

#[test]
fn a_server_that_runs_is_well() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), "");
    server.enqueue("noop", &serde_json::json!({}));
    let mut command = server.command(&["doctor", "--data-dir", server.data().to_str().unwrap()]);
    command.args(["--bind", server.url("").trim_start_matches("http://")]);
    let (findings, code) = examine(command);
    assert_eq!(code, Some(0), "{findings:#?}");
    let owner = format!("in use by process {}", server.pid());
    for (area, word) in [
        ("configuration", "valid"),
        ("disk", "a flush takes"),
        ("disk", "free at"),
        ("database", owner.as_str()),
        ("database", "sound"),
        ("database", "up to date"),
        ("clock", "time zones are known"),
        ("clock", "the server agrees"),
        ("ports", "as a running server does"),
        ("server", "answers"),
    ] {
        assert_says(&findings, area, "ok", word);
    }
}

#[test]
fn what_is_not_well_is_told_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), "");
    for _ in 0..50 {
        server.enqueue("noop", &serde_json::json!({"text": "x".repeat(2_000)}));
    }
    let data = server.data();
    assert!(server.stop().success());
    let file = data.join("queue.db");
    let mut bytes = fs::read(&file).unwrap();
    // One page might be a free one, which nobody misses.
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..].fill(0xa5);
    fs::write(&file, bytes).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = home.path().join("doctor.toml");
    fs::write(
        &config,
        format!(
            "bind = \"{}\"\n[job_types.gone]\ncommand = [\"no-such-program-here\"]\n",
            taken.local_addr().unwrap()
        ),
    )
    .unwrap();
    let mut command =
        callboard(&["doctor", "--url", "http://127.0.0.1:1", "--data-dir", data.to_str().unwrap()]);
    command.arg("--config").arg(&config);
    let (findings, code) = examine(command);
    assert_eq!(code, Some(1));
    assert_says(&findings, "ports", "fault", "another program");
    assert_says(&findings, "tools", "fault", "gone cannot run");
    assert_says(&findings, "server", "ok", "none answers");
    assert!(findings.iter().any(|f| f["area"] == "database" && f["level"] == "fault"), "{findings:#?}");
}

#[test]
fn a_wrong_configuration_is_a_fault_for_each_wrong_key() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("doctor.toml");
    fs::write(&config, "bind = 7\nretry.jitter = 9\n").unwrap();
    let mut command = callboard(&["doctor"]);
    command.arg("--config").arg(&config);
    let (findings, code) = examine(command);
    assert_eq!(code, Some(1));
    assert_says(&findings, "configuration", "fault", "bind");
    assert_says(&findings, "configuration", "fault", "retry.jitter");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_a_fault() {
    if nix::unistd::geteuid().is_root() {
        // Nothing is closed to root; a file in the place of a folder is.
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        let (findings, code) = examine(callboard(&["doctor", "--data-dir", file.to_str().unwrap()]));
        assert_eq!(code, Some(1), "{findings:#?}");
        assert_says(&findings, "disk", "fault", "cannot be written to");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let (findings, code) = examine(callboard(&["doctor", "--data-dir", home.path().to_str().unwrap()]));
    assert_eq!(code, Some(1), "{findings:#?}");
    assert_says(&findings, "disk", "fault", "cannot be written to");
}
