//! A client that sends bytes as they are.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub struct Client(BufReader<TcpStream>);

impl Client {
    pub async fn open(address: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    /// Sends bytes; errors show when the answer is read.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.get_mut().write_all(bytes).await;
    }

    /// Sends no more, and goes on reading.
    pub async fn half_close(&mut self) {
        self.0.get_mut().shutdown().await.unwrap();
    }

    /// The next answer, as it came but for its ends of lines: `+OK`, `-ERR …`, the text of a bulk
    /// string, `$-1`; `closed` when there is none.
    pub async fn read(&mut self) -> String {
        let mut line = Vec::new();
        let read = self.0.read_until(b'\n', &mut line).await;
        if !matches!(read, Ok(1..)) {
            return "closed".into();
        }
        let line = String::from_utf8(line).unwrap();
        let line = line.strip_suffix("\r\n").expect("each line ends with CR and LF").to_owned();
        let Some(length) = line.strip_prefix('$').filter(|n| *n != "-1") else { return line };
        let mut body = vec![0; length.parse::<usize>().unwrap() + 2];
        self.0.read_exact(&mut body).await.unwrap();
        let body = String::from_utf8(body).unwrap();
        let body = body.strip_suffix("\r\n").unwrap().to_owned();
        assert!(!body.contains(['\r', '\n']), "{body}");
        body
    }

    /// Sends a line and reads its answer.
    pub async fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes()).await;
        self.read().await
    }

    /// As [`Self::ask`], for an answer in JSON.
    pub async fn ask_json(&mut self, line: &str) -> Value {
        let answer = self.ask(line).await;
        serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{line}: {answer}: {e}"))
    }

    pub async fn push(&mut self, job: &Value) {
        assert_eq!(self.ask(&format!("PUSH {job}")).await, "+OK", "{job}");
    }

    /// Fetches a job that is there.
    pub async fn fetch(&mut self, queues: &str) -> Value {
        self.ask_json(&format!("FETCH {queues}")).await
    }
}
