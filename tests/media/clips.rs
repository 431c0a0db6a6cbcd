//! Clips with spoken text, made once.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

/// What is said in the clip.
pub const SPOKEN: &str = "The quick brown fox jumps over the lazy dog. \
    She sells sea shells by the sea shore. Every good boy deserves fruit and time to play.";

static DIR: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// A clip of about ten seconds with a picture and a voice; the picture goes on a while longer.
pub fn talking() -> PathBuf {
    static CLIP: LazyLock<PathBuf> = LazyLock::new(|| {
        let wav = DIR.path().join("voice.wav");
        run(Command::new("espeak-ng").args(["-s", "150", "-w"]).arg(&wav).arg(SPOKEN));
        let clip = DIR.path().join("talking.mp4");
        run(Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=192x108:rate=10", "-i"])
            .arg(&wav)
            .args(["-shortest", "-pix_fmt", "yuv420p"])
            .arg(&clip));
        clip
    });
    CLIP.clone()
}

/// A clip of one second without sound.
pub fn silent() -> PathBuf {
    static CLIP: LazyLock<PathBuf> = LazyLock::new(|| {
        let clip = DIR.path().join("silent.mp4");
        run(Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=192x108:rate=10", "-t", "1"])
            .args(["-pix_fmt", "yuv420p"])
            .arg(&clip));
        clip
    });
    CLIP.clone()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
