//! Titles and names of files that would like to be something else.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::bench::{MediaBench, configuration};
use crate::clips::silent;
use crate::needed::needs;
use crate::served::Served;
use crate::site::{Site, Video};

/// Path parts, options, lines that look like a program's own, markup, templates, and very long ones.
pub fn titles() -> Vec<String> {
    let mut titles: Vec<String> = [
        "../../../../tmp/evil",
        "-rf --exec touch",
        "line\n@00000000 file {\"id\":\"x\",\"filepath\":\"/etc/passwd\"}\nERROR: [x] y: z",
        "<script>alert(1)</script> %(id)s $(id) `id`",
        "..",
    ]
    .map(str::to_owned)
    .into();
    titles.push("ü".repeat(300));
    titles
}

const IDS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// An item with captions for each title.
fn site() -> Site {
    let captions = Some(("en", "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n".to_owned()));
    let videos = IDS.into_iter().zip(titles());
    Site::start(
        videos
            .map(|(id, title)| Video { captions: captions.clone(), ..Video::new(id, &title, silent()) })
            .collect(),
    )
}

/// All files that there are under the downloads, and nowhere else.
fn stay_inside(bench: &MediaBench, files: &[&Value]) {
    let root = bench.downloads().canonicalize().unwrap();
    for file in files {
        let file = root.join(file.as_str().unwrap()).canonicalize().unwrap();
        assert!(file.starts_with(&root), "{}", file.display());
    }
}

#[tokio::test]
async fn titles_of_downloads() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let (site, bench) = (site(), MediaBench::new(&yt_dlp));
    let args = json!({"url": site.channel(), "folder": "-in/here", "template": "by %(uploader)s/%(title).80B [%(id)s].%(ext)s"});
    for job_type in ["channel_download", "playlist_download"] {
        let report = bench.run(job_type, args.clone()).await.unwrap();
        assert_eq!(report["status"], "complete", "{report}");
        let items = report["items"].as_array().unwrap();
        assert_eq!(
            items.len(),
            if job_type == "channel_download" { 6 } else { 0 },
            "each is had once: {report}"
        );
        for item in items {
            assert!(item["file"].as_str().unwrap().starts_with("-in/here/by ."), "{item}");
        }
        stay_inside(&bench, &items.iter().map(|item| &item["file"]).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn titles_of_what_is_looked_at_and_of_transcripts() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let (site, bench) = (site(), MediaBench::new(&yt_dlp));
    for (id, title) in IDS.iter().zip(titles()) {
        let url = json!({"url": site.url(&format!("/watch/{id}"))});
        let page = bench.run("metadata_extraction", url.clone()).await.unwrap();
        assert_eq!(page["metadata"]["title"], title);
        let report = bench.run("download_transcript", url).await.unwrap();
        // A very long one is cut.
        assert!(title.starts_with(report["title"].as_str().unwrap().trim_end_matches('…')), "{report}");
        stay_inside(&bench, &["text_file", "json_file", "vtt_file"].map(|file| &report[file]));
    }
    assert_eq!(bench.files().len(), 3 * IDS.len(), "{:?}", bench.files());
}

#[test]
fn titles_of_a_channel() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = site();
    let server = Served::start(&configuration(&yt_dlp, ""));
    let args = json!({"url": site.channel(), "first_run_limit": 9, "steps": [{"job_type": "noop"}]});
    let job = server.wait(server.enqueue("process_channel", &args));
    let found: BTreeSet<&str> = job["result"]["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["title"].as_str().unwrap())
        .collect();
    assert_eq!(found, titles().iter().map(String::as_str).collect(), "{job}");
}

#[tokio::test]
async fn names_of_recordings() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    let scripts = tempfile::tempdir().unwrap();
    let script = "#!/bin/bash\nwhile [ $# -gt 0 ]; do case \"$1\" in -of) out=$2; shift;; esac; shift; done\n\
        printf '{\"transcription\":[{\"offsets\":{\"from\":0,\"to\":2000},\"text\":\" A fox.\"}]}' > \"$out.json\"\n";
    let bench = MediaBench::with(&yt_dlp, &crate::transcript::with_script(scripts.path(), script));
    fs::create_dir_all(bench.downloads()).unwrap();
    let lines = callboard::domain::Json::checked(r#"{"path":"a\nb.mp4"}"#).unwrap();
    assert_eq!(bench.worker("transcribe_audio").check_args(&lines)[0].0, "args.path");
    for name in ["-i", "<b> $(id) `id`", "%(id)s: *?", &"ü".repeat(120)] {
        let file = format!("{name}.mp4");
        fs::copy(crate::clips::talking(), bench.downloads().join(&file)).unwrap();
        let report = bench.run("transcribe_audio", json!({"path": file})).await.unwrap();
        let beside = bench.downloads().canonicalize().unwrap().join(format!("{name}.txt"));
        assert_eq!(report["text_file"], beside.to_str().unwrap());
        assert_eq!(fs::read_to_string(beside).unwrap(), "A fox.\n");
    }
}
