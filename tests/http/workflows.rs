//! /api/workflows.

use serde_json::{Value, json};

use crate::server::{Server, test};

const WORKFLOWS: &str = "/api/workflows";

fn chain() -> Value {
    json!({"name": "chain", "jobs": [
        {"name": "b", "job_type": "puppet", "depends_on": ["a"], "priority": 2, "tags": ["t"]},
        {"name": "a", "job_type": "puppet", "args": {"n": 1}},
    ], "callback": {"job_type": "doll", "args": {"to": "me"}}})
}

async fn total(server: &Server) -> Value {
    server.get("/api/queue-status").await.ok(200)["total"].clone()
}

fn state_of(view: &Value, name: &str) -> String {
    let jobs = view["jobs"].as_array().unwrap();
    let node = jobs.iter().find(|node| node["name"] == name).unwrap();
    node["state"].as_str().unwrap().to_owned()
}

#[test]
fn made_run_and_told_of_its_end() {
    test(async |server| {
        let answer = server.post(WORKFLOWS, chain()).await;
        let made = answer.ok(201);
        assert_eq!(answer.header("location"), Some("/api/workflows/1"));
        assert_eq!(
            (&made["id"], &made["name"], &made["completed_at"]),
            (&json!(1), &json!("chain"), &Value::Null)
        );
        assert_eq!(made["jobs"][0]["depends_on"], json!(["a"]));
        let first = server.run().await;
        assert_eq!((first.ctx.job.name.as_deref(), first.ctx.job.workflow_id), (Some("a"), Some(1)));
        let b = server.job(made["jobs"][0]["id"].as_i64().unwrap()).await;
        assert_eq!(
            (&b["state"], &b["priority"], &b["waiting_for"]["reason"]),
            (&json!("blocked"), &json!(2), &json!("parents"))
        );
        first.succeed(json!({"found": 7}));
        let second = server.run().await;
        let parents = second.ctx.parents();
        assert_eq!(
            (parents[0].name.as_deref(), parents[0].result.as_ref().unwrap().as_str()),
            (Some("a"), r#"{"found":7}"#)
        );
        second.succeed(json!(null));
        let callback = server.run().await;
        assert_eq!(callback.ctx.job.job_type, "doll");
        assert_eq!(callback.ctx.job.metadata.at_path("workflow.state").unwrap().as_str(), "\"completed\"");
        let view = server.get("/api/workflows/1").await.ok(200);
        assert_eq!((&view["state"], &view["callback_job_id"]), (&json!("completed"), &json!(callback.id())));
        assert_eq!(view["counts"]["completed"], 2);
        assert_ne!(view["completed_at"], Value::Null);
        let listed = server.get("/api/jobs?workflow_id=1").await.ok(200);
        assert_eq!(listed["jobs"].as_array().unwrap().len(), 2);
        callback.succeed(json!(null));
    });
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_made() {
    test(async |server| {
        let job = |name: &str, after: Value| json!({"name": name, "job_type": "puppet", "depends_on": after});
        for (jobs, fields) in [
            (json!([]), vec!["jobs"]),
            (json!({}), vec!["jobs"]),
            (json!([5]), vec!["jobs[0]"]),
            (json!([job("a", json!(["b"])), job("b", json!(["a"]))]), vec!["jobs[0].depends_on"]),
            (json!([job("a", json!(["a"]))]), vec!["jobs[0].depends_on"]),
            (json!([job("a", json!([])), job("b", json!(["a", "x"]))]), vec!["jobs[1].depends_on[1]"]),
            (json!([job("a", json!([])), job("a", json!([]))]), vec!["jobs[1].name"]),
            (json!([job("", json!([]))]), vec!["jobs[0].name"]),
            (json!([job("a", json!([5]))]), vec!["jobs[0].depends_on[0]"]),
            (json!([job("a", json!("b"))]), vec!["jobs[0].depends_on"]),
            (json!([{"job_type": "puppet"}]), vec!["jobs[0].name"]),
            (json!([{"name": "a"}]), vec!["jobs[0].job_type"]),
            (json!([{"name": "a", "job_type": "pupet", "priority": 11}]), vec!["jobs[0].priority"]),
            (json!([{"name": "a", "job_type": "pupet"}]), vec!["jobs[0].job_type"]),
            (json!([{"name": "a", "job_type": "sleep", "args": {"secs": "x"}}]), vec!["jobs[0].args.secs"]),
            (
                json!([{"name": "a", "job_type": "puppet", "parent_job_id": 99}]),
                vec!["jobs[0].parent_job_id"],
            ),
            (json!([{"name": "a", "job_type": "puppet", "colour": 1}]), vec!["jobs[0].colour"]),
        ] {
            let answer = server.post(WORKFLOWS, json!({"name": "w", "jobs": jobs})).await;
            assert_eq!(answer.wrong_fields(), fields, "{jobs}");
        }
        let good = json!([{"name": "a", "job_type": "puppet"}]);
        for (body, fields) in [
            (json!({"jobs": good, "colour": 1}), vec!["colour"]),
            (json!({"jobs": good, "name": ""}), vec!["name"]),
            (json!({"jobs": good, "name": 5}), vec!["name"]),
            (json!({}), vec!["jobs"]),
            (json!({"jobs": good, "callback": 5}), vec!["callback"]),
            (json!({"jobs": good, "callback": {}}), vec!["callback.job_type"]),
            (json!({"jobs": good, "callback": {"job_type": "pupet"}}), vec!["callback.job_type"]),
            (json!({"jobs": good, "callback": {"job_type": "doll", "key": "k"}}), vec!["callback.key"]),
        ] {
            assert_eq!(server.post(WORKFLOWS, body.clone()).await.wrong_fields(), fields, "{body}");
        }
        let circle = json!([job("a", json!(["b"])), job("b", json!(["a"]))]);
        let told = server.post(WORKFLOWS, json!({"jobs": circle})).await.problem(422);
        assert!(told.contains("a waits for b waits for a"), "{told}");
        assert_eq!(total(server).await, 0);
        assert_eq!(server.get(WORKFLOWS).await.ok(200)["workflows"], json!([]));
    });
}

#[test]
fn a_duplicate_in_it_keeps_out_all() {
    test(async |server| {
        server.enqueue(json!({"key": "k", "delay_secs": 60})).await;
        let jobs =
            json!([{"name": "a", "job_type": "puppet"}, {"name": "b", "job_type": "puppet", "key": "k"}]);
        let told = server.post(WORKFLOWS, json!({"name": "w", "jobs": jobs})).await.problem(409);
        assert!(told.contains("jobs[1].key"), "{told}");
        assert_eq!(total(server).await, 1);
    });
}

#[test]
fn called_off_and_taken_up_again() {
    test(async |server| {
        server.post(WORKFLOWS, chain()).await.ok(201);
        let running = server.run().await;
        let told = server.delete("/api/workflows/1").await.ok(202);
        assert_eq!((state_of(&told, "a"), state_of(&told, "b")), ("running".into(), "cancelled".into()));
        server.until(running.id(), "cancelled").await;
        drop(running);
        let callback = server.run().await;
        assert_eq!(callback.ctx.job.metadata.at_path("workflow.state").unwrap().as_str(), "\"cancelled\"");
        assert!(server.delete("/api/workflows/1").await.problem(409).contains("cancelled already"));
        let again = server.poke("/api/workflows/1/retry").await.ok(200);
        assert_eq!((&again["state"], state_of(&again, "b")), (&json!("running"), "blocked".into()));
        server.run().await.succeed(json!(null));
        server.run().await.succeed(json!(null));
        let second = server.run().await;
        assert_eq!(second.ctx.job.metadata.at_path("workflow.state").unwrap().as_str(), "\"completed\"");
        let from = server.post("/api/workflows/1/retry", json!({"from": "b"})).await.ok(200);
        assert_eq!((state_of(&from, "a"), &from["state"]), ("completed".into(), &json!("running")));
        assert!(
            server.poke("/api/workflows/1/retry").await.problem(409).contains("nothing in it has failed")
        );
        let wrong = server.post("/api/workflows/1/retry", json!({"from": "x"})).await;
        assert_eq!(wrong.wrong_fields(), ["from"]);
        callback.succeed(json!(null));
        second.succeed(json!(null));
    });
}

#[test]
fn at_once_when_nothing_runs() {
    test(async |server| {
        let jobs = json!([{"name": "a", "job_type": "puppet", "delay_secs": 60}]);
        server.post(WORKFLOWS, json!({"name": "w", "jobs": jobs})).await.ok(201);
        let told = server.delete("/api/workflows/1").await.ok(200);
        assert_eq!((&told["state"], state_of(&told, "a")), (&json!("cancelled"), "cancelled".into()));
    });
}

#[test]
fn lists_in_pages_by_state_and_name() {
    test(async |server| {
        let flow = |name: &str| json!({"name": name, "jobs": [{"name": "a", "job_type": "puppet", "delay_secs": 60}]});
        for name in ["x", "y", "x", "y", "x"] {
            server.post(WORKFLOWS, flow(name)).await.ok(201);
        }
        server.delete("/api/workflows/3").await.ok(200);
        let ids = async |query: &str| {
            let page = server.get(&format!("{WORKFLOWS}{query}")).await.ok(200);
            let ids: Vec<i64> =
                page["workflows"].as_array().unwrap().iter().map(|w| w["id"].as_i64().unwrap()).collect();
            (ids, page["next_cursor"].clone())
        };
        assert_eq!(ids("").await, (vec![5, 4, 3, 2, 1], Value::Null));
        assert_eq!(ids("?limit=2").await, (vec![5, 4], json!("4")));
        assert_eq!(ids("?limit=2&cursor=4").await, (vec![3, 2], json!("2")));
        assert_eq!(ids("?limit=2&cursor=2").await, (vec![1], Value::Null));
        assert_eq!(ids("?state=cancelled").await, (vec![3], Value::Null));
        assert_eq!(ids("?state=cancelled&state=running").await.0, [5, 4, 3, 2, 1]);
        assert_eq!(ids("?name=x").await.0, [5, 3, 1]);
        assert_eq!(ids("?name=x&state=running&limit=1").await, (vec![5], json!("5")));
        assert!(ids("?name=none").await.0.is_empty());
    });
}

#[test]
fn ten_thousand_in_one_call() {
    test(async |server| {
        let mut jobs: Vec<Value> = (0..9_999)
            .map(|n| json!({"name": format!("n{n}"), "job_type": "puppet", "delay_secs": 60}))
            .collect();
        let all: Vec<String> = (0..9_999).map(|n| format!("n{n}")).collect();
        jobs.push(json!({"name": "last", "job_type": "puppet", "depends_on": all}));
        let made = server.post(WORKFLOWS, json!({"name": "big", "jobs": jobs})).await.ok(201);
        assert_eq!((&made["counts"]["scheduled"], &made["counts"]["blocked"]), (&json!(9_999), &json!(1)));
        assert_eq!(made["jobs"].as_array().unwrap().len(), 10_000);
        jobs.push(json!({"name": "more", "job_type": "puppet"}));
        assert_eq!(
            server.post(WORKFLOWS, json!({"name": "big", "jobs": jobs})).await.wrong_fields(),
            ["jobs"]
        );
        let gone = server.delete("/api/workflows/1").await.ok(200);
        assert_eq!(gone["counts"]["cancelled"], 10_000);
    });
}

#[test]
fn more_jobs_are_added_while_it_runs() {
    test(async |server| {
        server.post(WORKFLOWS, chain()).await.ok(201);
        let more = "/api/workflows/1/jobs";
        let job = |name: &str| json!({"name": name, "job_type": "puppet", "delay_secs": 60});
        let a = server.run().await;
        // From outside, in the name of a job, and by the job itself.
        let added = server.post(more, json!({"jobs": [job("x"), job("y")]})).await.ok(201);
        assert_eq!(added, json!({"ids": [3, 4], "duplicates": 0}));
        let by_a = json!({"added_by": "a", "jobs": [{"name": "part", "job_type": "puppet"}]});
        assert_eq!(server.post(more, by_a.clone()).await.ok(201)["duplicates"], 0);
        assert_eq!(server.post(more, by_a).await.ok(201), json!({"ids": [5], "duplicates": 1}));
        let own = callboard::domain::Node::new("own", callboard::NewJob::new("puppet"));
        assert_eq!(a.ctx.add_jobs(vec![own]).await.unwrap().len(), 1);
        let view = server.get("/api/workflows/1").await.ok(200);
        assert_eq!(view["jobs"][0]["depends_on"], json!(["a", "part", "own"]));
        assert!(
            server.post(more, json!({"jobs": [job("a")]})).await.problem(409).contains("is the name of job")
        );
        for (body, fields) in [
            (json!({"jobs": []}), vec!["jobs"]),
            (json!({"jobs": [job("q")], "join": false}), vec!["join"]),
            (json!({"jobs": [job("q")], "added_by": "nobody"}), vec!["added_by"]),
            (json!({"jobs": [job("q"), job("q")]}), vec!["jobs[1].name"]),
            (
                json!({"jobs": [{"name": "q", "job_type": "puppet", "depends_on": ["r"]}]}),
                vec!["jobs[0].depends_on"],
            ),
            (
                json!({"added_by": "a", "jobs": [{"name": "q", "job_type": "puppet", "parent_job_id": 1}]}),
                vec!["jobs[0].parent_job_id"],
            ),
            (
                json!({"added_by": "a", "jobs": [{"name": "q", "job_type": "puppet", "depends_on": ["b"]}]}),
                vec!["jobs[0].depends_on"],
            ),
        ] {
            assert_eq!(server.post(more, body.clone()).await.wrong_fields(), fields, "{body}");
        }
        server.post("/api/workflows/9/jobs", json!({"jobs": [job("q")]})).await.problem(404);
        server.delete("/api/workflows/1").await.ok(202);
        assert!(
            server.post(more, json!({"jobs": [job("q")]})).await.problem(409).contains("takes no more jobs")
        );
    });
}

#[test]
fn a_node_may_be_a_workflow() {
    test(async |server| {
        let inner = json!({"name": "inner", "jobs": [{"name": "x", "job_type": "puppet"}]});
        let outer = json!({"name": "outer", "jobs": [
            {"name": "a", "job_type": "puppet"},
            {"name": "sub", "workflow": inner, "depends_on": ["a"]},
            {"name": "z", "job_type": "puppet", "depends_on": ["sub"]},
        ]});
        let made = server.post(WORKFLOWS, outer).await.ok(201);
        assert_eq!(made["jobs"][1]["child_workflow_id"], 2);
        assert_eq!(state_of(&server.get("/api/workflows/2").await.ok(200), "x"), "blocked");
        let x = server.get("/api/workflows/2").await.ok(200)["jobs"][0]["id"].as_i64().unwrap();
        let waits = server.job(x).await["waiting_for"]["detail"].as_str().unwrap().to_owned();
        assert!(waits.contains("has not had its turn"), "{waits}");
        server.run().await.succeed(json!(null));
        let x = server.run().await;
        let view = server.get("/api/workflows/1").await.ok(200);
        assert_eq!((state_of(&view, "sub"), state_of(&view, "z")), ("running".into(), "blocked".into()));
        assert_eq!(server.get("/api/queue-status").await.ok(200)["active_workers"], 1);
        assert_eq!(server.get("/api/workers").await.ok(200)["workers"].as_array().unwrap().len(), 1);
        x.succeed(json!(null));
        let z = server.run().await;
        assert_eq!(
            z.ctx.parents()[0].result.as_ref().unwrap().at_path("state").unwrap().as_str(),
            "\"completed\""
        );
        z.succeed(json!(null));
        // Only whole ones are listed.
        let listed = server.get(WORKFLOWS).await.ok(200);
        assert_eq!(listed["workflows"].as_array().unwrap().len(), 1);
        for (job, fields) in [
            (json!({"name": "s", "workflow": 5}), vec!["jobs[0].workflow"]),
            (json!({"name": "s", "workflow": null}), vec!["jobs[0].workflow"]),
            (json!({"name": "s", "workflow": {"jobs": []}}), vec!["jobs[0].workflow.jobs"]),
            (
                json!({"name": "s", "workflow": {"jobs": [{"name": "a", "job_type": "pupet"}]}}),
                vec!["jobs[0].workflow.jobs[0].job_type"],
            ),
            (
                json!({"name": "s", "workflow": {"jobs": [{"name": "a", "job_type": "puppet", "depends_on": ["a"]}]}}),
                vec!["jobs[0].workflow.jobs[0].depends_on"],
            ),
            (
                json!({"name": "s", "workflow": {"jobs": [{"name": "a", "job_type": "puppet"}]}, "args": {}}),
                vec!["jobs[0].args"],
            ),
            (json!({"name": "s", "job_type": "callboard.workflow"}), vec!["jobs[0].job_type"]),
        ] {
            let answer = server.post(WORKFLOWS, json!({"jobs": [job]})).await;
            assert_eq!(answer.wrong_fields(), fields, "{job}");
        }
    });
}

#[test]
fn counts_without_the_jobs() {
    test(async |server| {
        server.post(WORKFLOWS, chain()).await.ok(201);
        let info = server.get("/api/workflows/1?jobs=false").await.ok(200);
        assert_eq!((info.get("jobs"), &info["state"]), (None, &json!("running")));
        assert_eq!(server.get("/api/workflows/1?jobs=perhaps").await.wrong_fields(), ["jobs"]);
        server.get("/api/workflows/2?jobs=false").await.problem(404);
    });
}

#[test]
fn old_ones_are_cleaned_up_as_a_whole() {
    test(async |server| {
        server.post(WORKFLOWS, chain()).await.ok(201);
        for _ in 0..3 {
            server.run().await.succeed(json!(null));
        }
        let callback = server.get("/api/workflows/1").await.ok(200)["callback_job_id"].as_i64().unwrap();
        server.until(callback, "completed").await;
        let open = json!([{"name": "a", "job_type": "puppet"}, {"name": "b", "job_type": "puppet", "delay_secs": 9}]);
        server.post(WORKFLOWS, json!({"jobs": open})).await.ok(201);
        server.run().await.succeed(json!(null));
        let first = server.get("/api/workflows/2").await.ok(200)["jobs"][0]["id"].as_i64().unwrap();
        server.until(first, "completed").await;
        server.clock.advance(std::time::Duration::from_secs(1));
        let cleaned = server.post("/api/maintenance/cleanup", json!({"older_than_days": 0})).await.ok(200);
        assert_eq!(cleaned, json!({"deleted": 3}));
        server.get("/api/workflows/1").await.problem(404);
        assert_eq!(state_of(&server.get("/api/workflows/2").await.ok(200), "a"), "completed");
    });
}
