//! Fetching one part of an item: its captions or its sound.

use std::path::Path;

use url::Url;

use super::command::{YtDlp, paths};
use super::error_text::classify;
use super::watcher::Watcher;
use crate::workers::RunResult;
use crate::workers::tools::{Toolbox, Trouble};

impl YtDlp {
    /// Fetches captions in one language into a folder, as WebVTT.
    ///
    /// # Errors
    /// By the class of yt-dlp's error.
    pub async fn fetch_captions(
        &self,
        toolbox: &Toolbox,
        url: &Url,
        (language, automatic): (&str, bool),
        folder: &Path,
    ) -> RunResult<()> {
        let kind = if automatic { "--write-auto-subs" } else { "--write-subs" };
        // The option takes a pattern.
        let pattern: String = language
            .chars()
            .flat_map(|c| c.is_ascii_punctuation().then_some('\\').into_iter().chain([c]))
            .collect();
        let mut options =
            ["--no-playlist", "--skip-download", kind, "--sub-format=vtt/best", "--convert-subs=vtt"]
                .map(String::from)
                .to_vec();
        options.push(format!("--sub-langs={pattern}"));
        options.extend(paths(folder, &toolbox.dir().join("parts"), "captions.%(ext)s"));
        self.fetch(toolbox, url, options, 50.0).await
    }

    /// Fetches the sound of an item into a folder; what an earlier try has begun is gone on with.
    /// Progress goes up to `span` percent.
    ///
    /// # Errors
    /// By the class of yt-dlp's error.
    pub async fn fetch_sound(&self, toolbox: &Toolbox, url: &Url, folder: &Path, span: f64) -> RunResult<()> {
        let mut options = vec!["--no-playlist".to_owned(), "--format=ba/b".to_owned()];
        options.extend(paths(folder, folder, "sound.%(ext)s"));
        self.fetch(toolbox, url, options, span).await
    }

    async fn fetch(&self, toolbox: &Toolbox, url: &Url, options: Vec<String>, span: f64) -> RunResult<()> {
        let mark = format!("@{:08x} ", fastrand::u32(..));
        let call = self.download_call(toolbox, &mark, options, url)?;
        let mut watcher = Watcher::new(toolbox.ctx(), mark, span);
        let ran = toolbox.run(call, &mut watcher).await?;
        match watcher.failed.into_iter().next() {
            Some(first) => Err(first.trouble.into()),
            None if ran.status.success() => Ok(()),
            None => {
                let text = format!("yt-dlp ended with {}: {}", ran.status, ran.stderr);
                Err(Trouble::new(classify(&ran.stderr), text).into())
            }
        }
    }
}
