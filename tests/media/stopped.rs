//! Every worker that drives a program is stopped in the middle: called off, out of time, shut down,
//! killed.

use std::cell::Cell;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use serde_json::{Value, json};

use crate::bench::configuration;
use crate::clips::{silent, talking};
use crate::needed::needs;
use crate::served::Served;
use crate::served::stopped::{Obstacle, QUICK, Stopped, made};
use crate::site::{Site, Video};

/// A path of the site that nobody gets an answer for, or half of one.
struct HeldPath<'a> {
    site: &'a Site,
    path: &'a str,
    before: Cell<u32>,
}

impl<'a> HeldPath<'a> {
    fn new(site: &'a Site, path: &'a str) -> Self {
        site.hold(path);
        Self { site, path, before: Cell::new(0) }
    }
}

impl Obstacle for HeldPath<'_> {
    fn arm(&self) {
        self.before.set(self.site.asked(self.path));
    }

    fn reached(&self, _: &Served, _: i64) {
        self.site.await_asked_again(self.path, self.before.get());
    }

    fn let_go(&self) {
        self.site.release();
    }
}

fn site() -> Site {
    let captions = "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n".into();
    let captioned = Video { captions: Some(("en", captions)), ..Video::new("a1", "One", silent()) };
    Site::start(vec![captioned, Video::new("b2", "Two", talking())])
}

/// A job that fetches from a site which keeps it waiting at a path; the job as it has ended, and what
/// it left.
fn stopped_at(
    yt_dlp: &Path,
    (job_type, path): (&str, &str),
    args: impl Fn(&Site) -> Value,
) -> (Value, usize) {
    let site = site();
    let mut server = Served::start(&format!("{QUICK}{}", configuration(yt_dlp, "")));
    let outputs = server.data_dir().join("downloads");
    let obstacle = HeldPath::new(&site, path);
    let job = Stopped { job_type, args: args(&site), obstacle: &obstacle, outputs: outputs.clone() }
        .comes_to_its_end(&mut server);
    (job["result"].clone(), made(&outputs).len())
}

#[test]
fn channel_download() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    let args = |site: &Site| json!({"url": site.channel()});
    let (result, files) = stopped_at(&yt_dlp, ("channel_download", "/media/a1.mp4"), args);
    assert_eq!((&result["status"], &result["downloaded"]), (&json!("complete"), &json!(2)), "{result}");
    assert_eq!(files, 3, "two clips, and captions");
}

#[test]
fn playlist_download() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    let args = |site: &Site| json!({"url": site.channel(), "items": "2", "subtitles": false});
    let (result, files) = stopped_at(&yt_dlp, ("playlist_download", "/media/b2.mp4"), args);
    assert_eq!((&result["items"][0]["id"], files), (&json!("b2"), 1), "{result}");
}

#[test]
fn metadata_extraction() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    let args = |site: &Site| json!({"url": site.url("/watch/a1")});
    let (result, _) = stopped_at(&yt_dlp, ("metadata_extraction", "/api/video/a1"), args);
    assert_eq!(result["metadata"]["title"], "One", "{result}");
}

#[test]
fn download_transcript() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    let args = |site: &Site| json!({"url": site.url("/watch/a1")});
    let (result, files) = stopped_at(&yt_dlp, ("download_transcript", "/subs/a1"), args);
    assert_eq!((&result["source"], files), (&json!("automatic"), 3), "{result}");
}

#[test]
fn process_channel() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    let args =
        |site: &Site| json!({"url": site.channel(), "first_run_limit": 9, "steps": [{"job_type": "noop"}]});
    let (result, _) = stopped_at(&yt_dlp, ("process_channel", "/api/channel/all"), args);
    assert_eq!((&result["first_run"], &result["new"]), (&json!(true), &json!(2)), "{result}");
}

/// A program that says through a pipe that it has begun, and never ends unless a file is there.
struct Patient(PathBuf);

impl Patient {
    fn new(dir: &Path) -> Self {
        nix::unistd::mkfifo(&dir.join("begun"), Mode::S_IRWXU).unwrap();
        Self(dir.to_owned())
    }

    fn script(&self) -> String {
        let dir = self.0.display();
        format!(
            "#!/bin/bash\n[ -e '{dir}/go' ] || {{ sleep 1000 & echo > '{dir}/begun'; wait; }}\n\
             echo '{{\"segments\":[{{\"start\":0,\"end\":9,\"text\":\"hello\"}}]}}' > \"$1.json\"\n"
        )
    }
}

impl Obstacle for Patient {
    fn arm(&self) {}

    fn reached(&self, _: &Served, _: i64) {
        fs::File::open(self.0.join("begun")).unwrap().read_to_end(&mut Vec::new()).unwrap();
    }

    fn let_go(&self) {
        fs::write(self.0.join("go"), "").unwrap();
    }
}

#[test]
fn transcribe_audio() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    let dir = tempfile::tempdir().unwrap();
    let obstacle = Patient::new(dir.path());
    let program = dir.path().join("recogniser");
    fs::write(&program, obstacle.script()).unwrap();
    let more = format!("[transcribe]\ncommand = ['bash', '{}', '{{out}}']", program.display());
    let mut server = Served::start(&format!("{QUICK}{}", configuration(&yt_dlp, &more)));
    let outputs = server.data_dir().join("downloads");
    fs::create_dir_all(&outputs).unwrap();
    fs::copy(talking(), outputs.join("talk.mp4")).unwrap();
    let args = json!({"path": "talk.mp4"});
    let stopped =
        Stopped { job_type: "transcribe_audio", args, obstacle: &obstacle, outputs: outputs.clone() };
    let job = stopped.comes_to_its_end(&mut server);
    assert_eq!((&job["result"]["words"], made(&outputs).len()), (&json!(1), 4), "{job}");
}

/// A remote on a server that says nothing; it becomes a folder.
struct Mute {
    server: TcpListener,
    config: PathBuf,
    folder: PathBuf,
}

impl Obstacle for Mute {
    fn arm(&self) {
        self.server.set_nonblocking(true).unwrap();
        while self.server.accept().is_ok() {}
        self.server.set_nonblocking(false).unwrap();
    }

    fn reached(&self, _: &Served, _: i64) {
        // Kept open: rclone waits for an answer.
        std::mem::forget(self.server.accept().unwrap());
    }

    fn let_go(&self) {
        let remote = format!("[away]\ntype = alias\nremote = {}\n", self.folder.display());
        fs::write(&self.config, remote).unwrap();
    }
}

/// An rclone that takes its time, in the middle of a file, until it is let go.
struct SlowCopy {
    dir: PathBuf,
    away: PathBuf,
}

impl SlowCopy {
    fn script(&self, rclone: &Path) -> String {
        let (go, rclone) = (self.dir.join("go"), rclone.display());
        format!(
            "#!/bin/bash\n[ -e '{}' ] || slow='--bwlimit 50k'\nexec '{rclone}' $slow \"$@\"\n",
            go.display()
        )
    }

    /// Whether there is a part of the file anywhere.
    fn has_begun(folder: &Path) -> bool {
        let entries = fs::read_dir(folder).into_iter().flatten().map_while(Result::ok);
        entries.map(|entry| entry.path()).any(|path| match path.metadata() {
            Ok(meta) if meta.is_dir() => Self::has_begun(&path),
            Ok(meta) => meta.len() > 0,
            Err(_) => false,
        })
    }
}

impl Obstacle for SlowCopy {
    fn arm(&self) {
        let _ = fs::remove_dir_all(&self.away);
        fs::create_dir(&self.away).unwrap();
    }

    fn reached(&self, _: &Served, _: i64) {
        let begun = std::time::Instant::now();
        while !Self::has_begun(&self.away) {
            assert!(begun.elapsed().as_secs() < 60, "nothing arrives");
            std::thread::yield_now();
        }
    }

    fn let_go(&self) {
        fs::write(self.dir.join("go"), "").unwrap();
    }
}

#[test]
fn sync_storage_in_the_middle_of_a_file() {
    use std::os::unix::fs::PermissionsExt;
    let (rclone, ..) = needs!("rclone");
    let dir = tempfile::tempdir().unwrap();
    let obstacle = SlowCopy { dir: dir.path().to_owned(), away: dir.path().join("away") };
    let script = dir.path().join("rclone");
    fs::write(&script, obstacle.script(&rclone)).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let more = format!(
        "tools.rclone.command = '{}'\n[rclone]\nallowed_destinations = ['{}']",
        script.display(),
        obstacle.away.display()
    );
    let mut server = Served::start(&format!("{QUICK}{}", configuration(Path::new("yt-dlp"), &more)));
    let downloads = server.data_dir().join("downloads");
    fs::create_dir_all(&downloads).unwrap();
    fs::write(downloads.join("big"), vec![b'x'; 5_000_000]).unwrap();
    let args = json!({"destination": obstacle.away});
    let outputs = obstacle.away.clone();
    let stopped = Stopped { job_type: "sync_storage", args, obstacle: &obstacle, outputs: outputs.clone() };
    let job = stopped.comes_to_its_end(&mut server);
    assert_eq!((&job["result"]["verified"], made(&outputs).len()), (&json!(true), 1), "{job}");
}

#[test]
fn sync_storage() {
    let _ = needs!("rclone");
    let dir = tempfile::tempdir().unwrap();
    let (config, folder) = (dir.path().join("rclone.conf"), dir.path().join("away"));
    fs::create_dir(&folder).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    fs::write(&config, format!("[away]\ntype = webdav\nurl = http://127.0.0.1:{port}\nvendor = other\n"))
        .unwrap();
    let obstacle = Mute { server: listener, config: config.clone(), folder: folder.clone() };
    let more = format!("[rclone]\nconfig = '{}'\nallowed_destinations = ['away:']", config.display());
    let mut server = Served::start(&format!("{QUICK}{}", configuration(Path::new("yt-dlp"), &more)));
    let downloads = server.data_dir().join("downloads");
    fs::create_dir_all(&downloads).unwrap();
    fs::write(downloads.join("a.txt"), "a").unwrap();
    let args = json!({"destination": "away:in"});
    let stopped = Stopped { job_type: "sync_storage", args, obstacle: &obstacle, outputs: folder.clone() };
    let job = stopped.comes_to_its_end(&mut server);
    assert_eq!((&job["result"]["verified"], made(&folder).len()), (&json!(true), 1), "{job}");
}
