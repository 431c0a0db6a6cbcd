//! A server that gives the answers it was told to give, and remembers what it was asked.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::mpsc as pipe;

/// What a client asked.
#[derive(Debug)]
pub struct Request {
    /// Method, path and query as they were sent.
    pub line: String,
    pub body: String,
    pub token: Option<String>,
    pub last_event_id: Option<String>,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What it gets.
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: Body,
}

enum Body {
    Text(String),
    Stream(pipe::UnboundedReceiver<io::Result<Bytes>>),
}

impl Answer {
    pub fn json(body: impl ToString) -> Self {
        Self::text(200, "application/json", body)
    }

    pub fn problem(status: u16, detail: &str, errors: Value) -> Self {
        let title = StatusCode::from_u16(status).unwrap().canonical_reason();
        let body = json!({"type": "about:blank", "title": title, "status": status, "detail": detail, "errors": errors});
        Self::text(status, "application/problem+json", body)
    }

    pub fn text(status: u16, kind: &'static str, body: impl ToString) -> Self {
        Self { status, headers: vec![("content-type", kind)], body: Body::Text(body.to_string()) }
    }

    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// A stream of events that the test feeds.
    pub fn events() -> (Self, Events) {
        let (sender, receiver) = pipe::unbounded_channel();
        let headers = vec![("content-type", "text/event-stream")];
        (Self { status: 200, headers, body: Body::Stream(receiver) }, Events(sender))
    }
}

/// Feeds a stream of events; dropping it ends the stream in good order.
pub struct Events(pipe::UnboundedSender<io::Result<Bytes>>);

impl Events {
    pub fn send(&self, id: u32, name: &str, data: impl ToString) -> &Self {
        let data = data.to_string();
        self.raw(&format!("id: {id}\nevent: {name}\ndata: {data}\n\n"))
    }

    pub fn end(&self) -> &Self {
        self.raw("event: end\ndata: {}\n\n")
    }

    pub fn raw(&self, text: &str) -> &Self {
        // The client may have gone once it has heard enough.
        let _ = self.0.send(Ok(Bytes::from(text.to_owned())));
        self
    }

    /// Breaks the connection off.
    pub fn cut(self) {
        let _ = self.0.send(Err(io::Error::other("cut")));
    }
}

type Script = Arc<Mutex<HashMap<String, VecDeque<Answer>>>>;

pub struct Fake {
    pub url: String,
    script: Script,
    asked: mpsc::Receiver<Request>,
    handle: ServerHandle,
}

impl Fake {
    pub fn start() -> Self {
        let script = Script::default();
        let (tell, asked) = mpsc::channel();
        let (up, is_up) = mpsc::channel();
        let answers = script.clone();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    let (script, tell) = (answers.clone(), tell.clone());
                    App::new().default_service(web::to(move |request: HttpRequest, body: Bytes| {
                        let answer = serve(&script, &tell, &request, &body);
                        async { answer }
                    }))
                };
                let server =
                    HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                up.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = is_up.recv().unwrap();
        Self { url: format!("http://{address}"), script, asked, handle }
    }

    /// Says what `line` (method, path and query) gets; said again: the next time.
    pub fn on(&self, line: &str, answer: Answer) -> &Self {
        self.script.lock().unwrap().entry(line.to_owned()).or_default().push_back(answer);
        self
    }

    /// The next request, once it has come.
    pub fn request(&self) -> Request {
        self.asked.recv_timeout(Duration::from_secs(30)).expect("the client asks")
    }

    /// Waits for a request with this line; others may come before it.
    pub fn expect(&self, line: &str) -> Request {
        std::iter::repeat_with(|| self.request()).find(|request| request.line == line).unwrap()
    }

    /// What was asked since the last time, as lines.
    pub fn lines(&self) -> Vec<String> {
        self.asked.try_iter().map(|request| request.line).collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

fn serve(script: &Script, tell: &mpsc::Sender<Request>, request: &HttpRequest, body: &Bytes) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
    let line = format!("{} {}", request.method(), request.uri());
    let answer = script.lock().unwrap().get_mut(&line).and_then(VecDeque::pop_front);
    let answer = answer.or_else(|| nothing_new(&line));
    let answer = answer.unwrap_or_else(|| Answer::problem(501, &format!("unexpected: {line}"), json!([])));
    let body = String::from_utf8(body.to_vec()).unwrap();
    let (token, last_event_id) = (header("authorization"), header("last-event-id"));
    // The test may be over already.
    let _ = tell.send(Request { line, body, token, last_event_id });
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap());
    answer.headers.into_iter().for_each(|h| {
        response.insert_header(h);
    });
    match answer.body {
        Body::Text(text) => response.body(text),
        Body::Stream(events) => response.streaming(stream::unfold(events, |mut events| async move {
            events.recv().await.map(|event| (event, events))
        })),
    }
}

/// A log that is read from where it ended: followers do that whenever they have a moment.
fn nothing_new(line: &str) -> Option<Answer> {
    let (_, offset) = line.split_once("/logs?")?.1.split_once("offset=")?;
    let end: u64 = offset.parse().ok()?;
    Some(Answer::json(json!({"content": "", "offset": end, "next_offset": end, "size": end})))
}

/// A job in the shape of the contract.
pub fn job(id: i64, state: &str) -> Value {
    json!({
        "id": id, "key": null, "job_type": "noop", "queue": "default", "target_id": null,
        "state": state, "priority": 5, "args": {"n": 1}, "tags": [], "metadata": {},
        "retry_count": 0, "max_retries": 3, "attempt": 1, "timeout_secs": 1800.0,
        "unique": null, "backoff": null, "on_parent_failure": "cancel",
        "cancel_requested_at": null, "crash_count": 0,
        "progress": {"percent": 0.0, "processed": 0, "total": null, "message": null, "updated_at": null},
        "result": null, "error": null, "parent_job_id": null, "depends_on": [],
        "workflow_id": null, "name": null, "worker_id": null, "run_at": null,
        "created_at": "2030-01-02T03:04:05.678Z", "started_at": null, "completed_at": null
    })
}

/// The same with some fields changed.
pub fn job_with(id: i64, state: &str, changes: Value) -> Value {
    let mut job = job(id, state);
    for (name, value) in changes.as_object().unwrap() {
        job[name] = value.clone();
    }
    job
}
