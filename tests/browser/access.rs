//! Pages for everybody: no serious finding of axe-core, and room on a phone.

use serde_json::{Value, json};

use crate::browser::{Browser, axe};
use crate::server::Server;

const PAGES: [&str; 25] = [
    "/",
    "/?range=1d",
    "/jobs",
    "/jobs?state=failed&tag=x&created_after=2020-01-01T00:00:00Z",
    "/jobs/1",
    "/jobs/2",
    "/jobs/3",
    "/dead-letters",
    "/types",
    "/new?type=sleep",
    "/new?from=1",
    "/nodes",
    "/settings",
    "/nothing",
    "/jobs?stat=failed",
    "/schedules",
    "/schedules/a-very-long-very-long-very-long-very-long-very-long-very-long-very-long-very-long-very-long-name",
    "/schedules/a-very-long-very-long-very-long-very-long-very-long-very-long-very-long-very-long-very-long-name/edit",
    "/schedules/new",
    "/workflows",
    "/workflows?state=failed",
    "/workflows/1",
    "/audit",
    "/docs",
    "/audit?who=nobody&what=job.cancel&object=jobs/1&since=2020-01-01T00:00:00Z",
];

/// As long as a name may be.
const SCHEDULE: &str =
    "a-very-long-very-long-very-long-very-long-very-long-very-long-very-long-very-long-very-long-name";

async fn server_with_jobs() -> Server {
    let server = Server::start();
    let failed = server
        .enqueue(json!({
            "job_type": "broken", "target_id": "x".repeat(255), "queue": "q".repeat(90),
            "tags": (0..20).map(|n| format!("tag-{n}-{}", "y".repeat(50))).collect::<Vec<_>>(),
            "args": {"path": "/".repeat(500), "list": [1, 2, {"deep": true}]},
        }))
        .await;
    server.until(failed, "failed").await;
    server.enqueue(json!({"job_type": "count"})).await;
    server.enqueue(json!({"job_type": "noop", "depends_on": [2]})).await;
    server.enqueue(json!({"job_type": "noop", "run_at": "2999-01-01T00:00:00Z"})).await;
    let schedule = json!({
        "name": SCHEDULE, "job_type": "noop", "cron": "*/15 9-17 1,15 JAN-JUN,DEC MON-FRI", "timezone": "America/Argentina/Buenos_Aires",
    });
    server.schedule(&schedule).await;
    let job = |name: &str, job_type: &str| json!({"name": name, "job_type": job_type});
    let after =
        |name: &str, parents: &[&str]| json!({"name": name, "job_type": "noop", "depends_on": parents});
    let long = "n".repeat(100);
    let nodes = json!([
        job(&long, "broken"),
        job("fetch", "count"),
        after("cut", &["fetch"]),
        after("all", &["fetch", "cut", &long]),
    ]);
    let workflow = server.workflow(json!({"name": "w".repeat(200), "jobs": nodes})).await;
    assert_eq!(workflow["id"], 1);
    server.until(workflow["jobs"][0]["id"].as_i64().unwrap(), "failed").await;
    server
}

#[tokio::test]
async fn axe_finds_nothing_serious() {
    let (server, browser) = (server_with_jobs().await, Browser::start().await);
    let axe = axe();
    let mut found = Vec::new();
    for theme in ["light", "dark"] {
        for path in PAGES {
            browser.go(&server.at(path)).await;
            browser.js(&format!("document.documentElement.dataset.theme = {theme:?}")).await;
            found.extend(findings(&browser, &axe).await.into_iter().map(|f| format!("{path} {theme}: {f}")));
        }
        browser.go(&server.at("/dead-letters")).await;
        browser.click(".groups button[value=delete]").await;
        browser.read("h1", "Delete 2 jobs?").await;
        browser.js(&format!("document.documentElement.dataset.theme = {theme:?}")).await;
        found.extend(findings(&browser, &axe).await.into_iter().map(|f| format!("question {theme}: {f}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    browser.close().await;
}

async fn findings(browser: &Browser, axe: &str) -> Vec<String> {
    let script = "const done = arguments[arguments.length - 1];
        axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
            .then(r => done(r.violations), e => done([{ id: String(e), impact: 'serious', nodes: [] }]));";
    browser.js(axe).await;
    let violations = browser.page.execute_async(script, vec![]).await.unwrap();
    let serious = |v: &&Value| matches!(v["impact"].as_str(), Some("serious" | "critical"));
    let said =
        |v: &Value| format!("{} {} {}", v["id"], v["nodes"][0]["html"], v["nodes"][0]["failureSummary"]);
    violations.as_array().unwrap().iter().filter(serious).map(said).collect()
}

#[tokio::test]
async fn nothing_sticks_out_at_360_pixels() {
    let server = server_with_jobs().await;
    for language in ["en", "ru"] {
        nothing_sticks_out(&server, language).await;
    }
}

async fn nothing_sticks_out(server: &Server, language: &str) {
    let browser = Browser::speaking(language).await;
    for width in [360, 768] {
        browser.narrow(width).await;
        for path in PAGES {
            browser.go(&server.at(path)).await;
            browser.see("main").await;
            let over = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(browser.js(over).await, 0, "{path} at {width} in {language}");
        }
    }
    browser.close().await;
}

#[tokio::test]
async fn the_way_in_is_for_everybody() {
    // The SHA-256 of "sesame".
    let hash = "d0c04f4b1951e4aeaaec8223ed2039e542f3aae805a6fa7f6d794e5afff5d272";
    let server = Server::with(&format!(
        "[[auth.tokens]]\nname = \"ann\"\nrole = \"admin\"\ntoken_sha256 = \"{hash}\"\n"
    ));
    let (browser, axe) = (Browser::start().await, axe());
    browser.narrow(360).await;
    browser.go(&server.at("/audit")).await;
    browser.see("input[name=token]").await;
    let mut found = Vec::new();
    for token in ["wrong", "sesame"] {
        for theme in ["light", "dark"] {
            browser.js(&format!("document.documentElement.dataset.theme = {theme:?}")).await;
            found.extend(
                findings(&browser, &axe).await.into_iter().map(|f| format!("before {token} {theme}: {f}")),
            );
            let over = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(browser.js(over).await, 0, "before {token} in {theme}");
        }
        browser.fill("input[name=token]", token).await;
        browser.click("main form button").await;
        browser.see(if token == "wrong" { "#login-wrong" } else { ".audit-filters" }).await;
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(browser.js("return location.pathname").await, "/audit");
    browser.close().await;
}
