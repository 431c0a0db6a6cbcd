//! A callboard in somebody else's program, as `examples/embedded.rs` has it.

use std::net::TcpListener;

use futures_util::StreamExt;
use reqwest::{Client, StatusCode, redirect};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

#[path = "../examples/embedded.rs"]
mod example;

/// Runs the example for as long as a test takes.
fn with(test: impl AsyncFnOnce(&str, &Client)) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    actix_rt::System::new().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let data_dir = dir.path().to_owned();
        let program = actix_rt::spawn(async move {
            let stopped = async { drop(stopped.await) };
            example::run(&data_dir, listener, stopped).await.map_err(|e| e.to_string())
        });
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        test(&address, &client).await;
        drop(stop);
        program.await.unwrap().expect("it goes down in order");
        assert!(client.get(format!("http://{address}/")).send().await.is_err(), "it is down");
        assert!(dir.path().join("queue.db").exists());
    });
}

#[test]
fn its_jobs_run_and_are_shown_beneath_its_path() {
    with(async |address, client| {
        let made = client.post(format!("http://{address}/greet/Ada")).send().await.unwrap();
        let page = made.headers()["location"].to_str().unwrap().to_owned();
        assert_eq!((made.status(), page.as_str()), (StatusCode::SEE_OTHER, "/jobs/jobs/1"));
        // The stream ends with the job.
        let get = |path: &str| client.get(format!("http://{address}{path}")).header("x-user", "guest");
        let events = get("/jobs/api/jobs/1/events").send().await.unwrap().text().await.unwrap();
        assert!(events.contains("completed"), "{events}");
        let job: Value = get("/jobs/api/jobs/1").send().await.unwrap().json().await.unwrap();
        assert_eq!(job["result"], json!("Hello, Ada!"));
        let html = get(&page).header("accept", "text/html").send().await.unwrap().text().await.unwrap();
        assert!(html.contains("href=\"/jobs/workflows\"") && html.contains("data-base=\"/jobs\""), "{html}");
        assert!(!html.contains("href=\"/static") && html.contains("href=\"/jobs/static/"), "{html}");
    });
}

#[test]
fn the_program_says_who_may_do_what() {
    with(async |address, client| {
        let jobs = format!("http://{address}/jobs/api/jobs");
        let job = json!({"job_type": "greet", "args": {"name": "Bob"}});
        let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status();
        assert_eq!(status(client.get(&jobs)).await, StatusCode::FORBIDDEN);
        assert_eq!(status(client.get(&jobs).header("x-user", "guest")).await, StatusCode::OK);
        let post = |user| client.post(&jobs).header("x-user", user).json(&job);
        assert_eq!(status(post("guest")).await, StatusCode::FORBIDDEN);
        let made = post("boss").send().await.unwrap();
        assert_eq!(made.headers()["location"], "/jobs/api/jobs/1");
        // What is not callboard's is not asked.
        assert_eq!(status(client.get(format!("http://{address}/"))).await, StatusCode::OK);
        assert_eq!(
            status(client.get(format!("http://{address}/jobs")).header("x-user", "guest")).await,
            StatusCode::PERMANENT_REDIRECT
        );
    });
}

#[test]
fn who_watches_is_told_of_the_programs_end() {
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    with(async |address, _| {
        let mut request = format!("ws://{address}/jobs/api/ws").into_client_request().unwrap();
        request.headers_mut().insert("x-user", "guest".parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        actix_rt::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                let _ = told.send(message);
            }
        });
    });
    let last = std::iter::from_fn(|| tells.try_recv().ok()).last().expect("a goodbye");
    assert!(last.to_string().contains("1001") || last.is_close(), "{last}");
}
