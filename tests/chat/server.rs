//! A whole server that is killed while a text is written.

use std::cell::RefCell;

use serde_json::json;

use crate::bench::{ASKED, finish, piece, streamed};
use crate::fake::{Answer, Events, Fake};
use crate::served::Served;
use crate::served::stopped::{Obstacle, QUICK, Stopped, made};

/// An endpoint that falls silent after a few words.
struct Silence<'a> {
    fake: &'a Fake,
    begun: RefCell<Vec<Events>>,
}

impl Obstacle for Silence<'_> {
    fn arm(&self) {
        self.fake.lines();
        let (answer, events) = Answer::events();
        piece(&events, "Once upon a time");
        self.begun.borrow_mut().push(events);
        self.fake.on(ASKED, answer);
    }

    fn reached(&self, _: &Served, _: i64) {
        self.fake.request();
    }

    fn let_go(&self) {
        self.fake.on(ASKED, streamed(&["The ", "end."], "stop"));
    }
}

#[test]
fn a_text_is_left_whole_or_not_at_all() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    let (url, root) = (&fake.url, dir.path().display());
    let mut server = Served::start(&format!(
        "{QUICK}[llm]\nbase_url = '{url}/v1'\nmodel = 'tiny'\n[texts]\noutput_root = '{root}'\n"
    ));
    let obstacle = Silence { fake: &fake, begun: RefCell::default() };
    let args = json!({"text": "words", "output": "notes/x.md"});
    let outputs = dir.path().to_owned();
    let stopped = Stopped { job_type: "generate_content", args, obstacle: &obstacle, outputs };
    let job = stopped.comes_to_its_end(&mut server);
    assert_eq!((&job["result"]["content"], made(dir.path()).len()), (&json!("The end."), 1), "{job}");
}

#[test]
fn bad_args_are_refused_at_enqueue() {
    let fake = Fake::start();
    let url = &fake.url;
    let server = Served::start(&format!("[llm]\nbase_url = '{url}/v1'\nmodel = 'tiny'\n"));
    let (status, problem) =
        server.try_enqueue("generate_content", &json!({"prompt": "nope", "file": "/etc/passwd"}));
    assert_eq!(status, 422, "{problem}");
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
    assert_eq!(fields, [json!("args.file"), json!("args.prompt")]);
    let types = server.get("/api/job-types/generate_content");
    assert_eq!(
        (&types["available"], &types["args_schema"]["properties"]["prompt"]["default"]),
        (&json!(true), &json!("summary"))
    );
    let (answer, events) = Answer::events();
    fake.on(ASKED, answer);
    let id = server.enqueue("generate_content", &json!({"text": "words"}));
    fake.request();
    piece(&events, "Once");
    server.cancel(id);
    assert_eq!(server.wait(id)["state"], "cancelled");
    finish(&events, "stop");
}
