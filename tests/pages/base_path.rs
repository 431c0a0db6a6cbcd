//! Beneath a path: everything works, and nothing leads out of it.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION, REFERER, SET_COOKIE};
use serde_json::json;
use tokio_tungstenite::connect_async;

use crate::server::{Server, text};

const CONFIG: &str = r#"
base_path = "/our/board/"
[job_types.broken]
command = ["sh", "-c", "echo no >&2; exit 65"]
"#;
const BASE: &str = "/our/board";

/// The places that a page names: of links, forms, styles, scripts and pictures.
fn places(html: &str) -> Vec<String> {
    let starts = [" href=\"", " action=\"", " src=\"", " formaction=\""];
    let found = starts.iter().flat_map(|start| html.split(start).skip(1));
    found.map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")).collect()
}

/// A server beneath a path, with something on every page.
async fn furnished() -> Server {
    let server = Server::start(CONFIG);
    assert!(server.url.ends_with(BASE), "{}", server.url);
    for tag in ["a", "b & c"] {
        server.enqueue(json!({"job_type": "noop", "tags": [tag], "target_id": tag, "queue": "q"})).await;
    }
    let failed = server.enqueue(json!({"job_type": "broken"})).await;
    let events = server.get(&format!("/api/jobs/{failed}/events")).await;
    assert!(text(events).await.contains("failed"));
    let jobs =
        json!([{"name": "a", "job_type": "noop"}, {"name": "b", "job_type": "noop", "depends_on": ["a"]}]);
    server.call("/api/workflows", json!({"name": "w", "jobs": jobs})).await;
    server.call("/api/schedules", json!({"name": "s", "cron": "0 3 * * *", "job_type": "noop"})).await;
    server
}

#[tokio::test]
async fn no_link_of_any_page_leaves_it() {
    let server = furnished().await;
    let origin = server.url.strip_suffix(BASE).unwrap().to_owned();
    let mut open = vec![format!("{BASE}/")];
    let mut seen: BTreeSet<String> = open.iter().cloned().collect();
    let mut pages = 0;
    while let Some(path) = open.pop() {
        let answer = server.client.get(format!("{origin}{path}")).header(ACCEPT, "text/html").send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        if !answer.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("text/html") {
            continue;
        }
        pages += 1;
        for place in places(&answer.text().await.unwrap()) {
            let within = place.starts_with(&format!("{BASE}/")) || place.starts_with(['#', '?']);
            assert!(within, "{path} leads to {place}");
            // Filters and choices make endless variants of a page; one of each will do.
            let plain = place.split(['#', '?']).next().unwrap().to_owned();
            let is_page = !plain.is_empty() && !is_action(&plain) && pages < 200;
            if is_page && seen.insert(plain.clone()) {
                open.push(plain);
            }
        }
    }
    for page in ["/jobs/1", "/jobs/3", "/workflows/1", "/schedules/s", "/schedules/new", "/new", "/nodes"] {
        assert!(seen.contains(&format!("{BASE}{page}")), "{page} is not led to from anywhere: {seen:?}");
    }
    assert!(pages > 12, "{seen:?}");
}

/// Whether a place only takes forms.
fn is_action(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap();
    matches!(last, "actions" | "retry" | "cancel" | "change" | "pause" | "resume" | "run" | "delete")
}

#[tokio::test]
async fn forms_lead_back_beneath_it_and_cookies_stay_there() {
    let server = furnished().await;
    let fresh = server.get("/new").await;
    let cookie = fresh.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("Path=/our/board") && cookie.contains("HttpOnly"), "{cookie}");
    let (token, cookie) = server.token().await;
    let token = ("callboard_csrf", token.as_str());
    for (form, to) in [
        ("/new", "/our/board/jobs/6"),
        ("/jobs/3/retry", "/our/board/jobs/3"),
        ("/schedules/s/pause", "/our/board/schedules/s"),
        ("/types/noop/pause", "/our/board/types"),
        ("/settings", "/our/board/jobs?state=failed"),
    ] {
        let fields = [token, ("job_type", "noop"), ("theme", "dark"), ("back", "/jobs?state=failed")];
        let fields = if form == "/settings" { &fields[..] } else { &fields[..2] };
        let fields = if form == "/new" || form == "/settings" { fields } else { &fields[..1] };
        let answer = server.post(form, &cookie, fields).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{form}");
        assert_eq!(answer.headers()[LOCATION], to, "{form}");
        for cookie in answer.headers().get_all(SET_COOKIE) {
            assert!(cookie.to_str().unwrap().contains("Path=/our/board"), "{form}: {cookie:?}");
        }
    }
    let made = server.client.post(format!("{}/api/jobs", server.url)).json(&json!({"job_type": "noop"}));
    assert_eq!(made.send().await.unwrap().headers()[LOCATION], "/our/board/api/jobs/7");
    let lost = server.client.get(format!("{}/jobs/99", server.url)).header(ACCEPT, "text/html");
    let lost = lost.header(REFERER, format!("{}/jobs?q=1", server.url)).send().await.unwrap();
    assert!(text(lost).await.contains("href=\"/our/board/jobs?q=1\""), "the way back");
}

#[tokio::test]
async fn outside_of_it_there_is_only_the_way_in() {
    let server = Server::start(CONFIG);
    let origin = server.url.strip_suffix(BASE).unwrap().to_owned();
    let ask = async |path: &str| {
        let answer = server.client.get(format!("{origin}{path}")).send().await.unwrap();
        let to = answer.headers().get(LOCATION).map(|to| to.to_str().unwrap().to_owned());
        (answer.status().as_u16(), to)
    };
    assert_eq!(ask("/").await, (302, Some("/our/board/".into())));
    assert_eq!(ask("/our/board").await, (308, Some("/our/board/".into())));
    assert_eq!(ask("/our/board?x=1").await, (308, Some("/our/board/?x=1".into())));
    for path in ["/jobs", "/api/jobs", "/healthz", "/our", "/our/boards", "/our//board/"] {
        assert_eq!(ask(path).await, (404, None), "{path}");
    }
    assert_eq!(ask("/our/board/healthz").await, (200, None));
    let live = format!("{}/api/ws", server.url.replace("http://", "ws://"));
    connect_async(live).await.expect("WebSockets are beneath it too");
    let within = std::process::Command::new(env!("CARGO_BIN_EXE_callboard"))
        .args(["stats", "--json", "--url", &server.url])
        .output()
        .unwrap();
    assert!(within.status.success(), "{}", String::from_utf8_lossy(&within.stderr));
}

/// Each place in a template begins with the base, or with something that holds it.
#[test]
fn templates_put_the_base_before_every_place() {
    fn look(dir: &Path, places: &mut usize) {
        for entry in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                look(&entry, places);
                continue;
            }
            for place in self::places(&std::fs::read_to_string(&entry).unwrap()) {
                *places += 1;
                let based = place.starts_with("{{ ui.base }}/") || place.starts_with("{{ ui.base }}{{");
                let other = place.starts_with("{{ ui.assets() }}/") || place.starts_with(['#', '?']);
                assert!(based || other, "{}: {place} wants {{{{ ui.base }}}} before it", entry.display());
            }
        }
    }
    let mut places = 0;
    look(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")), &mut places);
    assert!(places > 80, "{places}");
}
