//! `callboard top` on a terminal: what it shows, that it finds the server again, and that the terminal is
//! given back.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::program::callboard;
use crate::server::Server;
use crate::terminal::Terminal;

const CONFIG: &str = r#"
[job_types.long]
command = ["sh", "-c", 'echo "::callboard {\"progress\":{\"processed\":5,\"total\":10,\"message\":\"half way\"}}"; exec sleep 600']
[job_types.broken]
command = ["sh", "-c", "echo it broke >&2; exit 65"]
"#;

/// An address that leads to whichever server is up.
struct Address {
    url: String,
    server: Arc<Mutex<String>>,
}

impl Address {
    fn of(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let target = Arc::new(Mutex::new(host(server)));
        let server = Arc::clone(&target);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(&*target.lock().unwrap());
                let Ok(server) = server else { continue };
                pipe(client.try_clone().unwrap(), server.try_clone().unwrap());
                pipe(server, client);
            }
        });
        Self { url, server }
    }

    fn lead_to(&self, server: &Server) {
        *self.server.lock().unwrap() = host(server);
    }
}

fn host(server: &Server) -> String {
    server.url("").trim_start_matches("http://").to_owned()
}

fn pipe(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _ = copy(&mut from, &mut to);
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}

fn top(url: &str) -> Terminal {
    Terminal::start(&callboard(&["top", "--every", "0.2", "--url", url]), 80, 24)
}

#[test]
fn it_shows_what_runs_and_finds_the_server_again() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), CONFIG);
    let address = Address::of(&server);
    let id = server.enqueue("long", &json!({}));
    let mut terminal = top(&address.url);
    let shown = terminal.wait_for("the job", |shown| shown.contains("50%") && shown.contains("half way"));
    assert!(
        shown.contains("live") && shown.contains(&format!(" {id} ")) && shown.contains("running 1"),
        "{shown}"
    );
    server.enqueue("broken", &json!({}));
    terminal.wait_for_text("exit code 65");
    terminal.press("?");
    terminal.wait_for_text("freeze the picture");
    terminal.press("?p");
    terminal.wait_for_text("frozen");
    terminal.press("p");
    terminal.wait_for_text("live");
    terminal.resize(40, 12);
    let small = terminal.wait_for("a small screen", |shown| {
        let lines: Vec<&str> = shown.lines().collect();
        lines.len() <= 12 && shown.contains("JOB") && lines.iter().all(|line| line.chars().count() <= 40)
    });
    assert!(small.contains("long"), "{small}");
    terminal.resize(80, 24);
    terminal.wait_for_text("FAILURES");

    server.kill();
    terminal.wait_for_text("no server, trying again");
    let server = Server::start(home.path(), CONFIG);
    address.lead_to(&server);
    terminal.wait_for("the server", |shown| shown.contains("live") && !shown.contains("no server"));
    terminal.press("q");
    assert!(terminal.end().success());
    assert!(terminal.is_given_back());
}

#[test]
fn the_terminal_is_given_back_when_it_is_ended() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), "");
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let mut terminal = top(&server.url(""));
        terminal.wait_for_text("nothing runs");
        assert!(!terminal.is_given_back());
        kill(Pid::from_raw(terminal.child.id().cast_signed()), signal).unwrap();
        terminal.end();
        assert!(terminal.is_given_back(), "{signal}");
    }
}

#[test]
fn without_a_terminal_it_says_so_and_without_a_server_too() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), "");
    let ran = server.command(&["top"]).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("needs a terminal"));
    let gone = server.url("");
    server.kill();
    let mut terminal = top(&gone);
    terminal.wait_for_text("no server");
    assert_eq!(terminal.end().code(), Some(3));
}
