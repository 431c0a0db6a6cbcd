//! POST /api/jobs/bulk.

use serde_json::{Value, json};

use crate::server::{Server, test};

const BULK: &str = "/api/jobs/bulk";

async fn total(server: &Server) -> Value {
    server.get("/api/queue-status").await.ok(200)["total"].clone()
}

#[test]
fn ids_come_in_the_order_of_the_jobs() {
    test(async |server| {
        let jobs: Vec<_> =
            (0..20).map(|n| json!({"job_type": "puppet", "args": [n], "delay_secs": 60})).collect();
        let answer = server.post(BULK, json!({"jobs": jobs})).await.ok(201);
        assert_eq!(answer["duplicates"], 0);
        for (n, id) in answer["ids"].as_array().unwrap().iter().enumerate() {
            assert_eq!(server.job(id.as_i64().unwrap()).await["args"], json!([n]));
        }
        assert_eq!(server.post(BULK, json!({"jobs": []})).await.ok(201), json!({"ids": [], "duplicates": 0}));
    });
}

#[test]
fn a_duplicate_has_the_id_of_the_job_that_is_there() {
    test(async |server| {
        let there = server.enqueue(json!({"key": "old", "delay_secs": 60})).await;
        let job = |key: &str| json!({"job_type": "puppet", "key": key, "delay_secs": 60});
        let target = json!({"job_type": "puppet", "target_id": "t", "delay_secs": 60});
        let jobs = json!([job("a"), job("old"), job("a"), target, job("b"), target]);
        let answer = server.post(BULK, json!({"jobs": jobs})).await.ok(201);
        let ids: Vec<i64> = serde_json::from_value(answer["ids"].clone()).unwrap();
        assert_eq!(answer["duplicates"], 3);
        assert_eq!((ids[1], ids[2], ids[5]), (there, ids[0], ids[3]));
        assert!(there < ids[0] && ids[0] < ids[3] && ids[3] < ids[4], "{ids:?}");
        assert_eq!(total(server).await, 4);
    });
}

#[test]
fn one_wrong_job_keeps_out_all_and_is_named_by_its_place() {
    test(async |server| {
        let good = || json!({"job_type": "puppet", "delay_secs": 60});
        for (bad, field) in [
            (json!({"job_type": "puppet", "priority": 11}), "jobs[3].priority"),
            (json!({"job_type": "pupet"}), "jobs[3].job_type"),
            (json!({"job_type": "sleep", "args": {"secs": "x"}}), "jobs[3].args.secs"),
            (json!({"job_type": "puppet", "depends_on": [99]}), "jobs[3].depends_on"),
            (json!({"job_type": "puppet", "parent_job_id": 99}), "jobs[3].parent_job_id"),
            (json!({"job_type": "puppet", "colour": "red"}), "jobs[3].colour"),
            (json!("puppet"), "jobs[3]"),
        ] {
            let answer = server.post(BULK, json!({"jobs": [good(), good(), good(), bad, good()]})).await;
            assert_eq!(answer.wrong_fields(), [field]);
            assert_eq!(total(server).await, 0, "{field}");
        }
    });
}

#[test]
fn a_conflict_that_is_to_be_refused_keeps_out_all() {
    test(async |server| {
        let unique = json!({"by": ["args"], "on_conflict": "refuse"});
        let job = json!({"job_type": "puppet", "args": [1], "delay_secs": 60, "unique": unique});
        let answer =
            server.post(BULK, json!({"jobs": [job, {"job_type": "puppet", "delay_secs": 60}, job]})).await;
        assert!(answer.problem(409).contains("jobs[2]"), "{}", answer.text);
        assert_eq!(total(server).await, 0);
    });
}

#[test]
fn jobs_may_depend_on_those_that_are_there() {
    test(async |server| {
        let parent = server.enqueue(json!({"delay_secs": 60})).await;
        let jobs = json!([{"job_type": "puppet", "depends_on": [parent]}]);
        let answer = server.post(BULK, json!({"jobs": jobs})).await.ok(201);
        assert_eq!(server.job(answer["ids"][0].as_i64().unwrap()).await["state"], "blocked");
    });
}

#[test]
fn ten_thousand_are_taken_and_one_more_is_not() {
    test(async |server| {
        let jobs = vec![json!({"job_type": "puppet", "delay_secs": 60}); 10_000];
        let answer = server.post(BULK, json!({"jobs": jobs})).await.ok(201);
        assert_eq!(answer["ids"].as_array().unwrap().len(), 10_000);
        let jobs = vec![json!({"job_type": "puppet"}); 10_001];
        let answer = server.post(BULK, json!({"jobs": jobs})).await;
        assert_eq!(answer.wrong_fields(), ["jobs"]);
        assert_eq!(total(server).await, 10_000);
    });
}
