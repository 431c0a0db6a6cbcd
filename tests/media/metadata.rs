//! What is known about media.

use serde_json::json;

use crate::bench::{MediaBench, error};
use crate::clips::silent;
use crate::needed::needs;
use crate::site::{Site, Video};

#[tokio::test]
async fn of_a_page_and_of_a_file() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![Video::new("a1", "Clip", silent())]);
    let bench = MediaBench::new(&yt_dlp);
    let run = |args| bench.run("metadata_extraction", args);
    let page = run(json!({"url": site.url("/watch/a1")})).await.unwrap();
    assert_eq!((&page["source"], &page["metadata"]["title"]), (&json!("url"), &json!("Clip")));
    assert_eq!(page["metadata"]["duration"], 1.0);

    std::fs::create_dir_all(bench.downloads()).unwrap();
    std::fs::copy(silent(), bench.downloads().join("-a:b.mp4")).unwrap();
    std::fs::write(bench.downloads().join("text.txt"), "no media").unwrap();
    let file = run(json!({"path": "-a:b.mp4"})).await.unwrap();
    assert_eq!(file["metadata"]["streams"][0]["codec_type"], "video");
    let (text, again) = error(run(json!({"path": "text.txt"})).await);
    assert!(!again && text.starts_with("bad_input: "), "{text}");
    let (text, _) = error(run(json!({"path": "no.mp4"})).await);
    assert!(text.starts_with("not_found: "), "{text}");
}
