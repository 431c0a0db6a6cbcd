//! Lists: filters, selections, actions on many jobs.

use serde_json::json;

use crate::browser::Browser;
use crate::server::Server;

fn later(n: i64, tag: &str) -> serde_json::Value {
    json!({"job_type": "noop", "args": {"n": n}, "tags": [tag], "run_at": "2999-01-01T00:00:00Z"})
}

#[tokio::test]
async fn filters_are_chips_that_can_be_taken_away() {
    let (server, browser) = (Server::start(), Browser::start().await);
    server
        .enqueue_many((0..5).map(|n| later(n, "red")).chain((0..3).map(|n| later(n, "blue"))).collect())
        .await;
    browser.go(&server.at("/jobs")).await;
    browser.until("document.querySelectorAll('table.jobs tbody tr').length === 8").await;
    browser.click(".filters summary").await;
    browser.fill(".filters input[name=tag]", "blue").await;
    browser.click(".filters > button").await;
    browser.until("document.querySelectorAll('table.jobs tbody tr').length === 3").await;
    browser.read(".chips", "blue").await;
    browser.click(".chips a").await;
    browser.until("document.querySelectorAll('table.jobs tbody tr').length === 8").await;
    browser.close().await;
}

#[tokio::test]
async fn all_that_match_are_cancelled_after_a_question() {
    let (server, browser) = (Server::start(), Browser::start().await);
    server
        .enqueue_many((0..70).map(|n| later(n, "red")).chain((0..4).map(|n| later(n, "blue"))).collect())
        .await;
    browser.go(&server.at("/jobs?tag=red")).await;
    browser.click("[data-all]").await;
    browser.click(".bulk button[value=cancel]").await;
    browser.read("h1", "Cancel 70 jobs?").await;
    browser.click("main form button").await;
    browser.read(".notice", "70 jobs were cancelled").await;
    browser.go(&server.at("/jobs?state=scheduled")).await;
    browser.until("document.querySelectorAll('table.jobs tbody tr').length === 4").await;
    browser.close().await;
}

#[tokio::test]
async fn selected_rows_are_deleted() {
    let (server, browser) = (Server::start(), Browser::start().await);
    for n in 0..3 {
        let id = server.enqueue(json!({"job_type": "noop", "args": {"n": n}})).await;
        server.until(id, "completed").await;
    }
    browser.go(&server.at("/jobs")).await;
    assert_eq!(browser.js("return document.querySelector('.bulk button').disabled").await, true);
    browser.click("input[name=id][value='1']").await;
    browser.click("input[name=id][value='3']").await;
    browser.read("[data-selected]", "2 selected").await;
    browser.click(".bulk button[value=delete]").await;
    browser.read("h1", "Delete 2 jobs?").await;
    browser.click("main form button").await;
    browser.until("document.querySelectorAll('table.jobs tbody tr').length === 1").await;
    browser.read("table.jobs", "#2").await;
    browser.close().await;
}

#[tokio::test]
async fn new_jobs_announce_themselves_and_rows_keep_up() {
    let (server, browser) = (Server::start(), Browser::start().await);
    let first = server.enqueue(json!({"job_type": "count"})).await;
    browser.go(&server.at("/jobs")).await;
    browser.read("table.jobs .badge", "Running").await;
    browser.read("[data-live-note]", "Live").await;
    server.enqueue(later(1, "red")).await;
    server.enqueue(later(2, "red")).await;
    browser.read("[data-fresh]", "Show 2 new").await;
    for n in 1..=10 {
        server.pass(n);
    }
    server.until(first, "completed").await;
    browser.read("table.jobs .badge", "Completed").await;
    assert_eq!(browser.js("return document.querySelectorAll('table.jobs tbody tr').length").await, 1);
    browser.click("[data-fresh] a").await;
    browser.until("document.querySelectorAll('table.jobs tbody tr').length === 3").await;
    browser.close().await;
}

#[tokio::test]
async fn a_job_type_is_paused_and_limited() {
    let (server, browser) = (Server::start(), Browser::start().await);
    browser.go(&server.at("/types")).await;
    browser.click("form[action='/types/noop/pause'] button").await;
    browser.read("#type-noop .badge", "Paused").await;
    let id = server.enqueue(json!({"job_type": "noop"})).await;
    browser.go(&server.at(&format!("/jobs/{id}"))).await;
    browser.read(".waiting", "The job type noop is paused").await;
    browser.go(&server.at("/types")).await;
    browser.click("#type-noop summary").await;
    browser.fill("#type-noop input[name=concurrency]", "7").await;
    browser.click("#type-noop details button").await;
    browser.read("#type-noop .gauge b", "0 / 7").await;
    browser.click("form[action='/types/noop/resume'] button").await;
    server.until(id, "completed").await;
    browser.close().await;
}
