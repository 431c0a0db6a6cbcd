//! A job that kills the server cannot do so for ever.

use std::os::unix::process::ExitStatusExt;

use crate::server::{Server, spawn};

/// Its program ends the server. `noop` jobs are there to see that others go on.
const CONFIG: &str = "[job_types.killer]\ncommand = ['sh', '-c', 'kill -9 $PPID']\n";

#[test]
fn a_job_under_which_the_server_died_three_times_is_put_aside() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), CONFIG);
    server.says(&["pause", "killer"]);
    let id = server.enqueue("killer", &serde_json::json!({}));
    // Whether this is answered or the server is dead by then is a matter of luck.
    let _ = server.command(&["resume", "killer"]).output();
    assert_eq!(server.wait().signal(), Some(9));
    for _ in 0..2 {
        assert_eq!(spawn(home.path(), CONFIG).wait().unwrap().signal(), Some(9));
    }

    let server = Server::start(home.path(), CONFIG);
    let job = server.job(id);
    assert_eq!(
        (&job["state"], &job["crash_count"], &job["retry_count"]),
        (&"failed".into(), &3.into(), &0.into())
    );
    assert!(job["error"].as_str().unwrap().starts_with("quarantined:"), "{job}");
    let outcomes: Vec<_> = job["attempts"].as_array().unwrap().iter().map(|a| &a["outcome"]).collect();
    assert_eq!(outcomes, ["lost", "lost", "lost"]);
    assert!(server.says(&["dead", "list"]).contains("quarantined:"));
    let other = server.enqueue("noop", &serde_json::json!({}));
    assert!(server.command(&["watch", &other.to_string()]).status().unwrap().success());
    assert!(server.stop().success());
}
