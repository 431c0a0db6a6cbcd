//! What jobs, workers and addresses bring with them may be written by anybody: on no page does any of it
//! act, or pass for something that is ours.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::browser::Browser;
use crate::house::calls;
use crate::server::Server;

/// Ends texts and attributes, plants elements, runs scripts, fills in templates; then from right to left.
const MARK: &str = "\"'><hostile-x onclick=pwned()><script>window.pwned=1</script><img src=x onerror=\"window.pwned=2\">\
    <a href=\"javascript:window.pwned=3\">{{7*7}}${7*7}</a></title></textarea></script><!--\u{202e}gnp.exe";
/// The same where less fits.
const SHORT: &str = "\"'><hostile-x/onclick=pwned()><script>pwned=4</script>\u{202e}";

const CONFIG: &str = r#"
faktory_bind = "127.0.0.1:0"
[job_types.hostile]
description = "Writes <hostile-x><script>window.pwned=5</script>"
command = ["sh", "-c", 'printf %s "$0"; printf %s "$1" >&2; exit 65', "{args.out}", "{args.err}"]
[job_types.held]
description = "'\"><hostile-x onclick=pwned()>"
# It outlives a server that is killed; its folder goes with the test.
command = ["sh", "-c", 'printf %s "$0"; while [ -d "$PWD" ]; do sleep 0.2; done', "{args.out}"]
"#;

/// What is on a page that is not ours, as text.
const FOREIGN: &str = r"
    const found = [];
    const own = (url) => new URL(url, location.href).origin === location.origin;
    for (const e of document.querySelectorAll('*')) {
        const tag = `<${e.localName}>`;
        if (/^(hostile-x|iframe|object|embed|base|img|video|audio|frame|applet)$/.test(e.localName)) found.push(tag);
        if (e.localName === 'script' && !(e.src && own(e.src))) found.push(`${tag} ${e.textContent}`);
        for (const { name, value } of e.attributes) {
            if (/^on/.test(name) || name === 'srcdoc' || name === 'style') found.push(`${tag} ${name}=${value}`);
            if (/^(src|href|xlink:href|action|formaction|data)$/.test(name) && !own(value)) found.push(`${tag} ${name}=${value}`);
        }
    }
    if (window.pwned !== undefined) found.push(`a script ran: ${window.pwned}`);
    if (/gnp\.exe$/.test(document.title)) found.push(`the title ${document.title}`);
    // What is turned round takes nothing along that stands behind it.
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        let box = text.parentElement;
        if (!text.data.includes('\u202e') || box.getClientRects().length === 0) continue;
        const is_apart = () => getComputedStyle(box).display !== 'inline' || getComputedStyle(box).unicodeBidi !== 'normal';
        while (!is_apart()) box = box.parentElement;
        const rest = document.createRange();
        rest.setStartAfter(text);
        rest.setEndAfter(box.lastChild);
        if (rest.toString().trim()) found.push(`turned round: ${box.outerHTML.slice(0, 300)}`);
    }
    return found;
";

/// One line that says what a program does, as it writes it.
fn said(progress: &Value) -> String {
    format!("::callboard {progress}\n")
}

/// Returns once a job is over: its events have an end.
async fn end_of(server: &Server, id: i64) {
    let events = server.client.get(format!("{}/api/jobs/{id}/events", server.url)).send().await.unwrap();
    events.text().await.unwrap();
}

/// A server on which everything that may have any text has a hostile one; the job that failed.
async fn overrun() -> (Server, i64, TcpStream) {
    let server = Server::start(CONFIG);
    let escapes = "\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}\u{1b}[2J\u{8}\r";
    let out = format!(
        "{}{}{MARK}{escapes}\n{}\n</pre>{MARK}",
        said(&json!({"progress": {"processed": 1, "total": 2, "message": MARK}})),
        said(&json!({"result": {MARK: MARK}})),
        "x".repeat(100_000),
    );
    let args = json!({"out": out, "err": format!("{MARK}{escapes}"), MARK: [MARK, {SHORT: SHORT}]});
    let job = |job_type: &str| {
        json!({"job_type": job_type, "args": args, "target_id": MARK, "key": format!("{job_type}{MARK}"),
            "tags": [SHORT, "<b>"], "metadata": {MARK: MARK}})
    };
    let failed = server.enqueue(job("hostile")).await;
    end_of(&server, failed).await;
    assert_eq!(server.job(failed).await["state"], "failed");
    let held = server.enqueue(job("held")).await;
    let mut later = job("noop");
    later["depends_on"] = json!([held]);
    let later = server.enqueue(later).await;
    server.call(&format!("/api/jobs/{later}/signals/go"), json!({MARK: MARK})).await;
    let nodes = json!([
        {"name": SHORT, "job_type": "noop", "delay_secs": 3600, "target_id": SHORT},
        {"name": "b", "job_type": "noop", "depends_on": [SHORT]},
    ]);
    server.call("/api/workflows", json!({"name": MARK, "jobs": nodes})).await;
    let schedule = json!({"name": "1", "job_type": "hostile", "every_secs": 86_400, "target_id": SHORT, "tags": [SHORT],
        "args": {MARK: MARK}, "metadata": {MARK: MARK}});
    server.call("/api/schedules", schedule).await;
    server.call("/api/schedules/1/run", Value::Null).await;
    let cancel = json!({"action": "cancel", "filter": {"target_id": SHORT, "q": MARK}});
    server.call("/api/jobs/actions", cancel).await;
    let worker = remote(&server).await;
    (server, failed, worker)
}

/// A worker elsewhere with a hostile name that has failed at a job of a hostile type, and works on another.
async fn remote(server: &Server) -> TcpStream {
    let place = server.remote.as_deref().unwrap().strip_prefix("tcp://").unwrap();
    let mut stream = BufReader::new(TcpStream::connect(place).await.unwrap());
    let hello = json!({"v": 2, "wid": SHORT, "hostname": SHORT, "pid": 1, "labels": [SHORT]});
    let push =
        |jid: &str| json!({"jid": jid, "jobtype": SHORT, "args": [MARK], "custom": {MARK: MARK}, "retry": 0});
    let fail = json!({"jid": "first-job", "errtype": SHORT, "message": MARK, "backtrace": [MARK]});
    for line in [
        format!("HELLO {hello}"),
        format!("PUSH {}", push("first-job")),
        "FETCH default".into(),
        format!("FAIL {fail}"),
        format!("PUSH {}", push("second-job")),
        "FETCH default".into(),
        format!("BEAT {}", json!({"wid": SHORT})),
    ] {
        stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        // The greeting comes unasked.
        for _ in 0..if line.starts_with("HELLO") || line.starts_with("FETCH") { 2 } else { 1 } {
            answer.clear();
            stream.read_line(&mut answer).await.unwrap();
            assert!(!answer.starts_with('-'), "{line}: {answer}");
        }
    }
    stream.into_inner()
}

/// A text within an address.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// What is looked at of each page that there is, and of places that are none.
fn visits(failed: i64) -> Vec<(&'static str, Vec<String>)> {
    let mark = encoded(MARK);
    let short = encoded(SHORT);
    vec![
        ("/", vec!["/".into(), "/?range=1d".into(), format!("/?range={mark}")]),
        (
            "/jobs",
            vec![
                "/jobs".into(),
                format!("/jobs?q={mark}&tag={short}&target_id={mark}&key={mark}"),
                format!("/jobs?job_type={short}"),
                format!("/jobs?state={mark}&created_after={mark}&limit={mark}&cursor={mark}"),
                format!("/jobs?{mark}={mark}"),
            ],
        ),
        (
            "/jobs/{id}",
            (1..=8)
                .map(|id| format!("/jobs/{id}"))
                .chain(
                    ["stdout", "stderr", "events", "progress", &mark]
                        .map(|s| format!("/jobs/{failed}?stream={s}")),
                )
                .chain([format!("/jobs/{mark}"), format!("/jobs/{failed}?attempt={mark}")])
                .collect(),
        ),
        ("/dead-letters", vec!["/dead-letters".into(), format!("/dead-letters?q={mark}")]),
        ("/types", vec!["/types".into()]),
        (
            "/new",
            vec![
                format!("/new?from={failed}"),
                format!("/new?type={short}"),
                format!("/new?type=hostile&args={mark}&{mark}={mark}"),
            ],
        ),
        ("/nodes", vec!["/nodes".into()]),
        ("/schedules", vec!["/schedules".into(), format!("/schedules?cursor={mark}")]),
        ("/schedules/new", vec!["/schedules/new".into(), format!("/schedules/new?name={mark}")]),
        ("/schedules/{name}", vec!["/schedules/1".into(), format!("/schedules/{mark}")]),
        ("/schedules/{name}/edit", vec!["/schedules/1/edit".into()]),
        ("/workflows", vec!["/workflows".into(), format!("/workflows?state={mark}&name={mark}")]),
        ("/workflows/{id}", vec!["/workflows/1".into(), format!("/workflows/{mark}")]),
        (
            "/audit",
            vec![
                "/audit".into(),
                format!("/audit?who={short}&object={short}"),
                format!("/audit?what={mark}"),
            ],
        ),
        ("/settings", vec!["/settings".into()]),
        ("/docs", vec!["/docs".into()]),
        ("/login", vec![format!("/login?next={mark}")]),
        ("nowhere", vec![format!("/{mark}"), format!("/static/{mark}/{mark}")]),
    ]
}

/// The pages that there are: what a browser gets as HTML.
fn pages() -> BTreeSet<String> {
    let no_page = ["/api/", "/static/", "/metrics", "/healthz", "/readyz", "/health", "/stats"];
    let is_page = |path: &str| {
        !no_page.iter().any(|no| path.starts_with(no))
            && !path.ends_with("/ws")
            && !path.ends_with("/log.txt")
    };
    calls().into_iter().filter(|(m, path)| m == Method::GET && is_page(path)).map(|(_, path)| path).collect()
}

#[tokio::test]
async fn hostile_texts_are_shown_on_every_page_and_do_nothing() {
    let ((server, failed, _worker), browser) = (overrun().await, Browser::start().await);
    let visits = visits(failed);
    let visited: BTreeSet<_> = visits.iter().map(|(page, _)| *page).collect();
    let missing: Vec<_> = pages().into_iter().filter(|page| !visited.contains(page.as_str())).collect();
    assert!(missing.is_empty(), "these pages are not looked at: {missing:?}");
    let (mut found, mut shown) = (Vec::new(), 0);
    for path in visits.iter().flat_map(|(_, paths)| paths) {
        browser.go(&format!("{}{path}", server.url)).await;
        browser.see("main").await;
        let foreign = browser.js(FOREIGN).await;
        found.extend(foreign.as_array().unwrap().iter().map(|what| format!("{path}: {what}")));
        let reads = browser.js("return document.body.innerText.includes('<hostile-x')").await;
        shown += usize::from(reads == true);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(shown > 20, "only {shown} pages show any of it");
    browser.close().await;
}

#[tokio::test]
async fn hostile_choices_are_not_chosen() {
    let (server, browser) = (Server::start(""), Browser::start().await);
    browser.go(&format!("{}/settings", server.url)).await;
    for name in ["theme", "language", "zone", "notice", "csrf", "session"] {
        browser
            .js(&format!("document.cookie = 'callboard_{name}=' + encodeURIComponent({MARK:?}) + ';path=/'"))
            .await;
    }
    for path in ["/", "/settings", "/jobs", "/nowhere"] {
        browser.go(&format!("{}{path}", server.url)).await;
        assert_eq!(browser.js(FOREIGN).await, json!([]), "{path}");
        assert_eq!(browser.js("return document.body.innerText.includes('hostile-x')").await, false, "{path}");
    }
    browser.close().await;
}

#[tokio::test]
async fn a_log_is_text_whatever_is_in_it() {
    let (server, browser) = (Server::start(CONFIG), Browser::start().await);
    let out = format!("\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7} {MARK}\n{}\n", "x".repeat(100_000));
    let job = server.enqueue(json!({"job_type": "hostile", "args": {"out": out, "err": ""}})).await;
    end_of(&server, job).await;
    browser.go(&format!("{}/jobs/{job}?stream=stdout", server.url)).await;
    browser.until("document.querySelector('[data-log]').textContent.includes('red')").await;
    let longest =
        "return Math.max(...[...document.querySelectorAll('[data-log] div')].map(d => d.textContent.length))";
    let longest = browser.js(longest).await.as_i64().unwrap();
    assert!((1000..5000).contains(&longest), "{longest}");
    assert_eq!(browser.js(FOREIGN).await, json!([]));
    // However high that line turns out to be, the end of the log is in view.
    let at_the_end = "(log => log.scrollTop > 0 && log.scrollHeight - log.scrollTop - log.clientHeight < 2)";
    browser.until(&format!("{at_the_end}(document.querySelector('[data-log]'))")).await;
    // As it is, it is a file to be kept, or text.
    for (path, kept) in [("jobs", true), ("api/jobs", false)] {
        let file = if kept { "log.txt" } else { "logs" };
        let at = format!("{}/{path}/{job}/{file}?stream=stdout", server.url);
        let headers =
            server.client.get(&at).header("accept", "text/plain").send().await.unwrap().headers().clone();
        assert!(headers["content-type"].to_str().unwrap().starts_with("text/plain"), "{at}: {headers:?}");
        let disposition =
            headers.get("content-disposition").map(|d| d.to_str().unwrap().starts_with("attachment"));
        assert_eq!(disposition, kept.then_some(true), "{at}: {headers:?}");
    }
    browser.go(&format!("{}/api/jobs/{job}/logs?stream=stdout", server.url)).await;
    assert_eq!(browser.js("return document.querySelector('hostile-x,script,img')").await, Value::Null);
    browser.close().await;
}

#[tokio::test]
async fn scripts_that_are_not_ours_do_not_run() {
    let (server, browser) = (Server::start(""), Browser::start().await);
    browser.go(&server.url).await;
    let script = "const s = document.createElement('script'); s.textContent = 'window.pwned = 1';
        document.body.append(s); return window.pwned ?? null";
    assert_eq!(browser.js(script).await, Value::Null);
    browser.close().await;
}
