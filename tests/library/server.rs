//! The whole way through a real server: read, propose, review over HTTP and command line, apply; and
//! a server that is killed in the middle of each.

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::{Value, json};

use crate::served::Served;
use crate::served::stopped::{MuchWork, Obstacle, QUICK, Stopped};
use crate::stash::{FakeStash, KEY, library};

/// Scenes of a large library, in libraries.
const COPIES: usize = 80;

fn start(fake: &FakeStash) -> (tempfile::NamedTempFile, Served) {
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), KEY).unwrap();
    let config = format!(
        "{QUICK}[stash]\nurl = '{}'\napi_key_file = '{}'\npage_size = 20\n[logs]\nmax_bytes_per_stream = '1 MiB'\n",
        fake.url,
        key.path().display()
    );
    let server = Served::start(&config);
    (key, server)
}

fn run(server: &Served, job_type: &str, args: &Value) -> Value {
    let id = server.enqueue(job_type, args);
    let job = server.wait(id);
    assert_eq!(job["state"], "completed", "{job}");
    job["result"].clone()
}

fn text(server: &Served, args: &[&str]) -> String {
    let output = server.cli(args);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn from_a_snapshot_to_applied_changes() {
    let fake = FakeStash::start(library());
    let (_key, server) = start(&fake);
    run(&server, "sync_all", &json!({}));
    let made = run(&server, "analyze_scenes", &json!({"scene_ids": [1, 5, 10]}));
    let (id, total) = (made["plan_id"].to_string(), made["total_changes"].as_i64().unwrap());

    let plans = server.get("/api/plans");
    assert_eq!((&plans["plans"][0]["total_changes"], &plans["next_cursor"]), (&json!(total), &Value::Null));
    let plan = server.get(&format!("/api/plans/{id}?limit=2&field=title"));
    assert_eq!(
        (plan["rows"].as_array().unwrap().len(), plan["rows"][0]["state"].as_str()),
        (2, Some("proposed"))
    );
    let next = plan["next_cursor"].as_str().unwrap();
    let rest = server.get(&format!("/api/plans/{id}?limit=2&field=title&cursor={next}"));
    assert_eq!((rest["rows"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));

    let (status, acted) =
        server.call("POST", &format!("/api/plans/{id}/approve"), Some(&json!({"field": "title"})));
    assert_eq!((status, acted), (200, json!({"matched": 3, "changed": 3})));
    let number = plan["rows"][0]["number"].to_string();
    let row = format!("/api/plans/{id}/rows/{number}");
    let (status, row) = server.call("PATCH", &row, Some(&json!({"state": "rejected"})));
    assert_eq!((status, &row["state"]), (200, &json!("rejected")));
    assert_eq!(text(&server, &["plans", "approve", &id, "--field", "date"]), "2 of 2 rows approved\n");
    assert_eq!(text(&server, &["plans", "reject", &id, &number]), "0 of 1 rows rejected\n");
    let shown = text(&server, &["plans", "show", &id, "--state", "approved"]);
    assert!(shown.contains("4 approved") && shown.contains("A walk in the park 5"), "{shown}");
    assert!(text(&server, &["plans", "list"]).contains("1 rejected"));

    let dry = run(&server, "apply_plan", &json!({"plan_id": made["plan_id"]}));
    assert_eq!((&dry["applied"], &dry["dry_run"]), (&json!(4), &json!(true)));
    let applied = run(&server, "apply_plan", &json!({"plan_id": made["plan_id"], "dry_run": false}));
    assert_eq!((&applied["applied"], &applied["conflicts"]), (&json!(4), &json!([])));
    assert_eq!(fake.library.lock().unwrap().updates, [5, 10]);
    let counts = &server.get(&format!("/api/plans/{id}"))["counts"];
    assert_eq!((&counts["applied"], &counts["rejected"]), (&json!(4), &json!(1)));
}

/// A request that gets no answer.
struct Unanswered<'a>(&'a FakeStash, &'a str);

impl Obstacle for Unanswered<'_> {
    fn arm(&self) {
        self.0.hold(self.1);
        self.0.requests();
    }

    fn reached(&self, _: &Served, _: i64) {
        self.0.expect(self.1);
    }

    fn let_go(&self) {
        self.0.release();
    }
}

#[test]
fn whatever_stops_them_they_come_to_their_end() {
    let fake = FakeStash::start(library());
    let (_key, mut server) = start(&fake);
    let outputs = server.data_dir().join("downloads");
    let obstacle = Unanswered(&fake, r#""value":160"#);
    let sync =
        Stopped { job_type: "sync_all", args: json!({}), obstacle: &obstacle, outputs: outputs.clone() };
    let job = sync.comes_to_its_end(&mut server);
    assert_eq!(job["result"]["kinds"][3]["total"], 250, "{job}");

    let made = run(&server, "analyze_scenes", &json!({"rules": ["title"], "scene_ids": [1, 5, 6]}));
    text(&server, &["plans", "approve", &made["plan_id"].to_string(), "--all"]);
    let obstacle = Unanswered(&fake, r#""input":{"id":"5""#);
    let args = json!({"plan_id": made["plan_id"], "dry_run": false});
    let apply = Stopped { job_type: "apply_plan", args, obstacle: &obstacle, outputs };
    let job = apply.comes_to_its_end(&mut server);
    assert_eq!(job["result"]["conflicts"], json!([]), "{job}");
    assert_eq!(server.get(&format!("/api/plans/{}", made["plan_id"]))["counts"]["applied"], 3);
}

/// So many copies of a library that an analysis takes seconds.
fn multiply(server: &Served, copies: usize) {
    let mut conn =
        SqliteConnection::establish(&server.data_dir().join("queue.db").to_string_lossy()).unwrap();
    let copied = format!(
        "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < {copies}) \
         INSERT INTO library_items (kind, id, pass, updated_at, data) \
         SELECT kind, id + 1000 * n, pass, updated_at, data FROM library_items, copies WHERE kind = 'scene'"
    );
    conn.batch_execute(&copied).unwrap();
}

#[test]
fn an_analysis_that_is_stopped_makes_one_plan_in_the_end() {
    let fake = FakeStash::start(library());
    let (_key, mut server) = start(&fake);
    run(&server, "sync_all", &json!({}));
    let once = run(&server, "analyze_scenes", &json!({}));
    server.shut_down();
    multiply(&server, COPIES);
    server.restart();
    let outputs = server.data_dir().join("downloads");
    let stopped = Stopped { job_type: "analyze_scenes", args: json!({}), obstacle: &MuchWork, outputs };
    let job = stopped.comes_to_its_end(&mut server);
    let all = once["total_changes"].as_u64().unwrap() * (COPIES as u64 + 1);
    assert_eq!(job["result"]["total_changes"], all, "{job}");
    let plans = server.get("/api/plans");
    let whole = plans["plans"].as_array().unwrap().iter().filter(|plan| plan["ready"] == true).count();
    assert_eq!(whole, 2, "nobody reviews what was stopped: {plans}");
}

#[test]
fn bad_calls_are_refused_with_the_field() {
    let fake = FakeStash::start(library());
    let (_key, server) = start(&fake);
    run(&server, "sync_all", &json!({}));
    run(&server, "analyze_scenes", &json!({"scene_ids": [1]}));
    for (method, path, body, status, field) in [
        ("GET", "/api/plans/9", None, 404, None),
        ("GET", "/api/plans/x", None, 404, None),
        ("GET", "/api/plans/1?state=done", None, 422, Some("state")),
        ("GET", "/api/plans/1?limit=0", None, 422, Some("limit")),
        ("GET", "/api/plans?cursor=x", None, 422, Some("cursor")),
        ("GET", "/api/plans?page=2", None, 422, Some("page")),
        ("POST", "/api/plans/1/approve", Some(json!({})), 422, Some("all")),
        ("POST", "/api/plans/9/approve", Some(json!({"all": true})), 404, None),
        ("DELETE", "/api/plans/1", None, 405, None),
        ("PATCH", "/api/plans/1/rows/1", Some(json!({"state": "applied"})), 422, Some("state")),
        ("PATCH", "/api/plans/1/rows/1", Some(json!({})), 422, Some("state")),
        ("PATCH", "/api/plans/1/rows/99", Some(json!({"state": "approved"})), 404, None),
        ("POST", "/api/jobs/apply_plan", Some(json!({})), 422, Some("args")),
        ("POST", "/api/jobs/sync_all", Some(json!({"mode": "all"})), 422, Some("args.mode")),
    ] {
        let (got, problem) = server.call(method, path, body.as_ref());
        assert_eq!(got, status, "{method} {path}: {problem}");
        assert_eq!(problem["errors"][0]["field"].as_str(), field, "{method} {path}: {problem}");
    }
    let (_, row) = server.call("PATCH", "/api/plans/1/rows/1", Some(&json!({"state": "approved"})));
    assert_eq!(row["state"], "approved");
    run(&server, "apply_plan", &json!({"plan_id": 1, "dry_run": false}));
    let (status, problem) = server.call("PATCH", "/api/plans/1/rows/1", Some(&json!({"state": "rejected"})));
    assert_eq!((status, problem["detail"].as_str()), (409, Some("row 1 of plan 1 is applied already")));
}

#[test]
fn a_killed_server_goes_on_where_it_was() {
    let fake = FakeStash::start(library());
    let (_key, mut server) = start(&fake);
    fake.hold(r#""value":160"#);
    let sync = server.enqueue("sync_all", &json!({}));
    fake.expect(r#""value":160"#);
    server.kill();
    fake.release();
    fake.requests();
    server.restart();
    let job = server.wait(sync);
    assert_eq!((&job["state"], &job["attempt"]), (&json!("completed"), &json!(2)), "{job}");
    let scenes = &job["result"]["kinds"][3];
    assert_eq!((&scenes["resumed"], &scenes["total"]), (&json!(true), &json!(250)));
    assert_eq!(fake.requests().iter().filter(|body| body.contains("findScenes")).count(), 5);

    let made = run(&server, "analyze_scenes", &json!({"rules": ["title"], "scene_ids": [1, 5, 6]}));
    text(&server, &["plans", "approve", &made["plan_id"].to_string(), "--all"]);
    fake.hold(r#""input":{"id":"5""#);
    let apply = server.enqueue("apply_plan", &json!({"plan_id": made["plan_id"], "dry_run": false}));
    fake.expect(r#""input":{"id":"5""#);
    server.kill();
    // The change that was under way is made all the same, and nobody has noted it.
    fake.release();
    server.restart();
    let job = server.wait(apply);
    assert_eq!((&job["state"], &job["attempt"]), (&json!("completed"), &json!(2)), "{job}");
    assert_eq!(job["result"]["conflicts"], json!([]), "{job}");
    let counts = &server.get(&format!("/api/plans/{}", made["plan_id"]))["counts"];
    assert_eq!(counts["applied"], 3);
    let titles = fake.library.lock().unwrap();
    assert_eq!(titles.scenes[&5].title.as_deref(), Some("A walk in the park 5"));
}
