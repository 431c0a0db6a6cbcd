//! The bytes of a secret are in no file, no answer, no page, no event and no log.

use std::path::Path;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::postgres;
use crate::server::{Far, Server, files_with, say};

/// Passwords as people and programs make them up.
fn passwords(n: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let password = "[a-zA-Z0-9]{4}[ !#-\\[\\]-~äßжщ€😀]{2,24}[a-zA-Z0-9]{2}";
    (0..n).map(|_| password.new_tree(&mut runner).unwrap().current()).collect()
}

/// Has jobs tell their passwords to everybody, and looks for those everywhere.
async fn tell_nobody(server: &Server, data: &Path) {
    let secrets = passwords(8);
    let mut ids = Vec::new();
    for secret in &secrets {
        ids.push(server.enqueue(say(secret)).await);
    }
    let token = secrets.iter().map(|secret| format!("tk-{secret}"));
    let all: Vec<String> = secrets.iter().cloned().chain(token).collect();
    let mut shown = String::new();
    let last = *ids.last().unwrap();
    shown += &server.until(last, "\"processed\":1").await;
    // While they run.
    assert_eq!(files_with(data, &all), Vec::<std::path::PathBuf>::new());
    server.go();
    for (id, secret) in ids.iter().zip(&secrets) {
        shown += &server.until(*id, "event: end").await;
        assert_eq!(server.told(*id), *secret, "the worker gets it as it is");
        let job = server.job(*id).await;
        assert_eq!(job["args"], json!({"password": "[redacted]", "auth": {"token": "[redacted]"}, "n": 1}));
        assert!(job["error"].as_str().unwrap().contains("err [redacted]"), "{job}");
        shown += &job.to_string();
        for stream in ["log", "stdout", "stderr", "progress", "events"] {
            shown += &server.text(&format!("/api/jobs/{id}/logs?stream={stream}")).await;
        }
        for page in [format!("/jobs/{id}"), format!("/new?from={id}")] {
            shown += &server.text(&page).await;
        }
    }
    shown += &elsewhere(server, &secrets[0]).await;
    let escapes = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    let unescaped = escapes.iter().fold(shown.clone(), |text, (escape, c)| text.replace(escape, c));
    for secret in &all {
        let escaped = Value::from(secret.as_str()).to_string();
        let escaped = &escaped[1..escaped.len() - 1];
        for text in [&shown, &unescaped, &server.log()] {
            assert!(!text.contains(secret.as_str()) && !text.contains(escaped), "{secret:?} is shown");
        }
    }
    assert!(shown.contains("out [redacted]") && shown.contains("said [redacted]"), "{shown}");
    assert_eq!(files_with(data, &all), Vec::<std::path::PathBuf>::new());
}

/// Lists, and all that keeps args but is no job.
async fn elsewhere(server: &Server, secret: &str) -> String {
    let job = say(secret);
    let node = json!({"name": "a", "job_type": "say", "args": job["args"]});
    let inner = json!({"name": "w", "jobs": [node], "callback": job});
    assert_eq!(server.call("POST", "/api/workflows", inner).await.0, 201);
    let mut schedule = job.clone();
    schedule["name"] = json!("s");
    schedule["cron"] = json!("0 3 * * *");
    assert_eq!(server.call("POST", "/api/schedules", schedule).await.0, 201);
    let mut far = say(secret);
    far["job_type"] = json!("far");
    // Of this type it is no secret.
    far["args"]["auth"] = json!(null);
    let far = server.enqueue(far).await;
    fail_from_afar(&mut server.far(), secret);
    let failed = server.until(far, "retrying").await;
    let job = server.job(far).await;
    assert!(job["error"].as_str().unwrap().contains("no [redacted] here"), "{job}");
    let (_, searched) = server.call("GET", &format!("/api/jobs?q={}", &secret[..4]), Value::Null).await;
    assert_eq!(searched["jobs"], json!([]), "it is not found either");
    let mut shown = format!("{failed}{job}");
    for path in [
        "/api/jobs",
        "/api/dead-letters",
        "/api/workflows/1",
        "/api/schedules",
        "/api/schedules/s",
        "/metrics",
        "/api/schedules/config",
        "/jobs",
        "/dead-letters",
        "/workflows/1",
        "/schedules",
        "/schedules/s",
        "/schedules/s/edit",
        "/",
    ] {
        shown += &server.text(path).await;
    }
    shown
}

fn fail_from_afar(far: &mut Far, secret: &str) {
    let job = far.fetch();
    assert_eq!(job["args"][0]["password"], secret, "a worker far away gets it as it is");
    let fail = json!({"jid": job["jid"], "errtype": "E", "message": format!("no {secret} here"), "backtrace": [secret]});
    far.say(&format!("FAIL {fail}"));
    assert_eq!(far.line(), "+OK");
}

const SCHEDULED: &str =
    "schedules.config = { cron = '0 4 * * *', job_type = 'say', args = { password = 'of the file' } }\n";

#[tokio::test]
async fn on_sqlite() {
    let server = Server::start(SCHEDULED);
    let data = server.home.path().join("callboard-data");
    tell_nobody(&server, &data).await;
    assert_eq!(files_with(&data, &["of the file".to_owned()]), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn on_postgres() {
    if !postgres::is_there() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let database = postgres::Server::durable(home.path());
    let server = Server::start(&format!("database_url = {:?}\n{SCHEDULED}", database.url()));
    tell_nobody(&server, &server.home.path().join("callboard-data")).await;
    // What the database has not written yet.
    drop(server);
    database.stop("fast");
    let secrets = passwords(8);
    assert_eq!(files_with(home.path(), &secrets), Vec::<std::path::PathBuf>::new());
}
