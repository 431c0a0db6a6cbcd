//! The pages without scripts: everything is read, and every action is a form.

use serde_json::json;

use crate::browser::Browser;
use crate::server::Server;

#[tokio::test]
async fn a_job_lives_its_life_by_forms_alone() {
    let (server, browser) = (Server::start(), Browser::without_scripts().await);
    browser.go(&server.at("/new?type=count")).await;
    browser.fill("textarea[name=args]", r#"{"n":1}"#).await;
    browser.click("main form.stack button.primary").await;
    browser.shows("main", "is enqueued").await;
    server.until(1, "running").await;
    browser.go(&server.at("/jobs/1")).await;
    browser.shows(".job-head .badge", "Running").await;
    browser.click("form[action='/jobs/1/cancel'] button").await;
    server.until(1, "cancelled").await;
    browser.go(&server.at("/jobs/1?stream=stdout")).await;
    browser.shows(".job-head .badge", "Cancelled").await;
    browser.shows("[data-log]", "line 1").await;

    browser.go(&server.at("/new?from=1")).await;
    browser.fill("input[name=run_at]", "").await;
    browser.click("main form.stack button.primary").await;
    browser.shows("main", "Job 2 is enqueued").await;
    browser.close().await;
}

#[tokio::test]
async fn a_job_that_waits_is_changed() {
    let (server, browser) = (Server::start(), Browser::without_scripts().await);
    let id = server.enqueue(json!({"job_type": "noop", "run_at": "2999-01-01T00:00:00Z"})).await;
    browser.go(&server.at(&format!("/jobs/{id}"))).await;
    browser.shows(".waiting", "Waits for its time").await;
    browser.click("details.panel summary").await;
    browser.fill("details.panel input[name=priority]", "1").await;
    browser.click("details.panel button.primary").await;
    browser.shows(".notice", "is changed").await;
    assert_eq!(server.job(id).await["priority"], 1);
    browser.close().await;
}

#[tokio::test]
async fn groups_types_and_many_jobs_are_acted_on() {
    let (server, browser) = (Server::start(), Browser::without_scripts().await);
    let broken = server.enqueue(json!({"job_type": "broken"})).await;
    server.until(broken, "failed").await;
    browser.go(&server.at("/dead-letters")).await;
    browser.click(".groups button[value=delete]").await;
    browser.shows("h1", "Delete 1 job?").await;
    browser.click("main form button").await;
    browser.shows(".notice", "1 job is deleted").await;

    browser.go(&server.at("/types")).await;
    browser.click("form[action='/types/noop/pause'] button").await;
    browser.shows("#type-noop .badge", "Paused").await;
    server.enqueue_many((0..3).map(|n| json!({"job_type": "noop", "args": {"n": n}})).collect()).await;
    browser.go(&server.at("/jobs?state=pending")).await;
    browser.click("[data-all]").await;
    browser.click(".bulk button[value=cancel]").await;
    browser.shows("h1", "Cancel 3 jobs?").await;
    browser.click("main form button").await;
    browser.shows(".notice", "3 jobs were cancelled").await;
    browser.close().await;
}

#[tokio::test]
async fn theme_and_language_are_forms_too() {
    let (server, browser) = (Server::start(), Browser::without_scripts().await);
    browser.go(&server.at("/")).await;
    browser.click("button[name=theme][value=dark]").await;
    browser.finds("html[data-theme=dark]").await;
    browser.go(&server.at("/settings")).await;
    browser.click("[name=language] option[value=ru]").await;
    browser.click("main form button").await;
    browser.shows("h1", "Настройки").await;
    browser.close().await;
}
