//! A client that makes jobs, cancels and retries them, and remembers what it was told.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::ledger::Ledger;
use super::server::KINDS;

pub struct Producer {
    name: u64,
    pub(super) random: fastrand::Rng,
    pub(super) ledger: Arc<Ledger>,
    address: watch::Receiver<Option<String>>,
    stop: watch::Receiver<bool>,
    client: Client,
    keys: u64,
}

impl Producer {
    pub fn new(
        name: u64,
        random: fastrand::Rng,
        ledger: Arc<Ledger>,
        address: watch::Receiver<Option<String>>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let client = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Self { name, random, ledger, address, stop, client, keys: 0 }
    }

    pub async fn run(mut self) {
        self.address.wait_for(Option::is_some).await.unwrap();
        while !*self.stop.borrow() {
            match self.random.u8(..28) {
                0..=10 => self.enqueue().await,
                11..=12 => self.bulk().await,
                13..=14 => self.child().await,
                15..=17 => self.cancel().await,
                18..=19 => self.retry().await,
                20..=22 => self.limited().await,
                23..=24 => self.unique().await,
                25 => self.workflow().await,
                26 => self.cancel_workflow().await,
                _ => self.retry_workflow().await,
            }
            // The pace of the load; there is nothing to wait for.
            tokio::time::sleep(Duration::from_millis(self.random.u64(10..70))).await;
        }
    }

    async fn enqueue(&mut self) {
        self.keys += 1;
        let key = format!("p{}-{}", self.name, self.keys);
        let mut job = self.job();
        job["key"] = json!(key);
        // The same call again until it is answered: the key makes that safe.
        loop {
            if let Some(answer) = self.call("POST", "/api/jobs", Some(&job)).await {
                let status = answer.status().as_u16();
                let job: Value = answer.json().await.unwrap_or_default();
                match (status, job["id"].as_i64()) {
                    (200 | 201, Some(id)) => {
                        self.ledger.with(|told| {
                            told.jobs.entry(id).or_default();
                            told.keys.insert(key, id);
                        });
                        return;
                    }
                    // Refused for now, or the body was cut off with the server's life.
                    (503, _) | (200 | 201, None) => {}
                    other => panic!("an enqueue was answered with {other:?}: {job}"),
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn bulk(&mut self) {
        let jobs: Vec<Value> = (0..5).map(|_| self.job()).collect();
        let Some(answer) = self.call("POST", "/api/jobs/bulk", Some(&json!({ "jobs": jobs }))).await else {
            return;
        };
        if answer.status() == 201
            && let Ok(body) = answer.json::<Value>().await
        {
            let ids: Vec<i64> =
                body["ids"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
            assert_eq!(ids.len(), 5);
            self.ledger.with(|told| told.jobs.extend(ids.into_iter().map(|id| (id, None))));
        }
    }

    async fn child(&mut self) {
        let Some(parent) = self.ledger.young_job(&mut self.random) else { return };
        let mut job = self.job();
        job["depends_on"] = json!([parent]);
        let Some(answer) = self.call("POST", "/api/jobs", Some(&job)).await else { return };
        assert_ne!(answer.status(), 422, "an acknowledged job is not there: {parent}");
        if answer.status() == 201
            && let Ok(body) = answer.json::<Value>().await
            && let Some(id) = body["id"].as_i64()
        {
            self.ledger.with(|told| told.jobs.insert(id, Some(parent)));
        }
    }

    async fn cancel(&mut self) {
        let Some(id) = self.ledger.young_job(&mut self.random) else { return };
        let Some(answer) = self.call("DELETE", &format!("/api/jobs/{id}"), None).await else { return };
        match answer.status().as_u16() {
            200 | 202 => self.ledger.with(|told| _ = told.cancelled.insert(id)),
            409 | 503 => {}
            other => panic!("a cancel of job {id} was answered with {other}"),
        }
    }

    async fn retry(&mut self) {
        let Some(id) = self.ledger.any_job(&mut self.random) else { return };
        self.ledger.with(|told| _ = told.retried.insert(id));
        let Some(answer) = self.call("POST", &format!("/api/jobs/{id}/retry"), None).await else { return };
        let status = answer.status().as_u16();
        assert!(matches!(status, 200 | 409 | 503), "a retry of job {id} was answered with {status}");
    }

    pub(super) fn job(&mut self) -> Value {
        let kind = KINDS[self.random.usize(..KINDS.len())];
        json!({"job_type": kind, "priority": self.random.u8(1..=10), "max_retries": 6})
    }

    /// `None`: the server died before it answered, or was not there.
    pub(super) async fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Option<Response> {
        let address = self.address.borrow().clone()?;
        let mut request = self.client.request(method.parse().unwrap(), format!("{address}{path}"));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.ok();
        self.ledger.with(|told| if answer.is_some() { told.answers += 1 } else { told.silence += 1 });
        answer
    }
}
