//! POST /api/jobs/actions, and the dead letters.

use serde_json::{Value, json};

use crate::server::{Server, test};

const ACTIONS: &str = "/api/jobs/actions";

async fn act(server: &Server, action: &str, whom: Value) -> Value {
    let mut body = json!({"action": action});
    body.as_object_mut().unwrap().extend(whom.as_object().unwrap().clone());
    server.post(ACTIONS, body).await.ok(200)
}

async fn state(server: &Server, id: i64) -> Value {
    server.job(id).await["state"].clone()
}

/// So many jobs that wait for an hour.
async fn waiting(server: &Server, n: usize, fields: Value) -> Vec<i64> {
    let mut job = json!({"job_type": "puppet", "delay_secs": 3600});
    job.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let answer = server.post("/api/jobs/bulk", json!({"jobs": vec![job; n]})).await.ok(201);
    serde_json::from_value(answer["ids"].clone()).unwrap()
}

#[test]
fn ids_are_acted_on_where_their_state_allows_it() {
    test(async |server| {
        let done = server.ended(json!({}), "completed").await;
        let ids = waiting(server, 2, json!({})).await;
        let all = json!({"ids": [ids[0], ids[1], done, 999]});
        assert_eq!(act(server, "cancel", all.clone()).await, json!({"matched": 3, "changed": 2}));
        assert_eq!(
            (state(server, ids[0]).await, state(server, done).await),
            (json!("cancelled"), json!("completed"))
        );
        assert_eq!(
            act(server, "delete", json!({"ids": [ids[0]]})).await,
            json!({"matched": 1, "changed": 1})
        );
        server.get(&format!("/api/jobs/{}", ids[0])).await.problem(404);
        assert_eq!(act(server, "retry", json!({"ids": [ids[1]]})).await, json!({"matched": 1, "changed": 1}));
        assert_ne!(state(server, ids[1]).await, "cancelled");
    });
}

#[test]
fn only_final_jobs_are_deleted() {
    test(async |server| {
        let id = waiting(server, 1, json!({})).await[0];
        assert_eq!(act(server, "delete", json!({"ids": [id]})).await, json!({"matched": 1, "changed": 0}));
        assert_eq!(state(server, id).await, "scheduled");
    });
}

#[test]
fn a_filter_reaches_many_in_chunks() {
    test(async |server| {
        let slow = waiting(server, 450, json!({"queue": "slow"})).await;
        let other = waiting(server, 3, json!({})).await;
        let filter = json!({"filter": {"queue": ["slow"], "state": "scheduled"}});
        assert_eq!(act(server, "cancel", filter).await, json!({"matched": 450, "changed": 450}));
        assert_eq!(
            (state(server, slow[449]).await, state(server, other[0]).await),
            (json!("cancelled"), json!("scheduled"))
        );
        let filter = json!({"filter": {"state": ["cancelled"]}});
        assert_eq!(act(server, "delete", filter).await, json!({"matched": 450, "changed": 450}));
        assert_eq!(server.get("/api/queue-status").await.ok(200)["total"], 3);
        assert_eq!(
            act(server, "cancel", json!({"filter": {"all": true}})).await,
            json!({"matched": 3, "changed": 3})
        );
        assert_eq!(
            act(server, "cancel", json!({"filter": {"all": true}})).await,
            json!({"matched": 3, "changed": 0})
        );
    });
}

#[test]
fn every_job_must_be_meant() {
    test(async |server| {
        let id = waiting(server, 1, json!({})).await[0];
        for (body, field) in [
            (json!({"action": "cancel", "filter": {}}), "filter.all"),
            (json!({"action": "cancel", "filter": {"all": false}}), "filter.all"),
            (json!({"action": "cancel", "ids": []}), "ids"),
            (json!({"action": "cancel"}), "ids"),
            (json!({"action": "cancel", "filter": {"queues": "x"}}), "filter.queues"),
            (json!({"action": "explode", "ids": [id]}), "action"),
        ] {
            assert_eq!(server.post(ACTIONS, body.clone()).await.wrong_fields(), [field], "{body}");
        }
        assert_eq!(state(server, id).await, "scheduled");
    });
}

#[test]
fn dead_letters_are_listed_redriven_and_discarded() {
    test(async |server| {
        let mut dead = Vec::new();
        for queue in ["a", "a", "b"] {
            dead.push(server.ended(json!({"queue": queue}), "failed").await);
        }
        let done = server.ended(json!({"queue": "a"}), "completed").await;
        server.poke("/api/job-types/puppet/pause").await.ok(200);

        let page = server.get("/api/dead-letters?limit=2&order=oldest").await.ok(200);
        assert_eq!(
            (page["jobs"][0]["id"].clone(), page["jobs"][1]["id"].clone()),
            (json!(dead[0]), json!(dead[1]))
        );
        let next = format!(
            "/api/dead-letters?limit=2&order=oldest&cursor={}",
            page["next_cursor"].as_str().unwrap()
        );
        let page = server.get(&next).await.ok(200);
        assert_eq!(
            (page["jobs"][0]["id"].clone(), page["next_cursor"].clone()),
            (json!(dead[2]), Value::Null)
        );
        assert_eq!(server.get("/api/dead-letters?queue=c").await.ok(200)["jobs"], json!([]));

        for call in [server.poke("/api/dead-letters/retry").await, server.delete("/api/dead-letters").await] {
            assert_eq!(call.wrong_fields(), ["all"]);
        }
        let redriven = server.poke("/api/dead-letters/retry?queue=a").await.ok(200);
        assert_eq!(redriven, json!({"matched": 2, "changed": 2}));
        let job = server.job(dead[0]).await;
        assert_eq!(
            (&job["state"], &job["retry_count"], &job["attempts"][0]["outcome"]),
            (&json!("pending"), &json!(0), &json!("fatal"))
        );
        let discarded = server.delete("/api/dead-letters?all=true").await.ok(200);
        assert_eq!(discarded, json!({"matched": 1, "changed": 1}));
        server.get(&format!("/api/jobs/{}", dead[2])).await.problem(404);
        assert_eq!(state(server, done).await, "completed");
    });
}

#[test]
fn dead_letters_are_redriven_part_by_part() {
    test(async |server| {
        for _ in 0..5 {
            server.ended(json!({}), "failed").await;
        }
        server.poke("/api/job-types/puppet/pause").await.ok(200);
        let call = "/api/dead-letters/retry?all=true&limit=2";
        let (mut next, mut parts) = (call.to_owned(), Vec::new());
        loop {
            let part = server.poke(&next).await.ok(200);
            parts.push((part["matched"].clone(), part["changed"].clone()));
            let Some(cursor) = part["next_cursor"].as_str() else { break };
            next = format!("{call}&cursor={cursor}");
        }
        assert_eq!(parts, [(json!(2), json!(2)), (json!(2), json!(2)), (json!(1), json!(1))]);
        let status = server.get("/api/queue-status").await.ok(200);
        assert_eq!((&status["counts"]["failed"], &status["counts"]["pending"]), (&json!(0), &json!(5)));
        let without = next.replace("&limit=2", "");
        assert_eq!(server.poke(&without).await.wrong_fields(), ["limit"]);
        assert_eq!(server.poke("/api/dead-letters/retry?all=true&limit=0").await.wrong_fields(), ["limit"]);
    });
}
