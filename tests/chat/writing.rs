//! Answers that come, whole or piece by piece.

use callboard::config::TokenLimitField;
use callboard::logs::Stream;
use callboard::workers::{Availability, Failure, Worker};
use serde_json::json;

use crate::bench::{ASKED, Desk, KEY, SHORTLY, finish, piece, streamed, whole};
use crate::support::{fatal, retried};

#[tokio::test]
async fn a_streamed_answer_is_kept_and_shown_while_it_is_written() {
    let mut desk = Desk::new();
    let (answer, events) = crate::fake::Answer::events();
    desk.fake.on(ASKED, answer);
    let job = tokio::spawn({
        let (worker, ctx) =
            (desk.worker(), desk.bench.context(r#"{"prompt":"plain","text":"words","title":"T"}"#));
        crate::support::run_typed(worker, ctx)
    });
    piece(&events, "Grüße ");
    piece(&events, "aus\n");
    desk.bench.line("Grüße aus").await;
    piece(&events, "dem Tal");
    finish(&events, "stop");
    let result = job.await.unwrap().unwrap();
    let result: serde_json::Value = result.unwrap().parse().unwrap();
    assert_eq!(result["content"], "Grüße aus\ndem Tal");
    assert_eq!(result["finish_reason"], "stop");
    assert_eq!(result["tokens"], json!({"prompt": 5, "completion": 3, "estimated": false}));
    assert_eq!((&result["calls"], &result["model"]), (&json!(1), &json!("tiny")));
    let steps = desk.bench.steps();
    assert!(steps.len() >= 3 && steps.last().unwrap().percent == 100.0, "{steps:?}");
    assert!(steps.is_sorted_by_key(|step| step.processed), "{steps:?}");
    assert_eq!(desk.bench.read(Stream::Stdout), "Grüße aus\ndem Tal\n");
}

#[tokio::test]
async fn only_what_is_configured_is_sent() {
    let mut desk = Desk::new();
    desk.fake.on(ASKED, streamed(&["x"], "stop")).on(ASKED, whole("y", "stop"));
    desk.write(json!({"prompt": "plain", "text": "words {title}", "title": "T", "language": "fr"}))
        .await
        .unwrap();
    let request = desk.fake.request();
    assert_eq!(request.token.as_deref(), Some(format!("Bearer {KEY}").as_str()));
    let messages = json!([{"role": "system", "content": "be brief"}, {"role": "user", "content": "T/fr: words {title}"}]);
    assert_eq!(request.json(), json!({"model": "tiny", "messages": messages, "stream": true}));

    desk.llm.api_key_file = None;
    desk.llm.stream = false;
    desk.llm.temperature = Some(0.5);
    desk.llm.max_output_tokens = Some(100);
    desk.llm.token_limit_field = TokenLimitField::MaxCompletionTokens;
    desk.llm.response_format = Some("json_object".into());
    let result = desk.write(json!({"prompt": "plain", "text": "w", "max_output_tokens": 9})).await.unwrap();
    let request = desk.fake.request();
    assert_eq!(request.token, None);
    let mut body = request.json();
    body.as_object_mut().unwrap().remove("messages");
    let expected = json!({"model": "tiny", "stream": false, "temperature": 0.5, "max_completion_tokens": 9,
        "response_format": {"type": "json_object"}});
    assert_eq!(body, expected);
    assert_eq!(result["tokens"], json!({"prompt": 11, "completion": 7, "estimated": false}));
}

#[tokio::test]
async fn an_endpoint_may_take_no_notice_of_stream() {
    let desk = Desk::new();
    desk.fake.on(ASKED, whole("all at once", "stop"));
    assert_eq!(desk.write(json!({"text": "words"})).await.unwrap()["content"], "all at once");
    assert_eq!(desk.bench.read(Stream::Stdout), "all at once\n");
}

#[tokio::test]
async fn captions_are_read_as_what_was_said() {
    let desk = Desk::new();
    desk.fake.on(ASKED, whole("fine", "stop"));
    let captions = "WEBVTT\n\n00:00.000 --> 00:01.000\n<c>Hello</c>\n\n00:01.000 --> 00:02.000\nworld\n";
    desk.write(json!({"prompt": "plain", "text": captions, "title": "T", "language": "l"})).await.unwrap();
    let messages = desk.fake.request().json();
    assert_eq!(messages["messages"][1]["content"], "T/l: Hello\nworld");
}

#[tokio::test]
async fn an_answer_that_was_cut_off_fails_unless_it_may() {
    let desk = Desk::new();
    desk.fake.on(ASKED, whole("half of", "length")).on(ASKED, whole("half of", "length"));
    let message = fatal(desk.write(json!({"text": "words"})).await.map(|_| None));
    assert!(message.contains("llm.max_output_tokens") && message.contains("args.accept_cut"), "{message}");
    let result = desk.write(json!({"text": "words", "accept_cut": true})).await.unwrap();
    assert_eq!((&result["content"], &result["finish_reason"]), (&json!("half of"), &json!("length")));
}

#[tokio::test]
async fn an_empty_answer_is_none() {
    let desk = Desk::new();
    desk.fake.on(ASKED, streamed(&[], "stop"));
    assert!(retried(desk.write(json!({"text": "words"})).await.map(|_| None)).contains("wrote nothing"));
    let message = fatal(desk.write(json!({"text": " \n"})).await.map(|_| None));
    assert!(message.contains("the text is empty"), "{message}");
}

#[tokio::test]
async fn cancel_stops_it_in_the_middle() {
    let mut desk = Desk::new();
    let (answer, events) = crate::fake::Answer::events();
    desk.fake.on(ASKED, answer);
    let job =
        tokio::spawn(crate::support::run_typed(desk.worker(), desk.bench.context(r#"{"text":"words"}"#)));
    piece(&events, "Once upon\n");
    desk.bench.line("Once upon").await;
    desk.bench.cancel.cancel();
    assert_eq!(job.await.unwrap(), Err(Failure::Cancelled));
}

#[tokio::test]
async fn silence_is_not_waited_out_for_ever() {
    let mut desk = Desk::new();
    desk.llm.idle_timeout = SHORTLY;
    desk.llm.max_retries = 0;
    let (answer, _events) = crate::fake::Answer::events();
    desk.fake.on(ASKED, answer);
    let message = retried(desk.write(json!({"text": "words"})).await.map(|_| None));
    assert!(message.contains("said nothing for 0.05 s"), "{message}");
}

#[test]
fn it_says_what_is_missing() {
    let mut desk = Desk::new();
    assert_eq!(desk.worker().availability(), Availability::Available);
    let unavailable = |desk: &Desk| match desk.worker().availability() {
        Availability::Unavailable(why) => why,
        Availability::Available => panic!("can be asked"),
    };
    desk.llm.api_key_file = Some(desk.root().join("no-such-key"));
    assert!(unavailable(&desk).contains("llm.api_key_file"), "{}", unavailable(&desk));
    desk.llm.api_key_env = Some("CALLBOARD_TEST_NOT_SET".into());
    assert!(unavailable(&desk).contains("CALLBOARD_TEST_NOT_SET"), "{}", unavailable(&desk));
    desk.llm.base_url = None;
    assert!(unavailable(&desk).contains("set llm.base_url"), "{}", unavailable(&desk));
}

#[test]
fn wrong_args_are_named() {
    let desk = Desk::new();
    for (args, field, why) in [
        (json!({"prompt": "nope"}), "args.prompt", "plain, summary"),
        (json!({"text": "x", "file": "y"}), "args.file", "together"),
        (json!({"file": "/etc/passwd"}), "args.file", "texts.roots"),
        (json!({"file": "../x"}), "args.file", "texts.roots"),
        (json!({"output": "x.md"}), "args.output", "texts.output_root"),
        (json!({"max_output_tokens": 0}), "args.max_output_tokens", "at least 1"),
        (json!({"max_output_tokens": -1}), "args.max_output_tokens", "invalid value"),
        (json!({"promt": "x"}), "args.promt", "unknown field"),
    ] {
        let faults = desk.faults(&args);
        assert!(
            faults.len() == 1 && faults[0].starts_with(field) && faults[0].contains(why),
            "{args}: {faults:?}"
        );
    }
    assert_eq!(desk.faults(&json!({"prompt": "summary", "file": "a/b.vtt"})), Vec::<String>::new());
}
