//! Downloads with yt-dlp.

use callboard::logs::Stream;
use callboard::workers::{Availability, Failure};
use serde_json::json;

use crate::bench::{MediaBench, error, run_worker, worker_of};
use crate::clips::silent;
use crate::needed::needs;
use crate::site::{Served, Site, Video};
use crate::support::{all_end, entries};

fn video(id: &'static str) -> Video {
    Video::new(id, &format!("Clip {id}"), silent())
}

#[tokio::test]
async fn a_channel_is_downloaded_once_and_what_is_new_later() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    let site = Site::start(vec![
        Video { subtitles: Some(("en", "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n".into())), ..video("a1") },
        video("b2"),
    ]);
    let bench = MediaBench::new(&yt_dlp);
    let args = json!({"url": site.channel()});
    let report = bench.run("channel_download", args.clone()).await.unwrap();
    assert_eq!(
        (&report["status"], &report["downloaded"], &report["already_there"]),
        (&json!("complete"), &json!(2), &json!(0))
    );
    assert_eq!(report["items"][0]["file"], "2026-01-02 - Clip a1 [a1].mp4");
    assert_eq!(
        bench.files(),
        [
            "2026-01-02 - Clip a1 [a1].en.vtt",
            "2026-01-02 - Clip a1 [a1].info.json",
            "2026-01-02 - Clip a1 [a1].mp4",
            "2026-01-02 - Clip b2 [b2].info.json",
            "2026-01-02 - Clip b2 [b2].mp4",
        ]
    );
    let steps = bench.bench.steps();
    assert!(steps.windows(2).all(|w| w[0].percent <= w[1].percent), "{steps:?}");
    assert!(steps.iter().any(|s| s.percent > 0.0 && s.percent < 50.0), "within the first item: {steps:?}");
    assert_eq!((steps.last().unwrap().percent, steps.last().unwrap().processed), (100.0, 2));
    assert!(bench.bench.read(Stream::Stdout).contains("[LocalVideo]"));

    site.add_first(video("c3"));
    let report = bench.run("channel_download", args).await.unwrap();
    assert_eq!((&report["downloaded"], &report["already_there"]), (&json!(1), &json!(2)));
    assert_eq!(report["items"][0]["id"], "c3");
    assert_eq!(site.asked("/media/a1.mp4"), 1);
    assert_eq!(entries(&bench.bench.dir.path().join("work")), 0);
}

#[tokio::test]
async fn what_fails_for_good_is_named_and_the_rest_is_kept() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![
        video("a1"),
        video("gone").served(Served::Missing),
        video("mine").served(Served::Forbidden),
    ]);
    let bench = MediaBench::new(&yt_dlp);
    let report = bench.run("playlist_download", json!({"url": site.channel()})).await.unwrap();
    assert_eq!((&report["status"], &report["downloaded"]), (&json!("partial"), &json!(1)));
    let failed: Vec<_> =
        report["failed"].as_array().unwrap().iter().map(|f| (&f["id"], &f["class"])).collect();
    assert_eq!(failed, [(&json!("gone"), &json!("not_found")), (&json!("mine"), &json!("auth"))]);
    assert!(report["failed"][0]["error"].as_str().unwrap().contains("404"));
}

#[tokio::test]
async fn what_may_work_the_next_time_is_tried_again_and_named_at_last() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![video("a1"), video("ill").served(Served::Heals(2))]);
    let bench = MediaBench::new(&yt_dlp);
    let args = json!({"url": site.channel()});
    let (text, again) = error(bench.run("channel_download", args.clone()).await);
    assert!(again && text.contains("transient") && text.contains("ill") && text.contains("503"), "{text}");
    let report = bench.run_last("channel_download", args.clone()).await.unwrap();
    assert_eq!((&report["status"], &report["already_there"]), (&json!("partial"), &json!(1)));
    let report = bench.run("channel_download", args).await.unwrap();
    assert_eq!((&report["status"], &report["items"][0]["id"]), (&json!("complete"), &json!("ill")));
}

#[tokio::test]
async fn an_error_of_the_whole_has_its_class() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![video("gone").served(Served::Missing), video("a1")]);
    let bench = MediaBench::new(&yt_dlp);
    let run = |args| bench.run("playlist_download", args);
    let (text, again) = error(run(json!({"url": site.url("/watch/gone")})).await);
    assert!(!again && text.starts_with("not_found: gone: "), "{text}");
    let args = json!({"url": site.url("/watch/a1"), "format": "bestvideo[height>9000]"});
    let (text, again) = error(run(args).await);
    assert!(!again && text.starts_with("bad_input: a1: Requested format"), "{text}");
    let (text, again) = error(run(json!({"url": "http://127.0.0.1:9/watch/x"})).await);
    assert!(again && text.starts_with("transient: "), "{text}");
    assert_eq!(bench.files(), [""; 0]);
}

#[tokio::test]
async fn a_connection_that_is_cut_is_taken_up_again() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![video("cut").served(Served::Cut)]);
    let bench = MediaBench::new(&yt_dlp);
    let report = bench.run("channel_download", json!({"url": site.channel()})).await.unwrap();
    assert_eq!((&report["downloaded"], site.asked("/media/cut.mp4")), (&json!(1), 2));
    let file = bench.downloads().join(report["items"][0]["file"].as_str().unwrap());
    assert_eq!(std::fs::read(file).unwrap(), std::fs::read(silent()).unwrap());
}

#[tokio::test]
async fn a_file_that_is_too_short_is_not_believed() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let short = Video { duration: 60.0, ..video("short") };
    let site = Site::start(vec![short]);
    let bench = MediaBench::new(&yt_dlp);
    let args = json!({"url": site.channel()});
    let (text, again) = error(bench.run("channel_download", args.clone()).await);
    assert!(again && text.contains("1.0 s long where 60.0 s were announced"), "{text}");
    assert!(!bench.has_clip());
    // It is forgotten, so that it is fetched again.
    error(bench.run("channel_download", args).await);
    assert_eq!(site.asked("/media/short.mp4"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_leaves_no_process_and_no_file_and_a_re_run_goes_on() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![video("held").served(Served::Held)]);
    let bench = MediaBench::new(&yt_dlp);
    let args = json!({"url": site.channel()});
    let ctx = bench.bench.context(&args.to_string());
    let (cancel, config, host) = (bench.bench.cancel.clone(), bench.config.clone(), bench.bench.host());
    let running = tokio::spawn(run_worker(worker_of(&config, &host, "channel_download"), ctx));
    tokio::task::block_in_place(|| site.await_asked("/media/held.mp4"));
    let pids = children_named("yt-dlp");
    assert!(!pids.is_empty());
    cancel.cancel();
    let result = running.await.unwrap();
    assert_eq!(result, Err(Failure::Cancelled));
    all_end(&pids).await;
    assert!(!bench.has_clip(), "{:?}", bench.files());
    site.release();
    let again = MediaBench { bench: crate::support::Bench::new(), config: bench.config.clone() };
    let report = again.run("channel_download", args).await.unwrap();
    assert_eq!(report["downloaded"], 1);
}

/// Child processes of this one whose command line holds a name.
fn children_named(name: &str) -> Vec<i32> {
    let me = std::process::id().to_string();
    let ours = |pid: &i32| {
        let read = |file| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let stat = read("stat");
        let parent =
            stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1).map(str::to_owned));
        parent.as_deref() == Some(me.as_str()) && read("cmdline").contains(name)
    };
    let pids =
        std::fs::read_dir("/proc").unwrap().filter_map(|e| e.unwrap().file_name().to_str()?.parse().ok());
    pids.filter(ours).collect()
}

#[tokio::test]
async fn wrong_args_are_refused_by_name() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let bench = MediaBench::new(&yt_dlp);
    let faults = |job_type: &str, args: serde_json::Value| -> Vec<String> {
        let args = callboard::domain::Json::of(&args).unwrap();
        bench.worker(job_type).check_args(&args).into_iter().map(|(field, _)| field).collect()
    };
    let all_wrong = json!({
        "url": "http://10.0.0.1/x", "limit": 0, "folder": "../up", "format": "", "sub_langs": "a\nb", "template": "/x"
    });
    assert_eq!(
        faults("channel_download", all_wrong),
        ["args.url", "args.folder", "args.format", "args.sub_langs", "args.template", "args.limit"]
    );
    assert_eq!(faults("channel_download", json!({})), ["args"]);
    assert_eq!(faults("channel_download", json!({"url": "http://127.0.0.1/", "ulr": 1})), ["args.ulr"]);
    assert_eq!(
        faults("playlist_download", json!({"url": "file:///etc/passwd", "items": "1;2"})),
        ["args.url", "args.items"]
    );
    assert_eq!(faults("metadata_extraction", json!({})), ["args"]);
    assert_eq!(
        faults("metadata_extraction", json!({"url": "http://127.0.0.1/", "path": "/etc"})),
        ["args.path", "args"]
    );
}

#[tokio::test]
async fn tools_are_named_with_their_versions_or_what_to_do() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let worker = MediaBench::new(&yt_dlp).worker("channel_download");
    assert_eq!(worker.availability(), Availability::Available);
    let tools = worker.tools().await;
    assert_eq!(tools.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["yt-dlp", "ffmpeg", "ffprobe"]);
    assert!(tools.iter().all(|tool| tool.version.is_some()), "{tools:?}");
    assert!(tools[0].version.as_deref().unwrap().starts_with("202"), "{tools:?}");

    let missing = MediaBench::new(std::path::Path::new("/no/yt-dlp"));
    let worker = missing.worker("channel_download");
    let Availability::Unavailable(reason) = worker.availability() else { panic!("it is there") };
    assert!(reason.contains("pip install") && reason.contains("tools.yt_dlp.command"), "{reason}");
    let (text, again) = error(missing.run("channel_download", json!({"url": "http://127.0.0.1:9/"})).await);
    assert_eq!((text, again), (reason, false));
}
