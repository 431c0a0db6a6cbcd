//! Workers elsewhere, on the page of nodes.

use std::io::{BufRead, BufReader, Write};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::server::{Server, text};

#[tokio::test]
async fn remote_workers_are_seen_and_asked_to_be_quiet() {
    let server = Server::start("faktory_bind = '127.0.0.1:0'");
    let (token, cookie) = server.token().await;
    let address = server.remote.as_deref().unwrap().strip_prefix("tcp://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    assert_eq!(answers.next().unwrap(), "+HI {\"v\":2}");
    let hello = json!({"v": 2, "wid": "a/<b>?", "hostname": "<i>h</i>", "labels": ["\"&"]});
    stream.write_all(format!("HELLO {hello}\r\n").as_bytes()).unwrap();
    assert_eq!(answers.next().unwrap(), "+OK");

    let page = text(server.get("/nodes").await).await;
    assert!(
        page.contains("a/&#60;b&#62;?") && page.contains("&#60;i&#62;h") && !page.contains("<i>h"),
        "{page}"
    );
    let action = "/nodes/remote/a%2F%3Cb%3E%3F/quiet";
    assert!(page.contains(action));
    assert_eq!(server.post(action, &cookie, &[]).await.status(), StatusCode::FORBIDDEN);
    let asked = server.post(action, &cookie, &[("callboard_csrf", &token)]).await;
    assert_eq!(asked.status(), StatusCode::SEE_OTHER);
    stream.write_all(b"BEAT {\"wid\":\"a/<b>?\"}\r\n").unwrap();
    assert_eq!(answers.next().unwrap(), "$17");
    assert_eq!(answers.next().unwrap(), "{\"state\":\"quiet\"}");

    let call = async |path: &str| -> Value {
        server.client.get(format!("{}{path}", server.url)).send().await.unwrap().json().await.unwrap()
    };
    let listed = call("/api/remote-workers").await;
    assert_eq!(
        (&listed["remote_workers"][0]["wid"], &listed["remote_workers"][0]["state"]),
        (&json!("a/<b>?"), &json!("quiet"))
    );
    assert_eq!(call("/stats").await["server"]["connections"], 1);
    assert!(call("/health").await["server"].get("used_memory_mb").is_none());
    assert_eq!(call("/api/remote-workers/nobody/quiet").await["status"], 405);
    let nobody =
        server.client.post(format!("{}/api/remote-workers/nobody/quiet", server.url)).send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::NOT_FOUND);
}
