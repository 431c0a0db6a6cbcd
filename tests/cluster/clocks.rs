//! Machines whose clocks are wrong.

use std::time::{Duration, SystemTime};

use callboard::Timestamp;
use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::postgres::is_there;

const QUICK: &str = "[job_types.quick]\ncommand = [\"sleep\", \"0.05\"]\n";
/// So far beyond the ten seconds by which the two clocks differ that chance does not hide them.
const NEAR: i64 = 4_000;

fn here() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

fn at(job: &Value, field: &str) -> i64 {
    let text = job[field].as_str().unwrap_or_else(|| panic!("{field} of {job}"));
    text.parse::<Timestamp>().unwrap().as_millis()
}

/// Two nodes ten seconds apart: what either of them stores is due when it should be, whoever runs it, and
/// nobody is taken for lost.
#[tokio::test]
async fn nodes_whose_clocks_differ_go_by_one_time() {
    if !is_there() {
        return;
    }
    let fleet = Fleet::new();
    let wrong = |ms: &'static str| [("CALLBOARD_TEST_CLOCK_WRONG_BY_MS", ms)];
    let (ahead, behind) = (fleet.start_with(QUICK, &wrong("5000")), fleet.start_with(QUICK, &wrong("-5000")));
    for node in [&ahead, &behind] {
        let stored = here().as_millis();
        let now = node.post("/api/jobs", &json!({"job_type": "quick"})).await;
        assert!((at(&now, "created_at") - stored).abs() < NEAR, "{now} at {stored}");
        let later = here().plus(Duration::from_secs(2));
        let due = node.post("/api/jobs", &json!({"job_type": "quick", "run_at": later.to_string()})).await;
        assert_eq!(due["state"], "scheduled", "{due}");
        for job in [now, due] {
            let (_, job) = node.end_of(job["id"].as_i64().unwrap()).await;
            assert_eq!(job["state"], "completed", "{job}");
            assert!(at(&job, "started_at") + 200 >= at(&job, "created_at"), "{job}");
        }
        let late = here().since(later);
        assert!(here() >= later && late < Duration::from_secs(30), "it was due at {later}, {late:?} ago");
    }
    let nodes = ahead.nodes().await;
    assert!(nodes.iter().all(|(_, state)| state == "alive"), "{nodes:?}");
    assert!(behind.server.log().contains("ahead of this machine's"), "{}", behind.server.log());
}
