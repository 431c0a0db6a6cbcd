//! Traces: from a request to the attempt of its job, and on to whatever that calls.

use std::collections::HashMap;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::server::{Server, send, test, test_with};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

fn parent() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

/// A collector: takes OTLP over HTTP, and gives out the spans by name.
struct Collector {
    url: url::Url,
    spans: mpsc::UnboundedReceiver<Value>,
}

impl Collector {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let (tell, spans) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((mut peer, _)) = listener.accept().await {
                    let tell = tell.clone();
                    tokio::spawn(async move {
                        let mut bytes = Vec::new();
                        while let Some((head, body)) = next(&mut peer, &mut bytes).await {
                            assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
                            assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
                            assert!(head.contains("key: sesame"), "{head}");
                            let _ = tell.send(body);
                            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
                            peer.write_all(answer.as_bytes()).await.unwrap();
                        }
                    });
                }
            });
        });
        Self { url, spans }
    }

    /// The spans that have come. They come at the latest when the server goes down.
    fn spans(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        while let Ok(document) = self.spans.try_recv() {
            let resource = &document["resourceSpans"][0];
            assert!(attributes(&resource["resource"])["service.name"] == json!({"stringValue": "jobs"}));
            all.extend(resource["scopeSpans"][0]["spans"].as_array().unwrap().clone());
        }
        all
    }
}

/// The next request on a connection: its head and its JSON.
async fn next(peer: &mut tokio::net::TcpStream, bytes: &mut Vec<u8>) -> Option<(String, Value)> {
    loop {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase();
            let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let length: usize = length.parse().unwrap();
            if body.len() >= length {
                bytes.drain(..head.len() + 4 + length);
                return Some((head.to_owned(), serde_json::from_str(&body[..length]).unwrap()));
            }
        }
        if peer.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn attributes(of: &Value) -> HashMap<String, Value> {
    let all = of["attributes"].as_array().unwrap();
    all.iter().map(|a| (a["key"].as_str().unwrap().to_owned(), a["value"].clone())).collect()
}

async fn enqueue_traced(server: &Server) -> i64 {
    let job = server.request(Method::POST, "/api/jobs").json(&json!({"job_type": "puppet"}));
    send(job.header("traceparent", parent()).header("tracestate", "a=b")).await.ok(201)["id"]
        .as_i64()
        .unwrap()
}

#[test]
fn the_attempt_belongs_to_the_trace_of_its_enqueue() {
    let mut collector = Collector::start();
    let url = collector.url.clone();
    let configure = |config: &mut callboard::config::Config| {
        config.telemetry.otlp_endpoint = Some(url);
        config.telemetry.otlp_headers = vec![("key".into(), "sesame".into())];
        config.telemetry.service_name = "jobs".into();
    };
    test_with(configure, async |server| {
        let id = enqueue_traced(server).await;
        let run = server.run().await;
        let inside = run.ctx.trace().unwrap().clone();
        run.succeed(json!(1));
        server.until(id, "completed").await;
        server.ended(json!({"max_retries": 0, "queue": "q"}), "failed").await;
        server.get("/metrics").await;
        server.restart().await;
        let spans = collector.spans();

        let ours: HashMap<&str, &Value> = spans
            .iter()
            .filter(|span| span["traceId"] == TRACE)
            .map(|span| (span["name"].as_str().unwrap(), span))
            .collect();
        let (http, enqueue, run) = (ours["POST /api/jobs"], ours["enqueue puppet"], ours["run puppet"]);
        assert_eq!(ours.len(), 3, "{ours:?}");
        assert_eq!(http["parentSpanId"], CALLER);
        assert_eq!(enqueue["parentSpanId"], http["spanId"]);
        assert_eq!(run["parentSpanId"], enqueue["spanId"]);
        assert_eq!((&http["kind"], &enqueue["kind"], &run["kind"]), (&json!(2), &json!(4), &json!(5)));
        assert_eq!(run["traceState"], "a=b");
        assert_eq!(attributes(http)["http.response.status_code"], json!({"intValue": "201"}));
        let said = attributes(run);
        assert_eq!(said["callboard.job_id"], json!({"intValue": id.to_string()}));
        assert_eq!(said["callboard.attempt"], json!({"intValue": "1"}));
        assert_eq!(said["callboard.outcome"], json!({"stringValue": "success"}));
        assert_eq!(inside.traceparent, format!("00-{TRACE}-{}-01", run["spanId"].as_str().unwrap()));

        let failed = spans.iter().find(|span| span["status"]["code"] == 2).unwrap();
        assert_eq!(failed["name"], "run puppet");
        assert_eq!(failed["status"]["message"], "fatal");
        assert_eq!(attributes(failed)["callboard.queue"], json!({"stringValue": "q"}));
        assert!(!spans.iter().any(|span| span["name"] == "GET /metrics"), "{spans:?}");
    });
}

#[test]
fn without_a_collector_the_trace_goes_through_as_it_came() {
    test(async |server| {
        let id = enqueue_traced(server).await;
        let run = server.run().await;
        assert_eq!(run.ctx.trace().unwrap().traceparent, parent());
        run.succeed(json!(1));
        server.until(id, "completed").await;
        let job = server.job(id).await;
        assert_eq!(job["metadata"], json!({"traceparent": parent(), "tracestate": "a=b"}));

        let own = json!({"metadata": {"traceparent": parent().replace('7', "8"), "a": 1}});
        server.enqueue(own.clone()).await;
        let run = server.run().await;
        assert_eq!(run.ctx.trace().unwrap().traceparent, parent().replace('7', "8"));
        run.succeed(json!(1));

        let id = server.enqueue(json!({})).await;
        let run = server.run().await;
        assert_eq!(run.ctx.trace(), None);
        run.succeed(json!(1));
        assert_eq!(server.job(id).await["metadata"], json!({}));
    });
}
