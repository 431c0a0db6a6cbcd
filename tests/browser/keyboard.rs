//! The pages by keyboard, and a visitor's choices.

use serde_json::json;

use crate::browser::Browser;
use crate::server::Server;

#[tokio::test]
async fn rows_are_walked_selected_and_opened() {
    let (server, browser) = (Server::start(), Browser::start().await);
    for n in 0..3 {
        server.enqueue(json!({"job_type": "noop", "args": {"n": n}, "run_at": "2999-01-01T00:00:00Z"})).await;
    }
    browser.go(&server.at("/jobs")).await;
    browser.see("table.jobs").await;
    browser.keys("jjx").await;
    browser.until("document.querySelector('tr[data-cursor]').dataset.job === '2'").await;
    browser.until("document.querySelector('input[value=\"2\"]').checked").await;
    browser.keys("k").await;
    browser.until("document.querySelector('tr[data-cursor]').dataset.job === '3'").await;
    browser.keys("/").await;
    browser.until("document.activeElement.name === 'q'").await;
    browser.js("document.activeElement.blur()").await;
    browser.keys("?").await;
    browser.until("document.querySelector('dialog').open").await;
    browser.read("dialog", "Next and previous row").await;
    browser.close().await;
}

#[tokio::test]
async fn theme_and_language_are_chosen_and_kept() {
    let (server, browser) = (Server::start(), Browser::speaking("ru").await);
    browser.go(&server.at("/")).await;
    browser.read("h1", "Обзор").await;
    browser.click("button[name=theme][value=dark]").await;
    browser.until("getComputedStyle(document.body).backgroundColor === 'rgb(20, 23, 26)'").await;
    browser.go(&server.at("/settings")).await;
    browser.until("document.documentElement.dataset.theme === 'dark'").await;
    browser.js("document.querySelector('[name=language]').value = 'en'").await;
    browser.fill("[name=zone]", "Asia/Tokyo").await;
    browser.click("main form button").await;
    browser.read("h1", "Settings").await;
    browser.read(".notice", "kept in this browser").await;
    let id = server.enqueue(json!({"job_type": "noop", "run_at": "2999-01-01T00:00:00Z"})).await;
    browser.go(&server.at(&format!("/jobs/{id}"))).await;
    browser.until("document.querySelector('.life li:nth-child(2) time').title.includes('9:00')").await;
    browser.close().await;
}
