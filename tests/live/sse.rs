//! SSE streams, read over a real connection.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use callboard::domain::State;

use crate::events::{line, progress, state, words};
use crate::server::Double;

/// One block of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
struct Block {
    id: Option<u64>,
    event: String,
    data: String,
    comment: String,
}

struct Stream {
    answer: reqwest::Response,
    text: String,
    blocks: VecDeque<Block>,
}

pub async fn get(address: SocketAddr, path: &str, last_event_id: Option<&str>) -> reqwest::Response {
    // The client wants one even for plain HTTP; a second installation is refused, which is fine.
    _ = rustls::crypto::ring::default_provider().install_default();
    let mut request = reqwest::Client::new().get(format!("http://{address}{path}"));
    if let Some(id) = last_event_id {
        request = request.header("Last-Event-ID", id);
    }
    request.send().await.unwrap()
}

impl Stream {
    async fn open(address: SocketAddr, path: &str, last_event_id: Option<&str>) -> Self {
        let answer = get(address, path, last_event_id).await;
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-cache");
        Self { answer, text: String::new(), blocks: VecDeque::new() }
    }

    /// The next block; `None` at the end.
    async fn block(&mut self) -> Option<Block> {
        loop {
            if let Some(block) = self.blocks.pop_front() {
                return Some(block);
            }
            self.text += std::str::from_utf8(&self.answer.chunk().await.unwrap()?).unwrap();
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                self.blocks.push_back(Block::read(block));
                self.text = rest.to_owned();
            }
        }
    }

    /// The next event, without comments.
    async fn event(&mut self) -> Option<Block> {
        loop {
            match self.block().await {
                Some(block) if block.event.is_empty() => (),
                other => return other,
            }
        }
    }

    async fn events(&mut self, n: usize) -> Vec<Block> {
        let mut events = Vec::new();
        for _ in 0..n {
            events.push(self.event().await.expect("the stream has ended"));
        }
        events
    }
}

impl Block {
    fn read(text: &str) -> Self {
        let mut block = Self::default();
        for line in text.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => block.id = Some(id.parse().unwrap()),
                Some(("event", name)) => block.event = name.to_owned(),
                Some(("data", data)) => block.data = data.to_owned(),
                Some(("", comment)) => block.comment = comment.to_owned(),
                _ => panic!("{line:?}"),
            }
        }
        block
    }

    fn words(&self) -> String {
        if self.event == "end" {
            assert_eq!(self.data, "{}");
            return "end".to_owned();
        }
        let value: serde_json::Value = serde_json::from_str(&self.data).unwrap();
        assert_eq!(value["type"], *self.event);
        words(&value)
    }
}

fn told(blocks: &[Block]) -> Vec<String> {
    blocks.iter().map(Block::words).collect()
}

#[actix::test]
async fn everything_comes_with_rising_ids() {
    let double = Double::start();
    let (address, _server) = double.serve();
    let mut stream = Stream::open(address, "/api/events?job_type=video&logs=true", None).await;
    double.hub.publish(vec![state(1, State::Running, 1), progress(1, 1, 1)]);
    double.hub.log(1, &"video".into(), &"default".into(), line("two\nlines"));
    double.hub.publish(vec![state(1, State::Completed, 1)]);
    let events = stream.events(4).await;
    assert_eq!(
        told(&events),
        ["state 1 running 1", "progress 1 1", "log 1 two\nlines", "state 1 completed 1"]
    );
    assert!(events.windows(2).all(|w| w[0].id.unwrap() < w[1].id.unwrap()));
}

#[actix::test]
async fn a_job_is_shown_followed_and_ended() {
    let double = Double::start();
    double.put(7, State::Running, 1);
    let (address, _server) = double.serve();
    let mut stream = Stream::open(address, "/api/jobs/7/events", None).await;
    let snapshot = stream.events(1).await;
    double.hub.publish(vec![state(8, State::Completed, 1), progress(7, 1, 5), state(7, State::Failed, 1)]);
    let rest = stream.events(3).await;
    assert_eq!(told(&snapshot), ["snapshot 7 running 1"]);
    assert!(snapshot[0].id < rest[0].id);
    assert_eq!(told(&rest), ["progress 7 5", "state 7 failed 1", "end"]);
    assert_eq!(stream.event().await, None);
    double.until_watched_by(0).await;
}

#[actix::test]
async fn a_final_job_is_shown_and_ended() {
    let double = Double::start();
    double.put(7, State::Cancelled, 0);
    let (address, _server) = double.serve();
    let mut stream = Stream::open(address, "/api/jobs/7/events", None).await;
    assert_eq!(told(&stream.events(2).await), ["snapshot 7 cancelled 0", "end"]);
    assert_eq!(stream.event().await, None);
}

#[actix::test]
async fn goes_on_where_the_client_left() {
    let double = Double::start();
    let (address, _server) = double.serve();
    let mut stream = Stream::open(address, "/api/events", None).await;
    double.hub.publish((0..6).map(|n| progress(1, 1, n)).collect());
    let id = stream.events(4).await[3].id.unwrap().to_string();
    drop(stream);
    double.hub.publish(vec![progress(1, 1, 6)]);
    let by_query = format!("/api/events?last_event_id={id}");
    for (path, header) in [("/api/events", Some(id.as_str())), (by_query.as_str(), None)] {
        let mut again = Stream::open(address, path, header).await;
        assert_eq!(told(&again.events(3).await), ["progress 1 4", "progress 1 5", "progress 1 6"]);
    }
}

#[actix::test]
async fn an_id_that_is_not_known_is_met_with_a_gap() {
    let double = Double::start();
    let (address, _server) = double.serve();
    let mut stream = Stream::open(address, "/api/events", None).await;
    double.hub.publish(vec![state(1, State::Running, 1)]);
    stream.events(1).await;
    for id in ["1", "99999999999999999", "18446744073709551615", "from elsewhere"] {
        let mut again = Stream::open(address, "/api/events", Some(id)).await;
        let events = again.events(2).await;
        assert_eq!(told(&events), ["gap 1", "state 1 running 1"], "{id}");
        assert_eq!(events[0].id, None);
    }
    let answer = get(address, "/api/events?last_event_id=x", None).await;
    assert_eq!(answer.status().as_u16(), 422);
}

#[actix::test]
async fn a_job_that_was_left_is_shown_and_what_was_missed_is_told() {
    let double = Double::start();
    double.put(7, State::Running, 1);
    let (address, _server) = double.serve();
    let mut stream = Stream::open(address, "/api/jobs/7/events", None).await;
    let id = stream.events(1).await[0].id.unwrap().to_string();
    drop(stream);
    // It fails for good, is given another go, and fails once more.
    double.hub.publish(vec![state(7, State::Failed, 1), state(7, State::Pending, 1)]);
    double.hub.publish(vec![state(7, State::Running, 2), progress(7, 2, 1)]);
    double.put(7, State::Running, 2);
    let missed = ["state 7 failed 1", "state 7 pending 1", "state 7 running 2", "progress 7 1"];
    let mut again = Stream::open(address, "/api/jobs/7/events", Some(&id)).await;
    let events = told(&again.events(5).await);
    assert_eq!(events[0], "snapshot 7 running 2");
    assert_eq!(events[1..], missed);
    double.hub.publish(vec![state(7, State::Failed, 2)]);
    assert_eq!(told(&again.events(2).await), ["state 7 failed 2", "end"]);
    // One who comes after the end hears of it as well.
    double.put(7, State::Failed, 2);
    let mut late = Stream::open(address, "/api/jobs/7/events", Some(&id)).await;
    let events = told(&late.events(7).await);
    assert_eq!(events[0], "snapshot 7 failed 2");
    assert_eq!(events[1..5], missed);
    assert_eq!(events[5..], ["state 7 failed 2", "end"]);
}

#[actix::test]
async fn a_silent_stream_says_that_it_is_there() {
    let double = Double::start_with(|double| double.comment_every = Duration::from_millis(20));
    let (address, _server) = double.serve();
    let mut stream = Stream::open(address, "/api/events", None).await;
    for _ in 0..4 {
        let block = stream.block().await.unwrap();
        assert!(block.event.is_empty() && !block.comment.is_empty(), "{block:?}");
    }
    double.hub.publish(vec![state(1, State::Running, 1)]);
    assert_eq!(told(&stream.events(1).await), ["state 1 running 1"]);
}

#[actix::test]
async fn streams_end_at_shutdown_without_saying_that_the_job_is_done() {
    let double = Double::start();
    double.put(7, State::Running, 1);
    let (address, _server) = double.serve();
    let mut one = Stream::open(address, "/api/jobs/7/events", None).await;
    let mut everything = Stream::open(address, "/api/events", None).await;
    one.events(1).await;
    double.until_watched_by(2).await;
    double.hub.close();
    assert_eq!(one.event().await, None);
    assert_eq!(everything.event().await, None);
    assert_eq!(get(address, "/api/events", None).await.status().as_u16(), 503);
}

#[actix::test]
async fn refuses_what_is_not_there() {
    let double = Double::start();
    let (address, _server) = double.serve();
    for (path, status) in [
        ("/api/jobs/1/events", 404),
        ("/api/jobs/x/events", 404),
        ("/api/jobs/1/events?state=failed", 422),
        ("/api/events?limit=3", 422),
    ] {
        let answer = get(address, path, None).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    double.until_watched_by(0).await;
}
