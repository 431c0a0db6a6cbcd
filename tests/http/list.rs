//! GET /api/jobs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Server, test};

/// The ids on a page.
fn ids(page: &Value) -> Vec<i64> {
    page["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_i64().unwrap()).collect()
}

async fn found(server: &Server, query: &str) -> Vec<i64> {
    let page = server.get(&format!("/api/jobs?{query}")).await.ok(200);
    assert_eq!(page["next_cursor"], Value::Null, "{query}");
    ids(&page)
}

#[test]
fn every_filter_finds_what_it_names() {
    test(async |server| {
        let later = |fields: Value| {
            let mut job = json!({"delay_secs": 3600});
            job.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            job
        };
        let tagged = server
            .enqueue(later(json!({"key": "ka", "tags": ["x", "y"], "target_id": "t 1", "unique": false})))
            .await;
        let slow = server
            .enqueue(later(json!({"key": "kb", "tags": ["y"], "queue": "slow", "args": {"url": "needle"}})))
            .await;
        server.clock.advance(Duration::from_secs(60));
        let child = server
            .enqueue(later(json!({"job_type": "doll", "target_id": "needle", "parent_job_id": tagged})))
            .await;
        let blocked = server.enqueue(later(json!({"depends_on": [slow]}))).await;
        server.clock.advance(Duration::from_secs(60));
        let failed = server.ended(json!({}), "failed").await;
        let cancelled = server.ended(json!({"job_type": "doll"}), "cancelled").await;
        for (query, wanted) in [
            ("state=scheduled", vec![slow, tagged]),
            ("state=failed&state=cancelled", vec![cancelled, failed]),
            ("job_type=doll", vec![cancelled, child]),
            ("job_type=doll&job_type=puppet", vec![cancelled, failed, blocked, child, slow, tagged]),
            ("queue=slow", vec![slow]),
            ("queue=nowhere", vec![]),
            ("tag=x", vec![tagged]),
            ("tag=x&tag=y", vec![slow, tagged]),
            ("target_id=t%201", vec![tagged]),
            ("target_id=t+1&target_id=needle", vec![child, tagged]),
            (&format!("parent_job_id={tagged}"), vec![child]),
            (&format!("parent_job_id={slow}"), vec![]),
            ("workflow_id=1", vec![]),
            ("key=ka&key=kb&key=kc", vec![slow, tagged]),
            ("q=needle", vec![child, slow]),
            ("q=no%20good", vec![failed]),
            ("q=nothing", vec![]),
            ("created_after=2030-01-01T12:00:00Z", vec![cancelled, failed, blocked, child]),
            ("created_before=2030-01-01T12:01:00Z", vec![slow, tagged]),
            (
                "created_after=2030-01-01T12:00:30Z&created_before=2030-01-01T13:01:30%2B01:00",
                vec![blocked, child],
            ),
            ("state=scheduled&queue=default", vec![tagged]),
            ("state=blocked&tag=x", vec![]),
            ("tag=y&queue=slow&key=kb&q=needle", vec![slow]),
            ("order=oldest", vec![tagged, slow, child, blocked, failed, cancelled]),
            ("order=oldest&state=blocked", vec![child, blocked]),
        ] {
            assert_eq!(found(server, query).await, wanted, "{query}");
        }
    });
}

#[test]
fn pages_follow_each_other_in_every_order() {
    test(async |server| {
        let priorities = [5, 1, 9, 1, 5, 3, 9, 2, 5, 4, 1];
        let jobs: Vec<_> = priorities
            .iter()
            .map(|p| json!({"job_type": "puppet", "priority": p, "delay_secs": 60, "args": ["word"]}))
            .collect();
        let answer = server.post("/api/jobs/bulk", json!({"jobs": jobs})).await.ok(201);
        let made: Vec<i64> = serde_json::from_value(answer["ids"].clone()).unwrap();
        let newest: Vec<i64> = made.iter().rev().copied().collect();
        let mut by_priority = made.clone();
        by_priority.sort_by_key(|id| (priorities[made.iter().position(|m| m == id).unwrap()], *id));
        for (order, wanted) in [("newest", &newest), ("oldest", &made), ("priority", &by_priority)] {
            for filter in ["", "&state=scheduled", "&q=word", "&job_type=puppet&queue=default"] {
                // By priority there are only lists of what waits or runs.
                let filter = match order {
                    "priority" => {
                        format!("{}&state=scheduled&state=retrying", filter.replace("&state=scheduled", ""))
                    }
                    _ => filter.to_owned(),
                };
                let (mut seen, mut cursor) = (Vec::new(), String::new());
                loop {
                    let page =
                        server.get(&format!("/api/jobs?limit=3&order={order}{filter}{cursor}")).await.ok(200);
                    let found = ids(&page);
                    assert!(found.len() <= 3);
                    seen.extend(found);
                    let Some(next) = page["next_cursor"].as_str() else { break };
                    cursor = format!("&cursor={next}");
                }
                assert_eq!(&seen, wanted, "{order} {filter}");
            }
        }
        assert_eq!(found(server, "").await, newest);
    });
}

#[test]
fn by_priority_there_are_only_lists_of_what_is_unfinished() {
    test(async |server| {
        for query in [
            "",
            "&state=failed",
            "&state=pending&state=completed",
            "&state=pending&tag=x",
            "&state=blocked&key=x",
        ] {
            let answer = server.get(&format!("/api/jobs?order=priority{query}")).await;
            answer.problem(422);
            assert_eq!(answer.fields(), ["order"], "{query}");
        }
        server.get("/api/dead-letters?order=priority").await.problem(422);
        server.get("/api/jobs?order=priority&state=running&job_type=puppet&queue=default&q=x").await.ok(200);
    });
}

#[test]
fn the_usual_page_has_fifty_and_the_largest_five_hundred() {
    test(async |server| {
        let jobs = vec![json!({"job_type": "puppet", "delay_secs": 60}); 501];
        server.post("/api/jobs/bulk", json!({"jobs": jobs})).await.ok(201);
        let usual = server.get("/api/jobs").await.ok(200);
        assert_eq!((ids(&usual).len(), usual["next_cursor"].is_string()), (50, true));
        let largest = server.get("/api/jobs?limit=500").await.ok(200);
        assert_eq!(ids(&largest).len(), 500);
        let last = server
            .get(&format!("/api/jobs?limit=500&cursor={}", largest["next_cursor"].as_str().unwrap()))
            .await;
        assert_eq!((ids(&last.ok(200)).len(), last.json()["next_cursor"].clone()), (1, Value::Null));
    });
}

#[test]
fn a_cursor_is_good_for_its_own_list_only() {
    test(async |server| {
        let jobs = vec![json!({"job_type": "puppet", "delay_secs": 60}); 3];
        server.post("/api/jobs/bulk", json!({"jobs": jobs})).await.ok(201);
        let page = server.get("/api/jobs?limit=1").await.ok(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        for query in ["order=oldest&", "state=scheduled&", "q=x&"] {
            let answer = server.get(&format!("/api/jobs?{query}cursor={cursor}")).await;
            assert_eq!(answer.wrong_fields(), ["cursor"], "{query}");
        }
        for made_up in ["x", "AAAAAAAAAAAAAAAAAAAA", "%F0%9F%98%80"] {
            assert_eq!(server.get(&format!("/api/jobs?cursor={made_up}")).await.wrong_fields(), ["cursor"]);
        }
    });
}

#[test]
fn lists_leave_out_what_only_one_job_reads_show() {
    test(async |server| {
        server.enqueue(json!({})).await;
        let page = server.get("/api/jobs").await.ok(200);
        let job = page["jobs"][0].as_object().unwrap();
        assert!(!job.contains_key("attempts") && !job.contains_key("waiting_for"), "{job:?}");
    });
}
