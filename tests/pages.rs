//! The web pages over plain HTTP: forms without scripts, and what every answer wears.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use reqwest::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

/// The most that the first view of a page may weigh, compressed, with scripts and styles.
const FIRST_VIEW: usize = 60 * 1024;

const PAGES: [&str; 12] = [
    "/",
    "/jobs",
    "/jobs/1",
    "/dead-letters",
    "/types",
    "/schedules",
    "/schedules/nightly",
    "/schedules/nightly/edit",
    "/schedules/new",
    "/new",
    "/nodes",
    "/settings",
];

struct Server {
    process: Child,
    url: String,
    client: Client,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(config: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("callboard.toml"), config).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_callboard"))
            .args(["serve", "--bind", "127.0.0.1:0"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { process, url: url.trim().to_owned(), client, _folder: folder }
    }

    async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url)).header(ACCEPT, "text/html");
        request.header("accept-encoding", "gzip").send().await.unwrap()
    }

    async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.client.post(format!("{}{path}", self.url)).header(ACCEPT, "text/html");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.header(COOKIE, cookie).body(body).send().await.unwrap()
    }

    async fn enqueue(&self, job: Value) -> i64 {
        let answer = self.client.post(format!("{}/api/jobs", self.url)).json(&job).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["id"].as_i64().unwrap()
    }

    async fn job(&self, id: i64) -> Value {
        self.client.get(format!("{}/api/jobs/{id}", self.url)).send().await.unwrap().json().await.unwrap()
    }

    /// The token of the forms, and the cookie that proves it.
    async fn token(&self) -> (String, String) {
        let answer = self.get("/new").await;
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let pair = cookie.split(';').next().unwrap().to_owned();
        (pair.split_once('=').unwrap().1.to_owned(), pair)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn text(answer: Response) -> String {
    let zipped = answer.headers().get("content-encoding").is_some_and(|v| v == "gzip");
    let bytes = answer.bytes().await.unwrap();
    if !zipped {
        return String::from_utf8(bytes.to_vec()).unwrap();
    }
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn every_action_is_a_form_that_leads_back() {
    let server = Server::start("");
    let (token, cookie) = server.token().await;
    let token = ("callboard_csrf", token.as_str());
    let form = [
        token,
        ("job_type", "noop"),
        ("args", "{\"a\":1}"),
        ("tags", "x, y"),
        ("run_at", "2999-01-01T00:00"),
    ];
    let made = server.post("/new", &cookie, &form).await;
    assert_eq!(
        (made.status(), made.headers()[LOCATION].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/jobs/1")
    );
    assert_eq!(server.job(1).await["run_at"], "2999-01-01T00:00:00.000Z");
    assert_eq!(server.job(1).await["tags"], json!(["x", "y"]));

    let change = [
        token,
        ("priority", "1"),
        ("args", "[2]"),
        ("queue", "fast"),
        ("max_retries", "0"),
        ("run_at", "2998-01-01T00:00"),
    ];
    let changed = server.post("/jobs/1/change", &cookie, &change).await;
    assert_eq!(changed.status(), StatusCode::SEE_OTHER, "{}", text(changed).await);
    let job = server.job(1).await;
    assert_eq!((&job["priority"], &job["args"], &job["tags"]), (&json!(1), &json!([2]), &json!([])));

    assert_eq!(server.post("/jobs/1/cancel", &cookie, &[token]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(server.job(1).await["state"], "cancelled");
    let again = server.post("/jobs/1/cancel", &cookie, &[token]).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert!(text(again).await.contains("<h1>Not in this state</h1>"));

    let question = server.post("/jobs/actions", &cookie, &[token, ("action", "delete"), ("id", "1")]).await;
    assert_eq!(question.status(), StatusCode::OK);
    assert!(text(question).await.contains("Delete 1 job?"));
    let yes = [token, ("action", "delete"), ("id", "1"), ("sure", "true")];
    assert_eq!(server.post("/jobs/actions", &cookie, &yes).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(server.get("/jobs/1").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn schedules_are_made_changed_and_steered_by_forms() {
    let server = Server::start("");
    let (token, cookie) = server.token().await;
    let token = ("callboard_csrf", token.as_str());
    let schedule = async || -> Value {
        let url = format!("{}/api/schedules/nightly", server.url);
        server.client.get(url).send().await.unwrap().json().await.unwrap()
    };
    let wrong = [token, ("name", "nightly"), ("cron", "61 4 * * *"), ("job_type", "noop"), ("args", "{")];
    let answer = server.post("/schedules/new", &cookie, &wrong).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = text(answer).await;
    assert!(html.contains("has a wrong minute") && html.contains("value=\"61 4 * * *\""), "{html}");
    let right = [
        token,
        ("name", "nightly"),
        ("cron", "30 4 * * MON-FRI"),
        ("timezone", "Europe/Berlin"),
        ("misfire", "skip"),
        ("overlap", "allow"),
        ("job_type", "noop"),
        ("args", "{\"a\":1}"),
        ("tags", "x, y"),
        ("timeout_secs", "none"),
    ];
    let made = server.post("/schedules/new", &cookie, &right).await;
    assert_eq!(
        (made.status(), &made.headers()[LOCATION]),
        (StatusCode::SEE_OTHER, &"/schedules/nightly".parse().unwrap())
    );
    let taken = server.post("/schedules/new", &cookie, &right).await;
    assert_eq!(taken.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(taken).await.contains("is there already"));
    let is = schedule().await;
    assert_eq!(
        (&is["tags"], &is["timeout_secs"], &is["misfire"]),
        (&json!(["x", "y"]), &Value::Null, &json!("skip"))
    );
    assert!(text(server.get("/schedules").await).await.contains("Monday to Friday at 04:30"));

    // What the form does not show outlives an edit by form.
    let body = json!({"job_type": "noop", "cron": "30 4 * * *", "metadata": {"m": 1}, "unique": true});
    server.client.put(format!("{}/api/schedules/nightly", server.url)).json(&body).send().await.unwrap();
    let html = text(server.get("/schedules/nightly/edit").await).await;
    assert!(html.contains("value=\"30 4 * * *\""), "{html}");
    let change = [token, ("every_secs", "90"), ("job_type", "noop"), ("priority", "2"), ("args", "{}")];
    let changed = server.post("/schedules/nightly/edit", &cookie, &change).await;
    assert_eq!(changed.status(), StatusCode::SEE_OTHER, "{}", text(changed).await);
    let is = schedule().await;
    assert_eq!((&is["every_secs"], &is["cron"], &is["priority"]), (&json!(90.0), &Value::Null, &json!(2)));
    assert_eq!((&is["metadata"], &is["unique"]), (&json!({"m": 1}), &json!(true)));

    for (verb, paused) in [("pause", true), ("run", true), ("resume", false)] {
        let answer = server.post(&format!("/schedules/nightly/{verb}"), &cookie, &[token]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{verb}");
        assert_eq!(schedule().await["paused"], paused, "{verb}");
    }
    assert_eq!(schedule().await["history"][0]["trigger"], "manual");
    assert!(text(server.get("/schedules/nightly").await).await.contains("By hand"));
    let deleted = server.post("/schedules/nightly/delete", &cookie, &[token]).await;
    assert_eq!(deleted.headers()[LOCATION], "/schedules");
    assert_eq!(server.get("/schedules/nightly").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn forms_from_elsewhere_change_nothing() {
    let server = Server::start("");
    let (token, cookie) = server.token().await;
    let id = server.enqueue(json!({"job_type": "noop", "run_at": "2999-01-01T00:00:00Z"})).await;
    let path = format!("/jobs/{id}/cancel");
    let token = ("callboard_csrf", token.as_str());
    for (cookie, form) in [
        (cookie.as_str(), vec![]),
        (cookie.as_str(), vec![("callboard_csrf", "AAAAAAAAAAAAAAAAAAAAAA")]),
        ("", vec![token]),
        ("callboard_csrf=", vec![("callboard_csrf", "")]),
    ] {
        let answer = server.post(&path, cookie, &form).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{cookie} {form:?}");
    }
    assert_eq!(server.job(id).await["state"], "scheduled");
    let back =
        server.post("/settings", &cookie, &[token, ("theme", "dark"), ("back", "//evil.example")]).await;
    assert_eq!(back.headers()[LOCATION], "/settings");
}

#[tokio::test]
async fn pages_are_strict_and_light() {
    let server = Server::start("");
    for n in 0..120 {
        server.enqueue(json!({"job_type": "noop", "args": {"n": n}, "tags": ["a", "b"]})).await;
    }
    let nightly = json!({"name": "nightly", "job_type": "noop", "cron": "30 4 * * MON-FRI"});
    let made =
        server.client.post(format!("{}/api/schedules", server.url)).json(&nightly).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    for path in PAGES {
        let answer = server.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()["content-encoding"], "gzip", "{path}");
        let html = text(answer).await;
        assert!(
            !html.contains(" style=") && !html.contains("<style") && !html.contains(" onclick"),
            "{path}"
        );
        let weight = weight(&server, path, &html).await;
        assert!(weight < FIRST_VIEW, "{path}: {weight} bytes");
    }
    let missing = server.get("/nothing").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert!(text(missing).await.contains("<h1>There is no such thing here</h1>"));
    let api = server.get("/api/nothing").await;
    assert_eq!(api.headers()["content-type"], "application/problem+json");
}

/// A page with its style, its pictures and every script, compressed.
async fn weight(server: &Server, path: &str, html: &str) -> usize {
    let mut weight = server.get(path).await.bytes().await.unwrap().len();
    let base = html.split("href=\"").find_map(|part| part.split_once("/style.css\"")).unwrap().0;
    let scripts = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/static/js")).unwrap();
    let scripts = scripts.map(|entry| format!("js/{}", entry.unwrap().file_name().to_str().unwrap()));
    for name in ["style.css", "icon.svg", "icons.svg"].into_iter().map(str::to_owned).chain(scripts) {
        let file = server.get(&format!("{base}/{name}")).await;
        assert_eq!(file.status(), StatusCode::OK, "{name}");
        assert!(file.headers()["cache-control"].to_str().unwrap().contains("immutable"), "{name}");
        weight += file.bytes().await.unwrap().len();
    }
    weight
}

#[tokio::test]
async fn a_viewer_is_offered_nothing_to_change() {
    use sha2::{Digest, Sha256};
    let hash: String = Sha256::digest("look").iter().map(|b| format!("{b:02x}")).collect();
    let server = Server::start(&format!(
        "[[auth.tokens]]\nname = \"v\"\nrole = \"viewer\"\ntoken_sha256 = \"{hash}\"\n"
    ));
    assert_eq!(server.get("/").await.status(), StatusCode::UNAUTHORIZED);
    for path in ["/", "/jobs", "/types", "/schedules"] {
        let request = server.client.get(format!("{}{path}", server.url)).basic_auth("anybody", Some("look"));
        let html = request.send().await.unwrap().text().await.unwrap();
        assert!(html.contains("</html>") && !html.contains("href=\"/new\""), "{path}");
        let forms = html.matches("method=\"post\"").count() - html.matches("action=\"/settings\"").count();
        let bulk = html.matches("data-bulk").count();
        assert_eq!(forms, bulk, "{path}");
    }
}
