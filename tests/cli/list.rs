use std::process::Stdio;

use serde_json::json;

use crate::fake::{Answer, Fake, job, job_with};
use crate::run::{against, json, run};

fn page(jobs: &[serde_json::Value], next: Option<&str>) -> Answer {
    Answer::json(json!({"jobs": jobs, "next_cursor": next}))
}

#[test]
fn shows_a_table() {
    let server = Fake::start();
    let running = job_with(
        12,
        "running",
        json!({"target_id": "UC1", "progress": {"percent": 37.5, "processed": 3, "total": 8,
            "message": "video 3", "updated_at": "2030-01-02T03:04:06.000Z"}}),
    );
    let failed = job_with(7, "failed", json!({"error": "boom"}));
    server.on("GET /api/jobs", page(&[running, failed], Some("abc")));
    let ran = run(&server, &["list"]);
    assert_eq!(ran.code, Some(0));
    let expected = "\
ID  STATE    TYPE  QUEUE    TARGET  PRIO  TRY  CREATED                   NOTE
12  running  noop  default  UC1        5    1  2030-01-02T03:04:05.678Z  38% video 3
 7  failed   noop  default             5    1  2030-01-02T03:04:05.678Z  boom
";
    assert_eq!(ran.out, expected);
    assert!(ran.err.contains("--cursor abc"), "{}", ran.err);
}

#[test]
fn sends_every_filter() {
    let server = Fake::start();
    let line = "GET /api/jobs?state=failed&state=retrying&job_type=a&queue=q&tag=t+1&tag=t2&target_id=x%26y\
                &parent_job_id=3&workflow_id=4&key=k&created_after=2030-01-02T03%3A04%3A05.000Z\
                &created_before=2031-01-02T03%3A04%3A05.000Z&q=%C3%A9&order=oldest&limit=7&cursor=c";
    server.on(line, page(&[], None));
    let args = [
        "list",
        "--state",
        "failed",
        "--state",
        "retrying",
        "--type",
        "a",
        "--queue",
        "q",
        "--tag",
        "t 1",
        "--tag",
        "t2",
        "--target-id",
        "x&y",
        "--parent",
        "3",
        "--workflow-id",
        "4",
        "--key",
        "k",
        "--created-after",
        "2030-01-02T03:04:05Z",
        "--created-before",
        "2031-01-02T03:04:05Z",
        "-q",
        "é",
        "--order",
        "oldest",
        "--limit",
        "7",
        "--cursor",
        "c",
    ];
    let ran = run(&server, &args);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "", "no jobs\n"));
}

#[test]
fn follows_cursors_with_all() {
    let server = Fake::start();
    for _ in 0..2 {
        server.on("GET /api/jobs?limit=500", page(&[job(3, "pending"), job(2, "pending")], Some("p2")));
        server.on("GET /api/jobs?limit=500&cursor=p2", page(&[job(1, "pending")], None));
    }
    let ran = run(&server, &["list", "--all"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out.lines().count(), 4);
    assert_eq!(ran.out.matches("CREATED").count(), 1);
    let ran = run(&server, &["list", "--all", "--json"]);
    let all = json(&ran.out);
    assert_eq!(
        all,
        json!({"jobs": [job(3, "pending"), job(2, "pending"), job(1, "pending")], "next_cursor": null})
    );
}

#[test]
fn all_of_nothing_is_still_json() {
    let server = Fake::start();
    server.on("GET /api/jobs?limit=500", page(&[], None));
    let ran = run(&server, &["list", "--all", "--json"]);
    assert_eq!(json(&ran.out), json!({"jobs": [], "next_cursor": null}));
}

#[test]
fn does_not_go_round_in_circles() {
    let server = Fake::start();
    server.on("GET /api/jobs?limit=500", page(&[job(1, "pending")], Some("p")));
    server.on("GET /api/jobs?limit=500&cursor=p", page(&[job(1, "pending")], Some("p")));
    let ran = run(&server, &["list", "--all"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("same again"), "{}", ran.err);
}

#[test]
fn fits_the_terminal_and_stays_calm_about_hostile_text() {
    let server = Fake::start();
    let hostile = job_with(
        1,
        "failed",
        json!({"target_id": "\u{1b}[2Jx\u{202e}y", "error": format!("\u{1b}]0;owned\u{7}a\nb{}", "z".repeat(200))}),
    );
    server.on("GET /api/jobs", page(std::slice::from_ref(&hostile), None));
    let ran: crate::run::Ran = against(&server, &["list"]).env("COLUMNS", "90").output().unwrap().into();
    assert!(ran.out.lines().all(|line| line.chars().count() <= 90), "{}", ran.out);
    assert!(!ran.out.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')), "{:?}", ran.out);
    assert!(ran.out.contains("xy") && ran.out.contains("a bz") && ran.out.contains('…'), "{}", ran.out);
    server.on("GET /api/jobs", page(std::slice::from_ref(&hostile), None));
    let ran = run(&server, &["list", "--json"]);
    assert!(!ran.out.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')), "{:?}", ran.out);
    assert_eq!(json(&ran.out)["jobs"][0], hostile);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let server = Fake::start();
    let (answer, gate) = Answer::events();
    server.on("GET /api/jobs?limit=500", answer);
    let mut child = against(&server, &["list", "--all"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let jobs: Vec<_> = (0..500).map(|id| job(id, "pending")).collect();
    gate.raw(&json!({"jobs": jobs, "next_cursor": null}).to_string());
    drop(gate);
    let ran = crate::run::end(child);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
}
