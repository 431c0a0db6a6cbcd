//! The server's own log: a program can read every line as JSON, and knows whose it is; and who may not do
//! anything cannot write into it.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::server::Server;

const CONFIG: &str = "log_format = 'json'\nlog = 'info,callboard::attempts=debug'\n\
    [job_types.shout]\ncommand = ['sh', '-c', 'printf \"a\\n{args.said}\\n\" >&2; exit 65']\n";

#[test]
fn every_line_is_an_object_and_names_its_attempt() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), CONFIG);
    let done = server.enqueue("noop", &json!({}));
    server.says(&["watch", &done.to_string()]);
    let forged = "{\"level\":\"ERROR\",\"message\":\"forged\"}";
    let failed = server.enqueue("shout", &json!({"said": forged}));
    let mut watch = server.command(&["watch", &failed.to_string()]);
    assert!(!watch.status().unwrap().success());
    let home = home.path().to_owned();
    assert!(server.stop().success());
    let log = std::fs::read_to_string(home.join("server.log")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        for key in ["at", "level", "target", "message"] {
            assert!(line[key].is_string(), "{line}");
        }
        assert_ne!(line["message"], "forged");
    }
    let of = |id: i64| lines.iter().find(|line| line["job_id"] == id).unwrap_or_else(|| panic!("{log}"));
    let (done, failed) = (of(done), of(failed));
    assert!(done["message"].as_str().unwrap().starts_with("attempt ended: success"), "{done}");
    assert_eq!(
        (&done["level"], &done["job_type"], &done["attempt"]),
        (&json!("DEBUG"), &json!("noop"), &json!(1))
    );
    assert_eq!((&failed["level"], &failed["queue"]), (&json!("INFO"), &json!("default")));
    assert!(failed["worker_id"].as_str().unwrap().ends_with("/shout") && failed["node"].is_i64(), "{failed}");
}

/// What is no request, or was going to be one.
const RUDE: [&str; 9] = [
    "hello\r\n\r\n",
    "\u{16}\u{3}\u{1}\0\u{5}hello",
    "GET / HTTP/9.9\r\n\r\n",
    "GET / HTTP/1.1\r\nno header\r\n\r\n",
    "GET http://[::/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nnonsense\r\n\r\n",
];

/// Says all that to a server that logs so much, each on a connection of its own; what it has logged when it is
/// down.
fn log_of_rudeness(filter: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), &format!("log = '{filter}'"));
    for rude in RUDE {
        let mut stream = TcpStream::connect(server.url("").replace("http://", "")).unwrap();
        stream.write_all(rude.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        // It may hang up before it has read all.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert!(server.stop().success());
    std::fs::read_to_string(home.path().join("server.log")).unwrap()
}

#[test]
fn strangers_write_no_line_unless_somebody_looks_for_them() {
    let log = log_of_rudeness("info");
    assert!(!log.contains("actix_http") && !log.contains("WARN") && !log.contains("ERROR"), "{log}");
    let log = log_of_rudeness("info,actix_http=debug");
    let told =
        log.lines().filter(|line| line.contains("DEBUG") && line.contains("stream error: request parse"));
    assert!(told.count() >= 6 && !log.contains("ERROR"), "{log}");
}

/// A server under such a limit of open files.
fn server_with_files(home: &Path, limit: &str) -> Server {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("{limit} && exec \"$0\" serve --bind 127.0.0.1:0")]);
    command.arg(env!("CARGO_BIN_EXE_callboard")).current_dir(home).stdout(Stdio::piped());
    command.stderr(File::create(home.join("server.log")).unwrap());
    Server::once_up(command.spawn().unwrap(), home)
}

/// The server keeps files for its own work, and who comes later waits.
#[test]
fn connections_do_not_use_up_the_files_that_a_process_may_have_open() {
    let home = tempfile::tempdir().unwrap();
    let server = server_with_files(home.path(), "ulimit -n 200");
    let address = server.url("").replace("http://", "");
    let mut crowd: Vec<TcpStream> = (0..220).map(|_| TcpStream::connect(&address).unwrap()).collect();
    crowd[40].write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut said = String::new();
    crowd[40].read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    drop(crowd);
    let id = server.enqueue("noop", &json!({}));
    server.says(&["watch", &id.to_string()]);
    let log = server.log();
    assert!(log.contains("at most 100 connections") && !log.contains("ERROR"), "{log}");
}

#[test]
fn a_server_asks_for_more_open_files_and_its_programs_have_what_was_given() {
    let home = tempfile::tempdir().unwrap();
    let config = "[job_types.files]\ncommand = ['sh', '-c', 'ulimit -Sn; ulimit -Hn']\n";
    std::fs::write(home.path().join("callboard.toml"), config).unwrap();
    let server = server_with_files(home.path(), "ulimit -Sn 200 && ulimit -Hn 3000");
    let id = server.enqueue("files", &json!({}));
    server.says(&["watch", &id.to_string()]);
    let said = server.says(&["logs", &id.to_string(), "--stream", "stdout"]);
    assert!(said.contains("200") && said.contains("3000"), "{said}");
    assert!(server.log().contains("at most 1500 connections"), "{}", server.log());
}
