//! POST /api/jobs/{id}/retry and DELETE /api/jobs/{id}.

use serde_json::{Value, json};

use crate::server::{Server, test};

/// A job in each state but running, by the state.
async fn one_of_each(server: &Server) -> Vec<(&'static str, i64)> {
    let mut jobs = Vec::new();
    for state in ["completed", "failed", "retrying"] {
        let id = server.ended(json!({"backoff": {"base_delay_secs": 3600}}), state).await;
        jobs.push((state, id));
    }
    server.poke("/api/job-types/puppet/pause").await.ok(200);
    let scheduled = server.enqueue(json!({"delay_secs": 3600})).await;
    jobs.push(("scheduled", scheduled));
    jobs.push(("blocked", server.enqueue(json!({"depends_on": [scheduled]})).await));
    jobs.push(("pending", server.enqueue(json!({})).await));
    jobs.push(("cancelled", server.ended(json!({}), "cancelled").await));
    jobs
}

async fn retry(server: &Server, id: i64) -> crate::answer::Answer {
    server.poke(&format!("/api/jobs/{id}/retry")).await
}

async fn cancel(server: &Server, id: i64) -> crate::answer::Answer {
    server.delete(&format!("/api/jobs/{id}")).await
}

#[test]
fn a_retry_is_given_where_the_state_allows_it() {
    test(async |server| {
        for (state, id) in one_of_each(server).await {
            let answer = retry(server, id).await;
            if ["completed", "failed", "retrying", "cancelled"].contains(&state) {
                let job = answer.ok(200);
                assert_eq!((&job["state"], &job["retry_count"]), (&json!("pending"), &json!(0)), "{state}");
                assert_eq!(job["completed_at"], Value::Null);
            } else {
                assert!(answer.problem(409).contains(&format!("is {state}")), "{}", answer.text);
                assert_eq!(server.job(id).await["state"], state);
            }
        }
        retry(server, 77).await.problem(404);
    });
}

#[test]
fn a_running_job_is_not_retried() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        let _run = server.run().await;
        assert!(retry(server, id).await.problem(409).contains("is running"));
    });
}

#[test]
fn a_retry_keeps_the_history_and_gives_a_fresh_budget() {
    test(async |server| {
        let id = server.enqueue(json!({"max_retries": 0})).await;
        server.run().await.fail("first");
        server.until(id, "failed").await;
        retry(server, id).await.ok(200);
        server.run().await.fail("second");
        server.until(id, "failed").await;
        let job = server.job(id).await;
        let errors: Vec<_> = job["attempts"].as_array().unwrap().iter().map(|a| a["error"].clone()).collect();
        assert_eq!(errors, ["first", "second"]);
        assert_eq!((&job["error"], &job["attempt"]), (&json!("second"), &json!(2)));
    });
}

#[test]
fn a_retry_waits_for_parents_that_are_open_again() {
    test(async |server| {
        let parent = server.enqueue(json!({})).await;
        let child = server.enqueue(json!({"depends_on": [parent]})).await;
        server.run().await.end(Err(callboard::workers::Failure::fatal("no")));
        server.until(child, "cancelled").await;
        retry(server, parent).await.ok(200);
        assert_eq!(retry(server, child).await.ok(200)["state"], "blocked");
        server.run().await.succeed(json!("parent's"));
        let run = server.run().await;
        assert_eq!(run.id(), child);
        assert_eq!(run.ctx.parents()[0].result.as_ref().unwrap().as_str(), r#""parent's""#);
    });
}

#[test]
fn what_waits_is_cancelled_at_once_and_what_is_final_is_not() {
    test(async |server| {
        for (state, id) in one_of_each(server).await {
            let answer = cancel(server, id).await;
            match state {
                "completed" | "failed" | "cancelled" => {
                    assert!(answer.problem(409).contains(&format!("is {state}")), "{}", answer.text);
                    assert_eq!(server.job(id).await["state"], state);
                }
                // Its parent was cancelled just before it.
                "blocked" => assert!(answer.problem(409).contains("is cancelled"), "{}", answer.text),
                _ => {
                    let job = answer.ok(200);
                    assert_eq!(job["state"], "cancelled", "{state}");
                    assert!(job["completed_at"].is_string() && job["cancel_requested_at"].is_string());
                }
            }
        }
        cancel(server, 77).await.problem(404);
    });
}

#[test]
fn a_blocked_job_is_cancelled_alone() {
    test(async |server| {
        let parent = server.enqueue(json!({"delay_secs": 60})).await;
        let child = server.enqueue(json!({"depends_on": [parent]})).await;
        assert_eq!(cancel(server, child).await.ok(200)["state"], "cancelled");
        assert_eq!(server.job(parent).await["state"], "scheduled");
    });
}

#[test]
fn a_running_job_is_told_and_ends_cancelled() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        let run = server.run().await;
        let answer = cancel(server, id).await;
        let told = answer.ok(202);
        assert!(told["cancel_requested_at"].is_string());
        run.ctx.cancel.cancelled().await;
        server.until(id, "cancelled").await;
        let job = server.job(id).await;
        assert_eq!(job["attempts"][0]["outcome"], "cancelled");
        assert!(cancel(server, id).await.problem(409).contains("is cancelled"));
    });
}
