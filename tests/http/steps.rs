//! Finished steps of a job: GET /api/jobs/{id}/steps and /api/jobs/{id}/steps/{name}.

use callboard::workers::Failure;
use serde_json::json;

use crate::server::test;

#[test]
fn are_named_with_the_job_and_given_out_one_by_one() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        let run = server.run().await;
        run.ctx.step("a / b ä", || async { Ok(json!({"n": 1})) }).await.unwrap();
        run.succeed(json!(null));
        server.until(id, "completed").await;
        let known = json!([{"name": "a / b ä", "attempt": 1, "at": crate::server::NOON, "bytes": 7}]);
        assert_eq!(server.job(id).await["steps"], known);
        assert_eq!(server.get(&format!("/api/jobs/{id}/steps")).await.ok(200), json!({"steps": known}));
        let step = server.get(&format!("/api/jobs/{id}/steps/a%20%2F%20b%20%C3%A4")).await.ok(200);
        assert_eq!((&step["value"], &step["attempt"]), (&json!({"n": 1}), &json!(1)));
        assert!(server.get("/api/jobs").await.ok(200)["jobs"][0].get("steps").is_none());
        let page = server.get(&format!("/jobs/{id}")).await;
        assert!(page.text.contains(&format!("/api/jobs/{id}/steps/a%20%2F%20b%20%C3%A4")), "{}", page.text);
        let missing = server.get(&format!("/api/jobs/{id}/steps/c")).await;
        assert!(missing.problem(404).contains("step \"c\""), "{}", missing.text);
        server.get("/api/jobs/77/steps").await.problem(404);
        server.get("/api/jobs/x/steps/c").await.problem(404);
    });
}

#[test]
fn are_kept_by_a_retry_and_forgotten_by_a_fresh_one() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        for (body, kept) in [(json!({}), 1), (json!({"fresh": false}), 1), (json!({"fresh": true}), 0)] {
            let run = server.run().await;
            run.ctx.step("a", || async { Ok(1) }).await.unwrap();
            run.end(Err(Failure::fatal("no")));
            server.until(id, "failed").await;
            server.post(&format!("/api/jobs/{id}/retry"), body).await.ok(200);
            assert_eq!(server.job(id).await["steps"].as_array().unwrap().len(), kept);
        }
        for (body, field) in [(json!({"fresh": 1}), "fresh"), (json!({"fres": true}), "fres")] {
            let answer = server.post(&format!("/api/jobs/{id}/retry"), body).await;
            answer.problem(422);
            assert_eq!(answer.json()["errors"][0]["field"], field);
        }
        server.run().await.succeed(json!(null));
        server.until(id, "completed").await;
    });
}
