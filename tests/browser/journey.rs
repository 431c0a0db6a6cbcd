//! The way of a job through the pages.

use fantoccini::Locator;
use serde_json::json;

use crate::browser::Browser;
use crate::server::Server;

#[tokio::test]
async fn a_job_is_enqueued_watched_and_done() {
    let (server, browser) = (Server::start(), Browser::start().await);
    browser.go(&server.at("/new?type=count")).await;
    browser.fill("textarea[name=args]", r#"{"n":12345678901234567890123}"#).await;
    browser.fill("input[name=priority]", "2").await;
    browser.click("main form.stack button.primary").await;
    browser.read(".notice", "is enqueued").await;
    browser.js("window.same = true").await;
    browser.until("document.querySelector('.progress progress')?.value === 10").await;
    browser.read("[data-log]", "line 1").await;
    server.pass(1);
    server.pass(2);
    browser.until("document.querySelector('.progress progress').value === 30").await;
    browser.read("[data-message]", "step 3").await;
    browser.read("[data-log]", "line 3").await;
    for n in 3..=10 {
        server.pass(n);
    }
    browser.read(".job-head .badge", "Completed").await;
    browser.read("[data-log]", "line 10").await;
    browser.read(".outcome", "success").await;
    let lines =
        browser.js("return [...document.querySelectorAll('[data-log] div')].map(d => d.textContent)").await;
    let wanted: Vec<String> = (1..=10).map(|n| format!("line {n}")).collect();
    assert_eq!(lines, json!(wanted), "each line once, in order");
    assert_eq!(browser.js("return window.same").await, true, "the page was loaded once");
    browser.read(".json-body", "12345678901234567890123").await;
    browser.close().await;
}

#[tokio::test]
async fn a_running_job_is_cancelled() {
    let (server, browser) = (Server::start(), Browser::start().await);
    let id = server.enqueue(json!({"job_type": "count"})).await;
    browser.go(&server.at(&format!("/jobs/{id}"))).await;
    browser.read(".job-head .badge", "Running").await;
    browser.click(&format!("form[action='/jobs/{id}/cancel'] button")).await;
    browser.read(".job-head .badge", "Cancelled").await;
    assert_eq!(server.job(id).await["state"], "cancelled");
    browser.close().await;
}

#[tokio::test]
async fn dead_letters_are_grouped_and_redriven() {
    let (server, browser) = (Server::start(), Browser::start().await);
    let mut last = 0;
    for n in 0..3 {
        last = server.enqueue(json!({"job_type": "broken", "args": {"n": n}})).await;
        server.until(last, "failed").await;
    }
    browser.go(&server.at("/dead-letters")).await;
    // The errors name different databases, and are one group all the same.
    browser.read(".groups h2", "broken").await;
    assert_eq!(browser.page.find_all(Locator::Css(".groups > li")).await.unwrap().len(), 1);
    browser.read(".groups .count", "3").await;
    browser.click(".groups button[value=retry]").await;
    browser.read("h1", "Retry 3 jobs?").await;
    browser.click("main form button").await;
    browser.read(".notice", "3 jobs get another go").await;
    server.until(last, "failed").await;
    assert_eq!(server.job(last).await["attempt"], 2);
    browser.close().await;
}

#[tokio::test]
async fn wrong_fields_are_named_where_they_are() {
    let (server, browser) = (Server::start(), Browser::start().await);
    browser.go(&server.at("/new?type=sleep")).await;
    browser.fill("input[name='args.secs']", "a while").await;
    browser.fill("input[name=depends_on]", "x").await;
    browser.click("main form.stack button.primary").await;
    browser.read("[role=alert]", "2 fields").await;
    browser.read(".fault", "must be a number").await;
    let kept = browser.js("return document.querySelector(\"[name='args.secs']\").value").await;
    assert_eq!(kept, "a while");
    browser.close().await;
}

#[tokio::test]
async fn a_page_that_is_hidden_for_a_minute_pauses() {
    const HIDE: &str = "const later = window.setTimeout;
        window.setTimeout = (then, ms) => later(then, ms === 60000 ? 0 : ms);
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
        document.dispatchEvent(new Event('visibilitychange'))";
    let (server, browser) = (Server::start(), Browser::start().await);
    browser.go(&server.at("/")).await;
    browser.read("[data-live-note]", "Live").await;
    browser.js(HIDE).await;
    browser.read("[data-live-note]", "Paused while hidden").await;
    server.enqueue(json!({"job_type": "count"})).await;
    browser.js("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))").await;
    browser.read("[data-live-note]", "Live").await;
    browser.read(".workers", "count").await;
    browser.close().await;
}

#[tokio::test]
async fn what_a_job_gives_back_is_shown_when_it_ends() {
    let (server, browser) = (Server::start(), Browser::start().await);
    let id = server.enqueue(json!({"job_type": "count"})).await;
    browser.go(&server.at(&format!("/jobs/{id}"))).await;
    browser.read("[data-live-note]", "Live").await;
    for n in 1..=10 {
        server.pass(n);
    }
    browser.read("[data-live=result]", "\"counted\"").await;
    browser.see("[data-live=timeline] rect[data-state=running]").await;
    browser.until("document.querySelector('[data-live=change] details') === null").await;
    browser.close().await;
}

#[tokio::test]
async fn the_server_is_lost_and_regained() {
    let (mut server, browser) = (Server::start(), Browser::start().await);
    browser.go(&server.at("/")).await;
    browser.read("[data-live-note]", "Live").await;
    server.kill();
    browser.read("[data-live-note]", "reconnecting").await;
    server.restart();
    browser.read("[data-live-note]", "Live").await;
    server.enqueue(json!({"job_type": "count"})).await;
    browser.read(".workers", "count").await;
    browser.close().await;
}
