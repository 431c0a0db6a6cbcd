//! `quality_check` as a worker.

use std::fs;

use callboard::domain::{Json, State};
use callboard::workers::ParentResult;
use callboard::workers::quality_check::QualityCheck;
use callboard::workers::text_files::TextFiles;
use serde_json::json;

use crate::bench::{Desk, faults, run};
use crate::served::Served;
use crate::served::stopped::{MuchWork, QUICK, Stopped};
use crate::support::fatal;

const GOOD: &str = r#"{"segments":[{"start":0,"end":5,"text":"one two three four five six"},
    {"start":5,"end":9.5,"text":"seven eight nine ten eleven twelve"}]}"#;

fn worker(desk: &Desk) -> QualityCheck {
    QualityCheck::new(TextFiles::new(desk.texts.clone()))
}

#[tokio::test]
async fn a_good_and_a_bad_transcript() {
    let desk = Desk::new();
    let good = run(worker(&desk), &desk.bench, json!({"text": GOOD, "duration_secs": 10})).await.unwrap();
    assert_eq!((&good["passed"], &good["score"]), (&json!(true), &json!(1.0)));
    assert_eq!(good["kind"], "transcript");
    let args = json!({"text": GOOD, "duration_secs": 100});
    let bad = run(worker(&desk), &desk.bench, args.clone()).await.unwrap();
    assert_eq!(bad["passed"], false);
    let failed: Vec<_> = bad["checks"].as_array().unwrap().iter().filter(|c| c["ok"] == false).collect();
    assert_eq!(failed.len(), 2, "{bad}");
    assert_eq!(*failed[1], json!({"name": "coverage", "ok": false, "value": 0.1, "limit": {"min": 0.8}}));
    assert_eq!(bad["score"], 0.71);
    let strict = json!({"text": GOOD, "duration_secs": 100, "fail_job": true});
    let message = fatal(run(worker(&desk), &desk.bench, strict).await.map(|_| None));
    assert!(message.contains("coverage: 0.1 (wanted: {\"min\":0.8})"), "{message}");
    assert_eq!(desk.bench.steps().last().unwrap().percent, 100.0);
}

#[tokio::test]
async fn what_parents_say_is_taken_into_account() {
    let mut desk = Desk::new();
    fs::write(desk.root().join("t.json"), GOOD).unwrap();
    let result = json!({"json_file": "t.json", "title": "T", "duration": 100});
    let parent = |result: &serde_json::Value| ParentResult {
        id: 1,
        name: None,
        job_type: "x".into(),
        state: State::Completed,
        result: Some(Json::of(result).unwrap()),
    };
    desk.bench.parents = vec![parent(&result)];
    let found = run(worker(&desk), &desk.bench, json!({})).await.unwrap();
    assert_eq!(
        (&found["passed"], &found["title"], &found["file"]),
        (&json!(false), &json!("T"), &json!("t.json"))
    );
    desk.bench.parents = vec![parent(&json!({"content": "Half of a", "finish_reason": "length"}))];
    let found = run(worker(&desk), &desk.bench, json!({})).await.unwrap();
    assert_eq!((&found["kind"], &found["passed"]), (&json!("content"), &json!(false)));
}

#[tokio::test]
async fn names_of_files_stay_names() {
    let desk = Desk::new();
    for name in ["-rf", "a\nb", "<b> $(id) `id`", &"ü".repeat(120)] {
        fs::write(desk.root().join(name), GOOD).unwrap();
        let found = run(worker(&desk), &desk.bench, json!({"file": name})).await.unwrap();
        assert_eq!((&found["file"], &found["kind"]), (&json!(name), &json!("transcript")));
    }
}

#[test]
fn wrong_args_are_named() {
    let desk = Desk::new();
    for (args, field) in [
        (json!({"min_coverage": 1.5}), "args.min_coverage"),
        (json!({"max_repeated_lines": -1}), "args.max_repeated_lines"),
        (json!({"min_words_per_minute": 300}), "args.min_words_per_minute"),
        (json!({"duration_secs": -5}), "args.duration_secs"),
        (json!({"min_chars": 5, "max_chars": 4}), "args.min_chars"),
        (json!({"kind": "poem"}), "args.kind"),
        (json!({"file": "/etc/passwd"}), "args.file"),
        (json!({"fail": true}), "args.fail"),
    ] {
        let found = faults(worker(&desk), &args);
        assert!(found.len() == 1 && found[0].starts_with(field), "{args}: {found:?}");
    }
}

#[test]
fn whatever_stops_it_another_run_comes_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let lines = (0..1_000_000).map(|n| format!("{n} sheep have gone over the fence\n"));
    fs::write(root.join("long.txt"), lines.collect::<String>()).unwrap();
    let mut server = Served::start(&format!("{QUICK}[texts]\nroots = ['{}']\n", root.display()));
    let args = json!({"file": "long.txt", "kind": "content", "max_chars": 100_000_000});
    let stopped = Stopped { job_type: "quality_check", args, obstacle: &MuchWork, outputs: root };
    let job = stopped.comes_to_its_end(&mut server);
    assert_eq!(
        (&job["result"]["passed"], &job["result"]["file"]),
        (&json!(true), &json!("long.txt")),
        "{job}"
    );
}
