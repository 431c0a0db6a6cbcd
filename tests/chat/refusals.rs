//! Answers that do not come.

use std::time::Duration;

use callboard::logs::Stream;
use callboard::workers::{Failure, RunResult};
use serde_json::{Value, json};

use crate::bench::{ASKED, Desk, KEY, piece, refused, streamed, whole};
use crate::fake::{Answer, Events};
use crate::support::{fatal, retried, run_typed};

fn failed(result: RunResult<Value>) -> RunResult<Option<callboard::domain::Json>> {
    result.map(|_| None)
}

#[tokio::test]
async fn what_will_not_get_better_is_final() {
    for (status, code, hint) in [
        (400, "context_length_exceeded", "because"),
        (401, "invalid_api_key", "llm.api_key_env"),
        (403, "forbidden", "llm.api_key_env"),
        (404, "model_not_found", "llm.model"),
        (422, "invalid", "because"),
        (429, "insufficient_quota", "quota is used up"),
    ] {
        let desk = Desk::new();
        desk.fake.on(ASKED, refused(status, code, &format!("because {KEY} is wrong")));
        let message = fatal(failed(desk.write(json!({"text": "words"})).await));
        assert!(message.contains(&status.to_string()) && message.contains(hint), "{message}");
        assert!(message.contains("because *** is wrong"), "{message}");
        assert!(!desk.bench.read(Stream::Log).contains(KEY));
        assert_eq!(desk.fake.lines().len(), 1, "{status} is not tried again");
    }
    let desk = Desk::new();
    desk.fake.on(ASKED, Answer::text(302, "text/html", "moved").header("location", "http://127.0.0.1:1/"));
    assert!(fatal(failed(desk.write(json!({"text": "words"})).await)).contains("llm.base_url"));
}

#[tokio::test]
async fn what_may_get_better_is_tried_again() {
    let mut desk = Desk::new();
    desk.llm.max_retries = 2;
    for status in [500, 503, 408] {
        desk.fake.on(ASKED, Answer::text(status, "text/plain", "down").header("retry-after", "0"));
    }
    let failure = desk.write(json!({"text": "words"})).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Retry { message, after: Some(Duration::ZERO) } if message.contains("408")),
        "{failure:?}"
    );
    assert_eq!(desk.fake.lines().len(), 3);
    desk.fake.on(ASKED, Answer::text(502, "text/plain", "").header("retry-after", "0"));
    desk.fake.on(ASKED, streamed(&["there"], "stop"));
    assert_eq!(desk.write(json!({"text": "words"})).await.unwrap()["content"], "there");
}

#[tokio::test]
async fn retry_after_is_waited_out() {
    let mut desk = Desk::new();
    desk.fake.on(ASKED, refused(429, "rate_limit_exceeded", "slowly").header("retry-after", "7"));
    desk.fake.on(ASKED, whole("there", "stop"));
    let job = tokio::spawn(run_typed(desk.worker(), desk.bench.context(r#"{"text":"words"}"#)));
    let rest = desk.bench.line_with("the endpoint answered 429").await;
    assert!(rest.contains("slowly") && rest.ends_with("the next try is in 7 s"), "{rest}");
    desk.clock.advance(Duration::from_millis(6999));
    assert_eq!(desk.fake.lines().len(), 1);
    desk.clock.advance(Duration::from_millis(1));
    assert!(job.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_long_wait_gives_the_slot_back() {
    let desk = Desk::new();
    let answer = refused(429, "rate_limit_exceeded", "later");
    desk.fake.on(ASKED, answer.header("retry-after", "Wed, 02 Jan 2030 04:04:05 GMT"));
    let failure = desk.write(json!({"text": "words"})).await.unwrap_err();
    assert!(
        matches!(failure, Failure::Retry { after: Some(wait), .. } if wait == Duration::from_secs(3600)),
        "{failure:?}"
    );
}

#[tokio::test]
async fn cancel_ends_a_wait() {
    let mut desk = Desk::new();
    desk.fake.on(ASKED, refused(429, "rate_limit_exceeded", "slowly").header("retry-after", "7"));
    let job = tokio::spawn(run_typed(desk.worker(), desk.bench.context(r#"{"text":"words"}"#)));
    desk.bench.line_with("the endpoint answered 429").await;
    desk.bench.cancel.cancel();
    assert_eq!(job.await.unwrap(), Err(Failure::Cancelled));
}

/// Runs a job without second tries whose answer is a stream that goes as `script` says.
async fn broken(script: impl FnOnce(Events)) -> RunResult<Option<callboard::domain::Json>> {
    let mut desk = Desk::new();
    desk.llm.max_retries = 0;
    let (answer, events) = Answer::events();
    desk.fake.on(ASKED, answer);
    script(events);
    failed(desk.write(json!({"text": "words"})).await)
}

fn say(events: &Events, data: &str) {
    events.raw(&format!("data: {data}\n\n"));
}

#[tokio::test]
async fn of_a_broken_stream_nothing_is_kept() {
    let ended = broken(|events| piece(&events, "Once upon")).await;
    assert!(retried(ended).contains("cut off after 9 characters"));
    let sorry = broken(|events| say(&events, r#"{"error":{"message":"overloaded"}}"#)).await;
    assert!(retried(sorry).contains("overloaded"));
    let poor = r#"{"error":{"message":"pay","code":"insufficient_quota"}}"#;
    assert!(fatal(broken(|events| say(&events, poor)).await).contains("pay"));
    let nonsense = broken(|events| say(&events, "<html>")).await;
    assert!(retried(nonsense).contains("<html>"));
}

#[tokio::test]
async fn a_cut_connection_is_tried_again() {
    let mut desk = Desk::new();
    desk.llm.max_retries = 1;
    let (answer, events) = Answer::events();
    desk.fake.on(ASKED, answer).on(ASKED, streamed(&["The end."], "stop"));
    let job = tokio::spawn(run_typed(desk.worker(), desk.bench.context(r#"{"text":"words"}"#)));
    piece(&events, "Once upon\n");
    desk.bench.line("Once upon").await;
    events.cut();
    desk.bench.line_with("the answer broke off").await;
    desk.clock.advance(Duration::from_secs(1));
    let result: Value = job.await.unwrap().unwrap().unwrap().parse().unwrap();
    assert_eq!(result["content"], "The end.");
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_shown() {
    let mut desk = Desk::new();
    desk.llm.max_retries = 0;
    for body in ["<html>gateway</html>".to_owned(), "{}".to_owned(), format!("[{}", "x".repeat(9999))] {
        desk.fake.on(ASKED, Answer::text(200, "text/html", &body));
        let message = retried(failed(desk.write(json!({"text": "words"})).await));
        assert!(message.contains(&body[..body.len().min(200)]) && message.len() < 400, "{message}");
    }
}

#[tokio::test]
async fn nobody_there() {
    let mut desk = Desk::new();
    desk.llm.max_retries = 0;
    desk.llm.base_url = Some("http://user:hunter2@127.0.0.1:1/v1?key=hunter3".parse().unwrap());
    let message = retried(failed(desk.write(json!({"text": "words"})).await));
    assert!(
        message.contains("http://127.0.0.1:1/v1/chat/completions") && !message.contains("hunter"),
        "{message}"
    );
}
