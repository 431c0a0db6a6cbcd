//! What must hold whenever a job is stopped in the middle of its work: no program lives on, nothing
//! half stands under a final name, and another run comes to its end.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Served;

/// What these tests set beside what a worker needs.
pub const QUICK: &str = "kill_after_secs = 1\nshutdown_grace_secs = 0.2\nretry.base_delay_secs = 0\n";

/// Keeps a job in the middle of its work.
pub trait Obstacle {
    /// Forgets who came so far.
    fn arm(&self);
    /// Waits until a job has come to it.
    fn reached(&self, server: &Served, job: i64);
    /// Stands in nobody's way any more.
    fn let_go(&self);
    /// A time limit, in seconds, that ends in front of it.
    fn time_limit(&self) -> f64 {
        3.0
    }
}

/// What keeps a job in the middle is its own work: there is much of it.
pub struct MuchWork;

impl Obstacle for MuchWork {
    fn arm(&self) {}

    fn reached(&self, server: &Served, job: i64) {
        server.wait_for(job, |job| job["state"] == "running" && !job["progress"]["updated_at"].is_null());
    }

    fn let_go(&self) {}

    fn time_limit(&self) -> f64 {
        0.3
    }
}

/// A job, what stands in its way, and the folder in which it leaves what it makes.
pub struct Stopped<'a> {
    pub job_type: &'a str,
    pub args: Value,
    pub obstacle: &'a dyn Obstacle,
    pub outputs: PathBuf,
}

impl Stopped<'_> {
    /// Stops it in every way, then lets it go on; the job as it has ended.
    pub fn comes_to_its_end(&self, server: &mut Served) -> Value {
        let before = made(&self.outputs);
        self.cancel(server);
        self.is_clean(server, &before, "a cancel");
        self.time_out(server);
        self.is_clean(server, &before, "a time limit");

        self.obstacle.arm();
        let id = server.enqueue(self.job_type, &self.args);
        self.obstacle.reached(server, id);
        server.shut_down();
        self.is_clean(server, &before, "a shutdown");

        self.obstacle.arm();
        server.restart();
        self.obstacle.reached(server, id);
        server.kill();
        assert_eq!(made(&self.outputs), before, "kill -9 leaves something under a final name");
        self.obstacle.let_go();
        server.restart();
        let job = server.wait(id);
        assert_eq!(job["state"], "completed", "{}: {job}", self.job_type);
        let outcomes: Vec<_> = job["attempts"].as_array().unwrap().iter().map(|a| &a["outcome"]).collect();
        assert_eq!(outcomes, ["released", "lost", "success"], "{}: {job}", self.job_type);
        assert_eq!((&job["retry_count"], &job["progress"]["percent"]), (&json!(0), &json!(100.0)), "{job}");
        assert_eq!(server.programs(), [""; 0], "{} leaves programs behind", self.job_type);
        job
    }

    fn cancel(&self, server: &Served) {
        self.obstacle.arm();
        let id = server.enqueue(self.job_type, &self.args);
        self.obstacle.reached(server, id);
        server.cancel(id);
        let job = server.wait(id);
        assert_eq!(job["state"], "cancelled", "{}: {job}", self.job_type);
    }

    fn time_out(&self, server: &Served) {
        self.obstacle.arm();
        let limit = self.obstacle.time_limit();
        let job =
            json!({"job_type": self.job_type, "args": self.args, "timeout_secs": limit, "max_retries": 0});
        let (status, job) = server.call("POST", "/api/jobs", Some(&job));
        assert_eq!(status, 201, "{job}");
        let job = server.wait(job["id"].as_i64().unwrap());
        assert_eq!(
            (&job["state"], &job["attempts"][0]["outcome"]),
            (&json!("failed"), &json!("timeout")),
            "{job}"
        );
    }

    fn is_clean(&self, server: &Served, before: &BTreeSet<PathBuf>, after: &str) {
        assert_eq!(server.programs(), [""; 0], "{}: {after} leaves programs behind", self.job_type);
        assert_eq!(made(&self.outputs), *before, "{}: {after} leaves files behind", self.job_type);
    }
}

/// All files below a folder, but for what workers keep for themselves, for what yt-dlp writes about an
/// item before it fetches that (in one piece, and anew the next time), and for the names that newer
/// versions of rclone give to files that are not whole.
pub fn made(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.file_name().unwrap() != ".callboard")
        .filter(|path| ![".info.json", ".partial"].iter().any(|end| path.to_string_lossy().ends_with(end)))
        .flat_map(|path| if path.is_dir() { made(&path) } else { [path].into() })
        .collect()
}
