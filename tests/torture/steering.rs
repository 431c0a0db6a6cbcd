//! What the producers ask for besides single jobs: limits, uniqueness, workflows.

use serde_json::{Value, json};

use super::producer::Producer;

/// Values that limits tell jobs apart by, and targets of unique jobs.
const VALUES: usize = 3;

impl Producer {
    /// A job that a limit may hold back.
    pub async fn limited(&mut self) {
        let kind = ["keyed", "rated"][self.random.usize(..2)];
        let k = self.random.usize(..VALUES);
        self.hand_in(json!({"job_type": kind, "args": {"k": k}, "max_retries": 6})).await;
    }

    /// A job of which there may be but one unfinished.
    pub async fn unique(&mut self) {
        let target = format!("target {}", self.random.usize(..VALUES));
        self.hand_in(json!({"job_type": "unique", "target_id": target, "max_retries": 6})).await;
    }

    async fn hand_in(&mut self, job: Value) {
        let Some(answer) = self.call("POST", "/api/jobs", Some(&job)).await else { return };
        let status = answer.status().as_u16();
        let Some(id) = answer.json::<Value>().await.ok().and_then(|job| job["id"].as_i64()) else { return };
        self.ledger.with(|told| match status {
            201 => _ = told.jobs.insert(id, None),
            200 => told.duplicates += 1,
            503 => {}
            other => panic!("an enqueue was answered with {other}"),
        });
    }

    /// Four jobs in a diamond, or side by side, and a callback.
    pub async fn workflow(&mut self) {
        let diamond = self.random.bool();
        let mut jobs = Vec::new();
        for (name, after) in [("a", &[][..]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])] {
            let mut job = self.job();
            job["name"] = json!(name);
            // Some of them fail.
            job["max_retries"] = json!([0, 6, 6][self.random.usize(..3)]);
            if diamond {
                job["depends_on"] = json!(after);
                job["on_parent_failure"] = json!(["cancel", "run"][self.random.usize(..2)]);
            }
            jobs.push(job);
        }
        let workflow = json!({"jobs": jobs, "callback": {"job_type": "plain", "max_retries": 6}});
        let Some(answer) = self.call("POST", "/api/workflows", Some(&workflow)).await else { return };
        let status = answer.status().as_u16();
        assert!(matches!(status, 201 | 503), "a workflow was answered with {status}");
        if status == 201
            && let Ok(body) = answer.json::<Value>().await
            && let Some(id) = body["id"].as_i64()
        {
            self.ledger.with(|told| told.workflows.insert(id, jobs.len()));
        }
    }

    pub async fn cancel_workflow(&mut self) {
        let Some(id) = self.ledger.young_workflow(&mut self.random) else { return };
        let Some(answer) = self.call("DELETE", &format!("/api/workflows/{id}"), None).await else { return };
        let status = answer.status().as_u16();
        assert!(
            matches!(status, 200 | 202 | 409 | 503),
            "a cancel of workflow {id} was answered with {status}"
        );
    }

    pub async fn retry_workflow(&mut self) {
        let Some(id) = self.ledger.young_workflow(&mut self.random) else { return };
        self.ledger.with(|told| _ = told.retried_workflows.insert(id));
        let path = format!("/api/workflows/{id}/retry");
        let Some(answer) = self.call("POST", &path, None).await else { return };
        let status = answer.status().as_u16();
        assert!(matches!(status, 200 | 409 | 503), "a retry of workflow {id} was answered with {status}");
    }
}
