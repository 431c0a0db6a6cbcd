//! A queue is copied while its server works on it, and brought back; whatever is killed meanwhile.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use callboard::config::Database;
use callboard::store::connection;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::http;
use crate::program::{callboard, json as parsed, output};
use crate::server::Server;

/// A call that is about the data of a server in `home`.
fn local(home: &Path, args: &[&str]) -> Command {
    let mut command = callboard(args);
    command.arg("--data-dir").arg(home.join("data"));
    command
}

fn refusal(mut command: Command) -> (Option<i32>, String) {
    let ran = command.output().unwrap();
    (ran.status.code(), String::from_utf8(ran.stderr).unwrap())
}

/// Hands in a hundred jobs with one call; their keys begin with `name`.
async fn hundred(server: &Server, name: &str) {
    let job = |n: usize| json!({"job_type": "noop", "key": format!("{name}-{n}"), "priority": 1 + n % 10});
    let jobs: Vec<Value> = (0..100).map(job).collect();
    let answer = http::call(server, "POST", "/api/jobs/bulk", Some(json!({"jobs": jobs}))).await.unwrap();
    assert_eq!(answer.status, 201, "{:?}", answer.body);
}

/// How many jobs there are whose key begins with `name`, of those with such a number.
async fn there(server: &Server, name: &str) -> usize {
    let keys: String = (0..100).map(|n| format!("&key={name}-{n}")).collect();
    let answer = http::get(server, &format!("/api/jobs?limit=500{keys}")).await;
    answer.body["jobs"].as_array().unwrap().len()
}

/// Hands jobs in while `work` is done on another thread.
async fn under_load<T: Send + 'static>(server: &Server, work: impl FnOnce() -> T + Send + 'static) -> T {
    static ROUND: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let done = std::sync::Arc::new(AtomicBool::new(false));
    let told = std::sync::Arc::clone(&done);
    let work = std::thread::spawn(move || {
        let came = work();
        told.store(true, Ordering::Release);
        came
    });
    loop {
        hundred(server, &format!("load{}", ROUND.fetch_add(1, Ordering::Relaxed))).await;
        if done.load(Ordering::Acquire) {
            return work.join().unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_before_a_backup_is_in_it_and_comes_back() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(home.path(), "");
    for name in ["a", "b", "c"] {
        hundred(&server, name).await;
    }
    let file = home.path().join("queue.backup");
    let command = (home.path().to_owned(), file.clone());
    let report = under_load(&server, move || {
        parsed(local(&command.0, &["backup", "--json", command.1.to_str().unwrap()]))
    })
    .await;
    assert!(report["jobs"].as_u64().unwrap() >= 300, "{report}");
    assert_eq!(report["bytes"].as_u64().unwrap(), fs::metadata(&file).unwrap().len());
    assert!(report["tables"].as_array().unwrap().iter().any(|table| table["name"] == "jobs"));
    assert!(server.stop().success());

    let restored = parsed(local(other.path(), &["restore", "--json", file.to_str().unwrap()]));
    assert_eq!(restored["jobs"], report["jobs"]);
    let server = Server::start(other.path(), "");
    for name in ["a", "b", "c"] {
        assert_eq!(there(&server, name).await, 100, "{name}");
    }
    hundred(&server, "after").await;
    assert_eq!(there(&server, "after").await, 100);
}

/// Ends a process without any warning as soon as `begun` is there, and `delay` later.
fn kill_after(mut child: Child, begun: &Path, delay: Duration) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !begun.exists() && child.try_wait().unwrap().is_none() && Instant::now() < patience {
        std::thread::yield_now();
    }
    let until = Instant::now() + delay;
    while Instant::now() < until {
        std::thread::yield_now();
    }
    let _ = child.kill();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_backup_that_is_killed_leaves_no_half_file_and_the_next_one_succeeds() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(home.path(), "");
    for round in 0..20 {
        hundred(&server, &format!("a{round}")).await;
    }
    let (file, part) = (home.path().join("queue.backup"), home.path().join("queue.backup.part"));
    for millis in [0, 2, 5, 10, 20, 40] {
        let backup = local(home.path(), &["backup", "--force", file.to_str().unwrap()]).spawn().unwrap();
        kill_after(backup, &part, Duration::from_millis(millis));
        // Under its name there is nothing, or a whole one.
        if file.exists() {
            parsed(local(other.path(), &["restore", "--json", file.to_str().unwrap()]));
        }
        assert_eq!(http::get(&server, "/healthz").await.status, 200);
    }
    output(local(home.path(), &["backup", "--force", file.to_str().unwrap()]));
    let report = parsed(local(other.path(), &["restore", "--json", file.to_str().unwrap()]));
    assert_eq!(report["jobs"], 2_000);
    assert!(!part.exists());
}

#[tokio::test]
async fn a_server_that_is_killed_in_the_middle_of_a_backup_does_not_harm_it() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(home.path(), "");
    for round in 0..20 {
        hundred(&server, &format!("a{round}")).await;
    }
    let file = home.path().join("queue.backup");
    let backup = local(home.path(), &["backup", file.to_str().unwrap()]).spawn().unwrap();
    server.kill();
    let ended = backup.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let report = parsed(local(other.path(), &["restore", "--json", file.to_str().unwrap()]));
    assert_eq!(report["jobs"], 2_000);
    let server = Server::start(other.path(), "");
    assert_eq!(there(&server, "a19").await, 100);
    // And the one that was killed goes on with all it had.
    let server = Server::start(home.path(), "");
    assert_eq!(there(&server, "a19").await, 100);
}

#[tokio::test]
async fn a_restore_keeps_what_was_there_and_refuses_what_is_no_good() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), "");
    hundred(&server, "old").await;
    let file = home.path().join("queue.backup");
    let path = file.to_str().unwrap();
    output(local(home.path(), &["backup", path]));
    let (code, told) = refusal(local(home.path(), &["backup", path]));
    assert!(code == Some(2) && told.contains("--force"), "{told}");
    hundred(&server, "new").await;

    let (code, told) = refusal(local(home.path(), &["restore", path]));
    assert_eq!(code, Some(1));
    assert!(told.contains(&format!("in use by process {}", server.pid())), "{told}");
    assert!(server.stop().success());
    let refused = |bytes: &[u8], word: &str| {
        let bad = home.path().join("bad");
        fs::write(&bad, bytes).unwrap();
        let (code, told) = refusal(local(home.path(), &["restore", bad.to_str().unwrap()]));
        assert!(code == Some(1) && told.contains(word), "{word}: {told}");
    };
    let good = fs::read(&file).unwrap();
    refused(b"not a database, and no archive", "cannot restore");
    refused(&good[..good.len() / 2], "");
    let mut torn = good.clone();
    torn[20_000..24_000].fill(0xa5);
    refused(&torn, "");
    let newer = home.path().join("newer");
    fs::write(&newer, &good).unwrap();
    let mut conn = connection::open(&Database::from(&newer)).unwrap();
    conn.batch_execute(
        "PRAGMA journal_mode = DELETE; \
         INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')",
    )
    .unwrap();
    drop(conn);
    refused(&fs::read(&newer).unwrap(), "99991231000000");

    // None of that has touched the queue, or left anything behind.
    let left = fs::read_dir(home.path().join("data")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.map(|name| name.into_string().unwrap()).any(|name| name.contains("restor")));
    let server = Server::start(home.path(), "");
    assert_eq!((there(&server, "old").await, there(&server, "new").await), (100, 100));
    assert!(server.stop().success());
    let report = parsed(local(home.path(), &["restore", "--json", path]));
    let server = Server::start(home.path(), "");
    assert_eq!((there(&server, "old").await, there(&server, "new").await), (100, 0));
    assert!(server.stop().success());
    let kept = report["kept"][0].as_str().unwrap();
    let other = tempfile::tempdir().unwrap();
    parsed(local(other.path(), &["restore", "--json", kept]));
    let server = Server::start(other.path(), "");
    assert_eq!((there(&server, "old").await, there(&server, "new").await), (100, 100));
}

#[tokio::test]
async fn logs_come_along_if_asked_for_and_those_of_others_go_aside() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = "[job_types.say]\ncommand = [\"echo\", \"{args.word}\"]\n";
    let server = Server::start(home.path(), config);
    let say = |word: &str| {
        let args = json!({ "word": word }).to_string();
        output(server.command(&["enqueue", "say", "--watch", "--args", &args]));
    };
    say("first");
    let (plain, packed) = (home.path().join("plain"), home.path().join("packed.tar"));
    output(local(home.path(), &["backup", plain.to_str().unwrap()]));
    let report = parsed(local(home.path(), &["backup", "--json", "--logs", packed.to_str().unwrap()]));
    assert_eq!(report["logs"]["files"], 1, "{report}");
    say("second");
    assert!(server.stop().success());

    let report = parsed(local(home.path(), &["restore", "--json", plain.to_str().unwrap()]));
    let server = Server::start(home.path(), config);
    // The second job's id is given anew, and what it has said is not there.
    assert_eq!(server.enqueue("noop", &json!({})), 2);
    assert_eq!(server.says(&["logs", "2", "--stream", "stdout"]), "");
    assert_eq!(server.says(&["logs", "1", "--stream", "stdout"]).trim(), "first");
    let strays = Path::new(report["kept"][1].as_str().unwrap()).join("jobs/2/1/stdout.log");
    assert_eq!(fs::read_to_string(strays).unwrap().trim(), "second");

    output(local(other.path(), &["restore", packed.to_str().unwrap()]));
    let server = Server::start(other.path(), config);
    assert_eq!(server.says(&["logs", "1", "--stream", "stdout"]).trim(), "first");
    // Without its end it is not whole.
    let bytes = fs::read(&packed).unwrap();
    fs::write(&packed, &bytes[..bytes.len() - 2_048]).unwrap();
    let (code, told) = refusal(local(home.path(), &["restore", packed.to_str().unwrap()]));
    assert!(code == Some(1), "{told}");
}

#[test]
fn for_postgresql_there_is_another_tool() {
    let dir = tempfile::tempdir().unwrap();
    for (verb, tool) in [("backup", "pg_dump"), ("restore", "pg_restore")] {
        let mut command = callboard(&[verb, "x", "--database-url", "postgres://me:secret@127.0.0.1/jobs"]);
        command.current_dir(dir.path());
        let (code, told) = refusal(command);
        assert!(code == Some(2) && told.contains(tool) && !told.contains("secret"), "{told}");
    }
}
