//! What the program says reaches a visitor in their own language.

use serde_json::json;

use crate::browser::Browser;
use crate::server::Server;

/// Sentences that are shown and have no Cyrillic letter.
const FOREIGN: &str = "return [...document.querySelectorAll(arguments0)].map(e => e.innerText)
    .filter(text => !/[а-я]/i.test(text))";

async fn foreign(browser: &Browser, selector: &str) -> serde_json::Value {
    browser.js(&FOREIGN.replace("arguments0", &format!("{selector:?}"))).await
}

#[tokio::test]
async fn faults_in_a_form_are_told_in_russian() {
    let (server, browser) = (Server::start(), Browser::speaking("ru").await);
    browser.go(&server.at("/new?type=sleep")).await;
    browser.fill("input[name='args.secs']", "долго").await;
    browser.fill("input[name=depends_on]", "x").await;
    browser.fill("input[name=queue]", "не то").await;
    browser.click("main form.stack button.primary").await;
    browser.read("[role=alert]", "3").await;
    browser.read(".fault", "должно быть числом").await;
    assert_eq!(foreign(&browser, ".fault").await, json!([]));
    browser.go(&server.at("/new?type=noop&json=1")).await;
    browser.fill("textarea[name=args]", "{").await;
    browser.click("main form.stack button.primary").await;
    browser.read(".fault", "объект не закончен: строка 1, столбец 1").await;
    browser.close().await;
}

#[tokio::test]
async fn why_a_job_waits_is_told_in_russian() {
    let (server, browser) = (Server::start(), Browser::speaking("ru").await);
    let later = server.enqueue(json!({"job_type": "noop", "run_at": "2999-01-01T00:00:00Z"})).await;
    let child = server.enqueue(json!({"job_type": "noop", "depends_on": [later]})).await;
    browser.go(&server.at(&format!("/jobs/{later}"))).await;
    browser.read(".waiting", "Может начаться через").await;
    browser.go(&server.at(&format!("/jobs/{child}"))).await;
    browser.read(".waiting", "Ждёт другие задания").await;
    browser.read(".waiting a", &format!("#{later}")).await;
    browser.close().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_told_in_russian() {
    let (server, browser) = (Server::start(), Browser::speaking("ru").await);
    let id = server.enqueue(json!({"job_type": "noop", "run_at": "2999-01-01T00:00:00Z"})).await;
    for (path, sentence) in [
        ("/jobs/999", "Нет задания 999"),
        ("/nothing", "ничего нет"),
        ("/jobs?stat=failed", "здесь нет такого параметра"),
    ] {
        browser.go(&server.at(path)).await;
        browser.read(".problem", sentence).await;
    }
    // Somebody else has cancelled it meanwhile.
    browser.go(&server.at(&format!("/jobs/{id}"))).await;
    browser.read("[data-live-note]", "На связи").await;
    browser.js("window.WebSocket = null; window.fetch = () => Promise.reject()").await;
    server.cancel(id).await;
    browser.js("document.querySelector(\"form[action$='/cancel']\").submit()").await;
    browser.read(".problem", "нельзя отменить").await;
    browser.click(".problem a.primary").await;
    browser.read(".job-head .badge", "Отменено").await;
    browser.close().await;
}
