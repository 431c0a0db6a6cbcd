//! Texts that are too long for one call.

use serde_json::{Value, json};

use crate::bench::{ASKED, Desk, whole};
use crate::support::fatal;

fn sentences(n: usize) -> String {
    (0..n).map(|i| format!("This is sentence number {i}. ")).collect()
}

fn prompts(desk: &Desk, calls: usize) -> Vec<String> {
    let text = |body: &Value| body["messages"][0]["content"].as_str().unwrap().to_owned();
    (0..calls).map(|_| text(&desk.fake.request().json())).collect()
}

#[tokio::test]
async fn parts_are_summarised_and_the_summaries_joined() {
    let mut desk = Desk::new();
    desk.llm.max_input_chars = 1000;
    let text = sentences(90);
    for summary in ["first part", "second part", "third part", "the whole"] {
        desk.fake.on(ASKED, whole(summary, "stop"));
    }
    let result = desk.write(json!({"text": text, "title": "T", "max_output_tokens": 5})).await.unwrap();
    assert_eq!((&result["content"], &result["calls"]), (&json!("the whole"), &json!(4)));
    assert_eq!(result["tokens"]["prompt"], 44);
    let asked = prompts(&desk, 4);
    assert!(asked[..3].iter().all(|prompt| prompt.starts_with("Below is one part of a longer transcript")));
    assert!(asked[0].contains("number 0. ") && asked[2].contains("number 89."), "{asked:?}");
    assert!(asked[3].ends_with("first part\n\nsecond part\n\nthird part"), "{}", asked[3]);
    let percents: Vec<f64> = desk.bench.steps().iter().map(|step| step.percent).collect();
    assert!(percents.is_sorted() && percents.contains(&25.0) && percents.contains(&75.0), "{percents:?}");
}

#[tokio::test]
async fn summaries_that_stay_long_are_not_summarised_for_ever() {
    let mut desk = Desk::new();
    desk.llm.max_input_chars = 1000;
    for _ in 0..20 {
        desk.fake.on(ASKED, whole(&sentences(30), "stop"));
    }
    let message = fatal(desk.write(json!({"text": sentences(60)})).await.map(|_| None));
    assert!(message.contains("do not get shorter"), "{message}");
}

#[tokio::test]
async fn the_budget_holds() {
    let mut desk = Desk::new();
    desk.llm.max_input_chars = 1000;
    desk.llm.max_tokens_per_job = Some(310);
    desk.fake.on(ASKED, whole("first part", "stop")).on(ASKED, whole("second part", "stop"));
    let message = fatal(desk.write(json!({"text": sentences(90)})).await.map(|_| None));
    assert!(message.contains("llm.max_tokens_per_job is 310") && message.contains("after 1 of"), "{message}");
    assert_eq!(desk.fake.lines().len(), 1);
}

#[tokio::test]
async fn a_text_without_end_is_refused_before_it_costs_anything() {
    let mut desk = Desk::new();
    desk.llm.max_input_chars = 1000;
    let message = fatal(desk.write(json!({"text": "x".repeat(1_002_000)})).await.map(|_| None));
    assert!(message.contains("at most 1000 are taken"), "{message}");
    assert!(desk.fake.lines().is_empty());
}
