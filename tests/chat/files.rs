//! Texts in files and from parents.

use std::fs;
use std::os::unix::fs::symlink;

use callboard::domain::{Json, State};
use callboard::workers::ParentResult;
use serde_json::{Value, json};

use crate::bench::{ASKED, Desk, whole};
use crate::support::fatal;

fn parent(id: i64, result: &Value) -> ParentResult {
    let result = Some(Json::of(result).unwrap());
    ParentResult { id, name: None, job_type: "x".into(), state: State::Completed, result }
}

fn asked(desk: &Desk) -> String {
    desk.fake.request().json()["messages"][1]["content"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_below_a_root_is_read() {
    let desk = Desk::new();
    fs::create_dir(desk.root().join("sub")).unwrap();
    let file = desk.root().join("sub/- a:b\n.txt");
    fs::write(&file, "from a file").unwrap();
    for name in [file.to_str().unwrap(), "sub/- a:b\n.txt"] {
        desk.fake.on(ASKED, whole("fine", "stop"));
        desk.write(json!({"prompt": "plain", "file": name, "title": "T", "language": "l"})).await.unwrap();
        assert_eq!(asked(&desk), "T/l: from a file");
    }
}

#[tokio::test]
async fn what_a_parent_left_is_read() {
    let mut desk = Desk::new();
    fs::write(desk.root().join("t.txt"), "from its file").unwrap();
    for (results, expected) in [
        (vec![json!({"text": "from a result", "title": "Mine"})], "Mine/l: from a result"),
        (vec![json!({"file": "t.txt", "title": "Its"}), json!({"passed": true})], "Its/l: from its file"),
        (vec![json!({"text": "old"}), json!({"text": "new"})], "untitled/l: new"),
        (vec![json!({"text": "kept"}), json!([1]), json!("x")], "untitled/l: kept"),
    ] {
        desk.bench.parents = results.iter().zip(1..).map(|(result, id)| parent(id, result)).collect();
        desk.fake.on(ASKED, whole("fine", "stop"));
        desk.write(json!({"prompt": "plain", "language": "l"})).await.unwrap();
        assert_eq!(asked(&desk), expected);
    }
    desk.bench.parents = vec![parent(1, &json!({"n": 1}))];
    assert!(fatal(desk.write(json!({})).await.map(|_| None)).contains("there is no text"));
    desk.bench.parents = vec![parent(1, &json!({"file": "/etc/passwd"}))];
    assert!(fatal(desk.write(json!({})).await.map(|_| None)).contains("texts.roots"));
}

#[tokio::test]
async fn links_do_not_lead_out() {
    let desk = Desk::new();
    fs::write(desk.bench.dir.path().join("secret"), "outside").unwrap();
    symlink("../secret", desk.root().join("link")).unwrap();
    symlink("..", desk.root().join("up")).unwrap();
    for file in ["link", "up/secret", "missing", "up"] {
        let message = fatal(desk.write(json!({"file": file})).await.map(|_| None));
        assert!(message.contains("cannot be read"), "{message}");
    }
    fs::write(desk.root().join("binary"), [0xFF, 0xFE]).unwrap();
    assert!(fatal(desk.write(json!({"file": "binary"})).await.map(|_| None)).contains("UTF-8"));
    assert!(desk.fake.lines().is_empty());
}

#[tokio::test]
async fn the_text_is_left_under_its_name_once_it_is_whole() {
    let mut desk = Desk::new();
    let out = desk.bench.dir.path().join("out");
    fs::create_dir(&out).unwrap();
    symlink("..", out.join("up")).unwrap();
    desk.texts.output_root = Some(out.clone());
    desk.fake.on(ASKED, whole("the notes", "stop"));
    let result = desk.write(json!({"text": "words", "output": "2030/show notes.md"})).await.unwrap();
    let file = out.join("2030/show notes.md");
    assert_eq!(result["file"], file.to_str().unwrap());
    assert_eq!(fs::read_to_string(&file).unwrap(), "the notes");
    assert_eq!(fs::read_dir(out.join("2030")).unwrap().count(), 1, "no part is left");
    fs::write(desk.root().join("An episode [x].txt"), "words").unwrap();
    desk.fake.on(ASKED, whole("more notes", "stop"));
    let args = json!({"file": "An episode [x].txt", "output": "notes/{stem}.md"});
    let result = desk.write(args).await.unwrap();
    assert_eq!(result["file"], out.join("notes/An episode [x].md").to_str().unwrap());
    let message = fatal(desk.write(json!({"text": "words", "output": "{stem}.md"})).await.map(|_| None));
    assert!(message.contains("stands in no file"), "{message}");
    for output in ["../x", "/tmp/x", "a/../../x", "", ".", "a/..", "./x"] {
        let faults = desk.faults(&json!({"output": output}));
        assert!(faults.len() == 1 && faults[0].starts_with("args.output"), "{output}: {faults:?}");
    }
    desk.fake.on(ASKED, whole("escaped", "stop"));
    assert!(desk.write(json!({"text": "words", "output": "up/x.md"})).await.is_err());
    assert!(!desk.bench.dir.path().join("x.md").exists());
}
