//! `callboard workflow`

use serde_json::{Value, json};

use crate::fake::{Answer, Fake};
use crate::run::{json, run, run_with_input};

fn view(state: &str, counts: Value) -> Value {
    json!({"id": 3, "name": "w", "state": state, "counts": counts, "jobs": [
        {"name": "a", "id": 8, "job_type": "noop", "state": "completed", "depends_on": []},
        {"name": "b", "id": 9, "job_type": "noop", "state": "running", "depends_on": ["a"]}
    ], "created_at": "2030-01-02T03:30:00.000Z", "completed_at": null})
}

#[test]
fn is_run_and_shown() {
    let server = Fake::start();
    let plan = r#"{"name":"w","jobs":[{"name":"a","job_type":"noop","args":{"n":12345678901234567890123}}]}"#;
    let running = view("running", json!({"completed": 1, "running": 1, "failed": 0}));
    server.on("POST /api/workflows", Answer::text(201, "application/json", &running));
    let ran = run_with_input(&server, &["workflow", "run", "-"], plan);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "3\n"));
    assert_eq!(server.request().body, plan);
    server.on("GET /api/workflows/3", Answer::json(&running));
    let expected = "\
workflow 3 w: running (1 running, 1 completed)

ID  NAME  STATE      DEPENDS ON
 8  a     completed
 9  b     running    a
";
    let ran = run(&server, &["workflow", "show", "3"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), expected));
    assert_eq!(run(&server, &["workflow", "run", "/no/such/file"]).code, Some(2));
}

#[test]
fn a_file_may_be_toml() {
    let server = Fake::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.toml");
    std::fs::write(&file, "name = \"w\"\n[[jobs]]\nname = \"a\"\njob_type = \"noop\"\n").unwrap();
    server.on("POST /api/workflows", Answer::text(201, "application/json", view("running", json!({}))));
    let ran = run(&server, &["workflow", "run", file.to_str().unwrap()]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "3\n"));
    assert_eq!(server.request().json(), json!({"name": "w", "jobs": [{"name": "a", "job_type": "noop"}]}));
    std::fs::write(&file, "name = ").unwrap();
    let ran = run(&server, &["workflow", "run", file.to_str().unwrap()]);
    assert!(ran.code == Some(2) && ran.err.contains("w.toml"), "{}", ran.err);
}

#[test]
fn is_followed_to_its_end() {
    for (end, counts, code) in [
        ("completed", json!({"completed": 2}), 0),
        ("failed", json!({"completed": 1, "failed": 1}), 1),
        ("cancelled", json!({"cancelled": 2}), 1),
    ] {
        let server = Fake::start();
        let (running, over) = (view("running", json!({"running": 2})), view(end, counts));
        server
            .on("POST /api/workflows", Answer::text(201, "application/json", &running))
            .on("GET /api/workflows/3?jobs=false", Answer::json(&running))
            .on("GET /api/workflows/3?jobs=false", Answer::problem(503, "away", json!([])))
            .on("GET /api/workflows/3?jobs=false", Answer::json(&over))
            .on("GET /api/workflows/3?jobs=false", Answer::json(&over))
            .on("GET /api/workflows/3", Answer::json(&over));
        let ran = run_with_input(&server, &["workflow", "run", "-", "--wait"], "{}");
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), "3\n"), "{}", ran.err);
        assert!(ran.err.contains(&format!("workflow 3 w: {end}")), "{}", ran.err);
        let ran = run(&server, &["workflow", "wait", "3", "--json"]);
        assert_eq!((ran.code, json(&ran.out)), (Some(code), over));
    }
}

#[test]
fn are_listed() {
    let server = Fake::start();
    let list =
        json!({"workflows": [view("running", json!({"running": 2, "failed": 0}))], "next_cursor": "3"});
    let line = "GET /api/workflows?state=running&state=failed&name=w&limit=1&cursor=9";
    server.on(line, Answer::json(&list)).on("GET /api/workflows", Answer::json(&list));
    let args = [
        "workflow", "list", "--state", "running", "--state", "failed", "--name", "w", "--limit", "1",
        "--cursor", "9",
    ];
    let ran = run(&server, &args);
    let expected = "\
ID  NAME  STATE    CREATED                   JOBS
 3  w     running  2030-01-02T03:30:00.000Z  2 running
";
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), expected));
    assert!(ran.err.contains("--cursor 3"), "{}", ran.err);
    assert_eq!(json(&run(&server, &["workflow", "list", "--json"]).out), list);
    assert_eq!(run(&server, &["workflow", "list", "--state", "pending"]).code, Some(2));
}

#[test]
fn are_steered() {
    let server = Fake::start();
    let stopping = view("running", json!({"running": 1, "cancelled": 1}));
    server.on("DELETE /api/workflows/3", Answer::text(202, "application/json", &stopping));
    let ran = run(&server, &["workflow", "cancel", "3"]);
    let told = "workflow 3 w: running (1 running, 1 cancelled); 1 were told to stop\n";
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), told));
    let again = view("running", json!({"pending": 1}));
    for (args, body) in [
        (&["workflow", "retry", "3"][..], json!({"from": null})),
        (&["workflow", "retry", "3", "--from", "b c"], json!({"from": "b c"})),
    ] {
        server.on("POST /api/workflows/3/retry", Answer::json(&again));
        let ran = run(&server, args);
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), "workflow 3 w: running (1 pending)\n"));
        // Past the cancel.
        let asked =
            std::iter::from_fn(|| Some(server.request())).find(|r| r.line.starts_with("POST")).unwrap();
        assert_eq!(asked.json(), body);
    }
    server.on(
        "POST /api/workflows/3/jobs",
        Answer::text(201, "application/json", r#"{"ids":[7,8],"duplicates":0}"#),
    );
    let ran = run_with_input(&server, &["workflow", "add", "3", "-"], r#"{"jobs":[]}"#);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "7\n8\n"));
    server.on("POST /api/workflows/3/retry", Answer::problem(409, "nothing in it has failed", json!([])));
    let ran = run(&server, &["workflow", "retry", "3"]);
    assert!(ran.code == Some(1) && ran.err.contains("nothing in it has failed"), "{}", ran.err);
}
