//! A database that is lost for good, and a standby that takes its place.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::fleet::Fleet;
use crate::postgres::{self, is_there};

const QUICK: &str = "[job_types.quick]\nconcurrency = 2\ncommand = [\"sleep\", \"0.05\"]\n";
/// Ten seconds are promised; a machine under load gets more.
const BACK: Duration = Duration::from_secs(45);

#[tokio::test]
async fn a_standby_takes_over() {
    if !is_there() {
        return;
    }
    let (first_home, second_home) =
        (tempfile::tempdir_in("/tmp").unwrap(), tempfile::tempdir_in("/tmp").unwrap());
    let (first, port) = postgres::Server::on_a_port(first_home.path());
    let (second, other) = postgres::Server::standby(second_home.path(), &first, port);
    let fleet = Fleet::at(format!(
        "postgres://postgres@127.0.0.1:{port},127.0.0.1:{other}/postgres?target_session_attrs=read-write"
    ));
    let (a, b) = (fleet.start(QUICK), fleet.start(QUICK));
    let mut ids: Vec<i64> = (0..30).map(|_| a.server.enqueue("quick", &json!({}))).collect();
    first.stop("immediate");
    second.promote();
    let back = Instant::now();
    for node in [&a, &b] {
        loop {
            let answer = node.server.command(&["enqueue", "quick"]).output().unwrap();
            if answer.status.success() {
                ids.push(String::from_utf8(answer.stdout).unwrap().trim().parse().unwrap());
                break;
            }
            assert!(back.elapsed() < BACK, "{}", node.server.log());
        }
    }
    println!("both nodes worked again after {:.1} s", back.elapsed().as_secs_f64());
    for id in ids {
        let (_, job) = b.end_of(id).await;
        assert_eq!(job["state"], "completed", "{job}");
        assert_eq!(job["crash_count"], 0, "{job}");
    }
    assert!(b.nodes().await.iter().all(|(_, state)| state == "alive"), "nobody is lost for that");
}
