//! Whatever a command prints with `--json` is JSON, every command's.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Deserializer, Value, json};

use crate::program::{callboard, output};
use crate::server::Server;

/// The documents in what a command has printed; at least one.
fn documents(mut command: Command) -> Vec<Value> {
    let ran = command.arg("--json").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{command:?}: {}: {err}", ran.status);
    let read: Result<Vec<Value>, _> = Deserializer::from_str(&out).into_iter().collect();
    let read = read.unwrap_or_else(|e| panic!("{command:?}: {e}: {out}"));
    assert!(!read.is_empty(), "{command:?} has printed nothing");
    read
}

/// The commands, as the help lists them.
fn commands() -> BTreeSet<String> {
    let help = output(callboard(&["--help"]));
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

const CONFIG: &str =
    "accept_unknown_job_types = true\n[job_types.broken]\ncommand = [\"false\"]\nmax_retries = 0\n";

/// Calls that a server answers, in this order.
const OF_A_SERVER: &str = r#"
enqueue noop --args {"a":1} --watch
enqueue broken
enqueue nobody
enqueue noop --delay-secs 3600
list
list --all
show 1
watch 1
logs 1
retry 1
signal 4 go {"yes":true}
cancel 4
dead list
dead retry --all
dead discard --all
stats
types
top
ping
ping --ready
openapi
audit
token new me --role viewer
pause --all
resume --all
drain noop
resume noop
remote-workers
plans list
schedules create s --cron 0\u00203\u00201\u00201\u0020* --type noop
schedules list
schedules show s
schedules pause s
schedules resume s
schedules run s
schedules delete s
workflow list
doctor
"#;

/// Calls that need none.
const LOCAL: [&str; 3] = ["check", "migrate status", "migrate up"];

/// What is left out: these print scripts, measure for seconds, or do not end. `serve` is looked at below.
const OTHERS: [&str; 4] = ["completions", "bench", "help", "serve"];

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(|word| word.replace("\\u0020", " ")).collect()
}

#[test]
fn every_command_speaks_json() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), CONFIG);
    let mut tried = BTreeSet::new();
    for line in OF_A_SERVER.lines().filter(|line| !line.is_empty()) {
        let words = words(line);
        tried.insert(words[0].clone());
        let args: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = server.command(&args);
        // `doctor` looks at the data folder too.
        command.current_dir(home.path());
        documents(command);
        if line == "enqueue broken" {
            server.command(&["watch", "2"]).output().unwrap();
        }
    }
    let flow = home.path().join("flow.json");
    std::fs::write(&flow, json!({"jobs": [{"name": "a", "job_type": "noop"}]}).to_string()).unwrap();
    let ran = documents(server.command(&["workflow", "run", flow.to_str().unwrap()]));
    documents(server.command(&["workflow", "show", &ran[0]["id"].to_string()]));
    let (data, backup) = (server.data(), home.path().join("backup"));
    let (data, backup) = (data.to_str().unwrap(), backup.to_str().unwrap());
    documents(callboard(&["backup", backup, "--data-dir", data]));
    documents(callboard(&["man", home.path().join("man").to_str().unwrap()]));
    assert!(server.stop().success());
    for line in LOCAL {
        let mut command = callboard(&line.split(' ').collect::<Vec<_>>());
        command.args(["--data-dir", data]);
        documents(command);
        tried.insert(line.split(' ').next().unwrap().to_owned());
    }
    documents(callboard(&["restore", backup, "--data-dir", data]));
    tried.extend(["backup", "restore", "man"].map(str::to_owned));
    tried.extend(OTHERS.map(str::to_owned));
    let untried: Vec<_> = commands().difference(&tried).cloned().collect();
    assert!(untried.is_empty(), "no call of these is tried: {untried:?}");
}

#[test]
fn a_server_says_as_json_where_it_listens() {
    use std::io::{BufRead, BufReader};
    let home = tempfile::tempdir().unwrap();
    let mut command = callboard(&["serve", "--json", "--bind", "127.0.0.1:0", "--data-dir"]);
    let mut child = command.arg(home.path()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    assert!(said["listening"][0].as_str().unwrap().starts_with("http://127.0.0.1:"), "{said}");
}
