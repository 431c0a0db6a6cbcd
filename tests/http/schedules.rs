//! /api/schedules.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, send, test, test_with};

const ALL: &str = "/api/schedules";
const ONE: &str = "/api/schedules/nightly";

impl Server {
    async fn put(&self, path: &str, body: Value) -> crate::answer::Answer {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    /// Makes the schedule `nightly` with these fields besides.
    async fn nightly(&self, fields: Value) -> Value {
        let mut body = json!({"name": "nightly", "job_type": "puppet", "cron": "30 4 * * *"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.post(ALL, body).await.ok(201)
    }
}

#[test]
fn a_schedule_is_made_and_shown_with_all_there_is_to_know() {
    test(async |server| {
        let body = json!({"name": "nightly", "job_type": "puppet", "cron": "30 4 * * mon-fri",
            "timezone": "Europe/Berlin", "args": {"n": 1}, "queue": "q", "priority": 2, "tags": ["a"],
            "target_id": "v", "max_retries": 0, "timeout_secs": null, "metadata": {"m": 1},
            "unique": {"by": ["args.n"]}, "backoff": {"jitter": 0.0}, "key": "k",
            "misfire": "all", "overlap": "skip"});
        let made = server.post(ALL, body.clone()).await;
        assert_eq!(made.header("location"), Some(ONE));
        let made = made.ok(201);
        for (name, value) in body.as_object().unwrap() {
            match name.as_str() {
                "unique" => assert_eq!(made[name]["by"], value["by"]),
                "backoff" => assert_eq!(made[name]["jitter"], value["jitter"]),
                _ => assert_eq!(&made[name], value, "{name}"),
            }
        }
        let next: Vec<_> = made["next_runs"].as_array().unwrap().iter().collect();
        assert_eq!(next.len(), 5);
        assert_eq!(next[..2], ["2030-01-02T03:30:00.000Z", "2030-01-03T03:30:00.000Z"]);
        let (paused, last, owner) = (&made["paused"], &made["last_run"], &made["owner"]);
        assert_eq!((paused, last, owner), (&json!(false), &Value::Null, &json!("api")));
        assert!(made["description"].as_str().unwrap().contains("04:30"), "{made}");
        let mut shown = server.get(ONE).await.ok(200);
        assert_eq!(shown["history"], json!([]));
        shown.as_object_mut().unwrap().remove("history");
        assert_eq!(shown, made);
        assert_eq!(server.get(ALL).await.ok(200), json!({"schedules": [made], "next_cursor": null}));
    });
}

#[test]
fn it_fires_and_its_history_tells_of_it() {
    test(async |server| {
        server.nightly(json!({})).await;
        server.clock.advance(Duration::from_secs(16 * 3600 + 30 * 60));
        let run = server.run().await;
        let shown = server.get(ONE).await.ok(200);
        let entry = json!({"number": 1, "due_at": "2030-01-02T04:30:00.000Z",
            "fired_at": "2030-01-02T04:30:00.000Z", "trigger": "time", "outcome": "enqueued",
            "job_id": run.id(), "reason": null, "job_state": "running"});
        assert_eq!((&shown["last_run"], &shown["history"]), (&entry, &json!([entry])));
        assert_eq!(shown["next_runs"][0], "2030-01-03T04:30:00.000Z");
    });
}

#[test]
fn a_name_is_taken_once_and_put_changes_what_is_there() {
    test(async |server| {
        server.nightly(json!({"priority": 2, "paused": true})).await;
        let again = json!({"name": "nightly", "job_type": "puppet", "every_secs": 5});
        assert!(server.post(ALL, again).await.problem(409).contains("PUT"));
        let changed = server.put(ONE, json!({"job_type": "doll", "every_secs": 90.5})).await.ok(200);
        assert_eq!((&changed["job_type"], &changed["cron"]), (&json!("doll"), &Value::Null));
        assert_eq!((&changed["every_secs"], &changed["priority"]), (&json!(90.5), &json!(5)));
        assert_eq!(changed["paused"], true, "who does not say it does not change it");
        let put = server.put("/api/schedules/other", json!({"job_type": "puppet", "cron": "@daily"})).await;
        assert_eq!(put.header("location"), Some("/api/schedules/other"));
        put.ok(201);
        let named = json!({"name": "x", "job_type": "puppet", "cron": "@daily"});
        assert_eq!(server.put(ONE, named).await.wrong_fields(), ["name"]);
    });
}

#[test]
fn it_is_paused_resumed_run_and_deleted() {
    test(async |server| {
        server.nightly(json!({})).await;
        let paused = server.poke(&format!("{ONE}/pause")).await.ok(200);
        assert_eq!((&paused["paused"], &paused["next_runs"]), (&json!(true), &json!([])));
        let made = server.poke(&format!("{ONE}/run")).await;
        let run = server.run().await;
        assert_eq!(made.header("location"), Some(format!("/api/jobs/{}", run.id()).as_str()));
        assert_eq!(made.ok(201)["id"], run.id());
        let resumed = server.poke(&format!("{ONE}/resume")).await.ok(200);
        assert_eq!(resumed["paused"], false);
        assert_eq!(server.get(ONE).await.ok(200)["history"][0]["trigger"], "manual");
        assert_eq!(server.delete(ONE).await.ok(200)["name"], "nightly");
        server.get(ONE).await.problem(404);
        server.get(&format!("/api/jobs/{}", run.id())).await.ok(200);
    });
}

#[test]
fn a_run_by_hand_heeds_uniqueness_and_overlap() {
    test(async |server| {
        server.nightly(json!({"target_id": "v"})).await;
        let first = server.poke(&format!("{ONE}/run")).await.ok(201);
        let second = server.poke(&format!("{ONE}/run")).await;
        assert_eq!(second.header("duplicate"), Some("true"));
        assert_eq!(second.ok(200)["id"], first["id"]);
        server.put(ONE, json!({"job_type": "puppet", "cron": "@daily", "overlap": "skip"})).await.ok(200);
        let why = server.poke(&format!("{ONE}/run")).await.problem(409);
        assert!(why.contains("unfinished"), "{why}");
    });
}

#[test]
fn what_is_unknown_is_not_found() {
    test(async |server| {
        server.get(ONE).await.problem(404);
        server.delete(ONE).await.problem(404);
        for verb in ["run", "pause", "resume"] {
            server.poke(&format!("{ONE}/{verb}")).await.problem(404);
        }
        server.poke(ONE).await.problem(405);
    });
}

#[test]
fn every_wrong_field_is_named() {
    test(async |server| {
        for (body, wanted) in [
            (json!({}), &["cron", "job_type", "name"][..]),
            (json!({"name": "a b", "job_type": "puppet", "cron": "@daily"}), &["name"]),
            (json!({"name": "new", "job_type": "puppet", "cron": "@daily"}), &["name"]),
            (json!({"name": "a", "job_type": "nobody", "cron": "@daily"}), &["job_type"]),
            (json!({"name": "a", "job_type": "puppet", "cron": "61 * * * *"}), &["cron"]),
            (json!({"name": "a", "job_type": "puppet", "cron": "0 0 30 2 *"}), &["cron"]),
            (json!({"name": "a", "job_type": "puppet", "cron": 5}), &["cron"]),
            (json!({"name": "a", "job_type": "puppet", "cron": "@daily", "every_secs": 5}), &["every_secs"]),
            (json!({"name": "a", "job_type": "puppet", "every_secs": 0.5}), &["every_secs"]),
            (json!({"name": "a", "job_type": "puppet", "every_secs": "5"}), &["cron", "every_secs"]),
            (
                json!({"name": "a", "job_type": "puppet", "cron": "@daily", "timezone": "Mars", "misfire": "x",
                    "overlap": "x", "paused": "x", "priority": 11, "colour": 1}),
                &["colour", "misfire", "overlap", "paused", "priority", "timezone"],
            ),
            (
                json!({"name": "a", "job_type": "puppet", "cron": "@daily", "run_at": "2030-01-01T00:00:00Z"}),
                &["run_at"],
            ),
            (json!({"name": "a", "job_type": "puppet", "cron": "@daily", "delay_secs": 5}), &["delay_secs"]),
            (
                json!({"name": "a", "job_type": "sleep", "cron": "@daily", "args": {"secs": "x"}}),
                &["args.secs"],
            ),
        ] {
            assert_eq!(server.post(ALL, body.clone()).await.wrong_fields(), wanted, "{body}");
        }
        let fault = server.post(ALL, json!({"name": "a", "job_type": "puppet", "cron": "0 25 * * *"})).await;
        let message = fault.json()["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("wrong hour, \"25\"") && message.contains("0 to 23"), "{message}");
        assert_eq!(server.get("/api/schedules?limit=0&x=1").await.fields(), ["limit", "x"]);
        assert_eq!(server.get(ALL).await.ok(200)["schedules"], json!([]), "nothing was stored");
    });
}

#[test]
fn the_list_goes_page_by_page() {
    test(async |server| {
        for name in ["b", "a", "c"] {
            server.post(ALL, json!({"name": name, "job_type": "puppet", "every_secs": 60})).await.ok(201);
        }
        let first = server.get("/api/schedules?limit=2").await.ok(200);
        let names = |page: &Value| -> Vec<String> {
            page["schedules"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap().into()).collect()
        };
        assert_eq!((names(&first), &first["next_cursor"]), (vec!["a".into(), "b".into()], &json!("b")));
        let second = server.get("/api/schedules?limit=2&cursor=b").await.ok(200);
        assert_eq!((names(&second), &second["next_cursor"]), (vec!["c".into()], &Value::Null));
    });
}

#[test]
fn one_that_stands_in_the_configuration_can_be_paused_and_run_but_not_changed() {
    let toml = |config: &mut callboard::config::Config| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("callboard.toml");
        let text = "[schedules.nightly]\ncron = '@daily'\njob_type = 'puppet'\nargs = { n = 1 }\n";
        std::fs::write(&file, text).unwrap();
        let sources = callboard::config::Sources { file: Some(file), ..Default::default() };
        config.schedules = callboard::config::Config::load(sources).unwrap().schedules;
    };
    test_with(toml, async |server| {
        let shown = server.get(ONE).await.ok(200);
        assert_eq!((&shown["owner"], &shown["args"]), (&json!("config"), &json!({"n": 1})));
        let why = server.put(ONE, json!({"job_type": "puppet", "cron": "@hourly"})).await.problem(409);
        assert!(why.contains("configuration"), "{why}");
        server.delete(ONE).await.problem(409);
        server.poke(&format!("{ONE}/run")).await.ok(201);
        server.poke(&format!("{ONE}/pause")).await.ok(200);
        server.restart().await;
        assert_eq!(server.get(ONE).await.ok(200)["paused"], true);
    });
}
