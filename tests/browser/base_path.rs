//! Beneath a path, live.

use serde_json::json;

use crate::browser::Browser;
use crate::server::Server;

#[tokio::test]
async fn pages_are_live_beneath_a_path() {
    let (server, browser) = (Server::beneath("/our/board"), Browser::start().await);
    assert!(server.url.ends_with("/our/board"), "{}", server.url);
    browser.go(&server.at("/new?type=count")).await;
    browser.click("main form.stack button.primary").await;
    browser.read(".notice", "is enqueued").await;
    browser.js("window.same = true").await;
    // Over the WebSocket and, for the log, the API.
    for n in 1..=3 {
        server.pass(n);
    }
    browser.until("document.querySelector('.progress progress')?.value === 40").await;
    browser.read("[data-log]", "line 4").await;
    assert_eq!(browser.js("return window.same").await, true, "the page was loaded once");
    browser.click("form[action='/our/board/jobs/1/cancel'] button").await;
    browser.read(".job-head .badge", "Cancelled").await;
    browser.click("button[value=dark]").await;
    browser.until("document.documentElement.dataset.theme === 'dark'").await;
    browser.click("nav a[href='/our/board/schedules']").await;
    browser.until("document.body.dataset.page === 'schedules'").await;
    browser.until("document.documentElement.dataset.theme === 'dark'").await;
    // `/` on a page without a search leads to the one that has it.
    browser.keys("/").await;
    browser.until("location.pathname === '/our/board/jobs'").await;
    assert_eq!(server.job(1).await["state"], json!("cancelled"));
    browser.close().await;
}
