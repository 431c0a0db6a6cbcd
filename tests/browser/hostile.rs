//! What jobs bring with them may be written by anybody: nothing of it acts.

use serde_json::json;

use crate::browser::Browser;
use crate::server::Server;

#[tokio::test]
async fn markup_and_escapes_are_shown_and_do_nothing() {
    let (server, browser) = (Server::start(), Browser::start().await);
    let markup = "\"><img src=x onerror=window.pwned=4><script>window.pwned=5</script>";
    let id = server
        .enqueue(json!({
            "job_type": "hostile", "target_id": markup, "tags": ["<b>", "</title>"], "metadata": {markup: markup},
            "args": {markup: [markup, {"</textarea>": "</script>"}]}, "queue": "q",
        }))
        .await;
    server.until(id, "failed").await;
    let job = format!("/jobs/{id}");
    let (stderr, again) = (format!("{job}?stream=stderr"), format!("/new?from={id}"));
    let found = "/jobs?q=%22%3E%3Cimg";
    for path in ["/", "/jobs", found, "/dead-letters", "/types", "/nodes", &job, &stderr, &again] {
        browser.go(&server.at(path)).await;
        browser.see("main").await;
        let planted = browser
            .js("return document.querySelectorAll('main img, main script, body > script').length")
            .await;
        assert_eq!(planted, 0, "{path}");
        assert_eq!(browser.js("return window.pwned ?? null").await, json!(null), "{path}");
        assert_ne!(browser.page.title().await.unwrap(), "title");
    }
    browser.go(&server.at(&format!("{job}?stream=stdout"))).await;
    browser.read("[data-log]", "red <img src=x onerror=window.pwned=2>").await;
    let longest =
        "return Math.max(...[...document.querySelectorAll('[data-log] div')].map(d => d.textContent.length))";
    let longest = browser.js(longest).await.as_i64().unwrap();
    assert!((1000..5000).contains(&longest), "{longest}");
    // However high that line turns out to be, the end of the log is in view.
    let at_the_end = "(log => log.scrollTop > 0 && log.scrollHeight - log.scrollTop - log.clientHeight < 2)";
    browser.until(&format!("{at_the_end}(document.querySelector('[data-log]'))")).await;
    browser.read(".json-body", "onerror=window.pwned=4").await;
    browser.close().await;
}

#[tokio::test]
async fn scripts_that_are_not_ours_do_not_run() {
    let (server, browser) = (Server::start(), Browser::start().await);
    browser.go(&server.at("/")).await;
    let script = "const s = document.createElement('script'); s.textContent = 'window.pwned = 1';
        document.body.append(s); return window.pwned ?? null";
    assert_eq!(browser.js(script).await, json!(null));
    browser.close().await;
}
