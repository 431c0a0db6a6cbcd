//! Many equal enqueues at once.

use std::collections::BTreeMap;

use callboard::config::Config;
use futures_util::future::join_all;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;

use crate::postgres::{self, Schema};
use crate::server::{Server, test, test_with};

/// Each request has a socket on both sides.
fn many_sockets() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most.min(8192), most).unwrap();
}

#[test]
fn of_a_thousand_equal_enqueues_at_once_one_is_new() {
    many_sockets();
    test(async |server| one_is_new(server).await);
}

#[test]
fn so_it_is_on_postgresql() {
    if !postgres::is_there() {
        return;
    }
    many_sockets();
    let schema = Schema::new();
    let on_schema = |config: &mut Config| {
        config.database_url = Some(schema.url().as_str().into());
        config.postgres_schema = schema.name.clone();
    };
    test_with(on_schema, async |server| one_is_new(server).await);
}

async fn one_is_new(server: &Server) {
    server.poke("/api/job-types/puppet/pause").await.ok(200);
    for (equal, fields, what) in [
        (1000, json!({"target_id": "x"}), "target"),
        (200, json!({"args": {"n": 1}, "unique": {"by": ["args.n"]}}), "args"),
        (200, json!({"key": "k"}), "key"),
    ] {
        let mut job = json!({"job_type": "puppet"});
        job.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let answers = join_all((0..equal).map(|_| server.post("/api/jobs", job.clone()))).await;
        let mut by_status: BTreeMap<u16, usize> = BTreeMap::new();
        let mut ids = Vec::new();
        for answer in answers {
            *by_status.entry(answer.status).or_default() += 1;
            assert_eq!(answer.header("duplicate") == Some("true"), answer.status == 200);
            ids.push(answer.json()["id"].as_i64().unwrap());
        }
        assert_eq!(by_status, BTreeMap::from([(200, equal - 1), (201, 1)]), "{what}");
        ids.dedup();
        assert_eq!(ids.len(), 1, "{what}: {ids:?}");
    }
    assert_eq!(server.get("/api/queue-status").await.ok(200)["total"], 3);
}
