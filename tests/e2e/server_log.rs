//! The server's own log as JSON: a program can read every line, and knows whose it is.

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
