//! A client that hands in books and gives their signals, until each call is answered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::worker::{BOOK, Book, SIGNAL};
use super::{LATE, SLOTS};

/// A patience that does not end within a test.
const LONG: f64 = 3600.0;
/// How often ten seconds are waited for a job once nobody kills any more.
const TRIES: u32 = 12;

/// What the clients were told.
#[derive(Default)]
pub struct Told {
    /// Acknowledged jobs.
    pub jobs: BTreeMap<i64, Book>,
    /// Acknowledged signals, by their jobs.
    pub given: BTreeMap<i64, Value>,
    /// Calls to which there was no answer.
    pub silence: u64,
}

pub struct Client {
    name: u64,
    random: fastrand::Rng,
    told: Arc<Mutex<Told>>,
    address: watch::Receiver<Option<String>>,
    http: reqwest::Client,
    made: u32,
    /// Its jobs, but for those that are late.
    mine: Vec<i64>,
    /// Those of them whose signal is still to be given.
    owed: Vec<i64>,
    /// Jobs whose signal is given last of all.
    late: Vec<i64>,
}

impl Client {
    pub fn new(
        name: u64,
        random: fastrand::Rng,
        told: Arc<Mutex<Told>>,
        address: watch::Receiver<Option<String>>,
    ) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Self {
            name,
            random,
            told,
            address,
            http,
            made: 0,
            mine: Vec::new(),
            owed: Vec::new(),
            late: Vec::new(),
        }
    }

    pub async fn run(mut self, stop: watch::Receiver<bool>) -> Self {
        self.address.wait_for(Option::is_some).await.unwrap();
        while !*stop.borrow() {
            if self.owed.is_empty() || self.random.bool() {
                self.hand_in().await;
            } else {
                let n = self.random.usize(..self.owed.len());
                let id = self.owed.swap_remove(n);
                self.give(id).await;
            }
            // The pace of the load; there is nothing to wait for.
            tokio::time::sleep(Duration::from_millis(self.random.u64(5..40))).await;
        }
        self
    }

    async fn hand_in(&mut self) {
        self.made += 1;
        let patience_secs = match self.random.u8(..4) {
            _ if self.made <= LATE => Some(LONG),
            0 => None,
            1 => Some(self.random.f64() / 2.0),
            _ => Some(LONG),
        };
        let book = Book { chapters: self.random.u32(1..8), patience_secs, fails: self.random.bool() };
        let key = format!("{}-{}", self.name, self.made);
        let job = json!({"job_type": BOOK, "args": book, "key": key});
        let (status, answer) = self.insist("POST", "/api/jobs", Some(&job)).await;
        assert!(matches!(status, 200 | 201), "an enqueue was answered with {status}: {answer}");
        let id = answer["id"].as_i64().unwrap();
        self.told.lock().unwrap().jobs.insert(id, book.clone());
        if self.made <= LATE {
            return self.late.push(id);
        }
        self.mine.push(id);
        if book.patience_secs.is_some() {
            self.owed.push(id);
        }
    }

    /// Gives a job its signal, whether it waits already, not yet, or no more.
    async fn give(&mut self, id: i64) {
        let word = json!({"word": format!("for {id}")});
        let path = format!("/api/jobs/{id}/signals/{SIGNAL}");
        let (status, answer) = self.insist("POST", &path, Some(&word)).await;
        match status {
            200 | 201 => _ = self.told.lock().unwrap().given.insert(id, word),
            409 if answer["detail"].as_str().unwrap().contains("takes no signals") => {}
            other => panic!("a signal to job {id} was answered with {other}: {answer}"),
        }
    }

    /// Gives what it owes, and waits until all its jobs are done but for those whose signal is late.
    pub async fn pay_debts(&mut self) {
        for id in std::mem::take(&mut self.owed) {
            self.give(id).await;
        }
        for id in std::mem::take(&mut self.mine) {
            self.completes(id).await;
        }
    }

    /// Wakes those that still wait. They have kept nobody else waiting, and are more than there are
    /// slots.
    pub async fn wake_the_late(&mut self) {
        assert!(self.late.len() > SLOTS as usize);
        for id in std::mem::take(&mut self.late) {
            let (_, job) = self.insist("GET", &format!("/api/jobs/{id}"), None).await;
            assert_eq!(
                (&job["state"], &job["waiting_for"]["reason"]),
                (&json!("scheduled"), &json!("signal"))
            );
            self.give(id).await;
            self.completes(id).await;
        }
    }

    async fn completes(&mut self, id: i64) {
        for _ in 0..TRIES {
            let (_, job) = self.insist("GET", &format!("/api/jobs/{id}?wait_secs=10"), None).await;
            if job["state"] == "completed" {
                return;
            }
        }
        let (_, job) = self.insist("GET", &format!("/api/jobs/{id}"), None).await;
        panic!("it does not come to its end: {job}");
    }

    /// A call, again and again until it is answered: all of them bear that.
    async fn insist(&mut self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        loop {
            let address = self.address.borrow().clone().unwrap();
            let mut request = self.http.request(method.parse().unwrap(), format!("{address}{path}"));
            if let Some(body) = body {
                request = request.json(body);
            }
            if let Ok(answer) = request.send().await
                && answer.status() != 503
            {
                let status = answer.status().as_u16();
                // A body that is cut off was an answer too, but what it said is to be known.
                if let Ok(body) = answer.json().await {
                    return (status, body);
                }
            }
            self.told.lock().unwrap().silence += 1;
            // The next server needs a moment to come up.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
