//! A whole server that is killed while a text is written.

use serde_json::json;

use crate::bench::{ASKED, finish, piece, streamed};
use crate::fake::{Answer, Fake};
use crate::served::Served;

#[test]
fn a_killed_server_writes_the_text_anew() {
    let fake = Fake::start();
    let url = &fake.url;
    let mut server = Served::start(&format!("[llm]\nbase_url = '{url}/v1'\nmodel = 'tiny'\n"));
    let (answer, events) = Answer::events();
    fake.on(ASKED, answer);
    let id = server.enqueue("generate_content", &json!({"text": "words"}));
    fake.request();
    piece(&events, "Once upon a time");
    server.kill();
    fake.on(ASKED, streamed(&["The ", "end."], "stop"));
    server.restart();
    let job = server.wait(id);
    assert_eq!(
        (&job["state"], &job["attempt"], &job["crash_count"]),
        (&json!("completed"), &json!(2), &json!(0))
    );
    assert_eq!((&job["retry_count"], &job["result"]["content"]), (&json!(0), &json!("The end.")));
    drop(events);
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
