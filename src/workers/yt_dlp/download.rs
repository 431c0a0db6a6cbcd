//! Downloading a channel, a playlist or one item.

use std::fs;
use std::path::{Path, PathBuf};

use url::Url;

use super::archive;
use super::command::{YtDlp, paths};
use super::error_text::classify;
use super::item::{DownloadedItem, FailedItem};
use super::report::{DownloadReport, MAX_NAMED};
use super::watcher::{FileLine, Watcher};
use crate::workers::ffmpeg::check_media;
use crate::workers::outputs::{OutputRoot, SourceState};
use crate::workers::tools::{Class, Ran, Tool, Toolbox, Trouble};
use crate::workers::{Failure, RunResult};

/// yt-dlp stopped because it was told to stop at something.
const STOPPED: i32 = 101;
/// yt-dlp does not take its options.
const WRONG_OPTIONS: i32 = 2;
/// What a title is cut to in results.
const MAX_TITLE: usize = 200;
/// The share of the job's progress that is left for looking at the files.
const DOWNLOAD_SPAN: f64 = 99.0;

/// Which items of a list are wanted, and in which form.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// More options: ranges, formats, subtitles.
    pub options: Vec<String>,
    /// How files are named.
    pub template: Option<String>,
    /// Whether wrong options are the job's fault.
    pub from_job: bool,
}

/// How files are named, unless the job says otherwise.
const TEMPLATE: &str = "%(upload_date>%Y-%m-%d|unknown)s - %(title).120B [%(id)s].%(ext)s";

/// A download of one source into one folder.
pub struct Download<'a> {
    /// yt-dlp.
    pub yt_dlp: &'a YtDlp,
    /// ffprobe.
    pub ffprobe: &'a Tool,
    /// The attempt's programs.
    pub toolbox: &'a Toolbox,
    /// Where everything is written.
    pub root: &'a OutputRoot,
    /// The folder below it.
    pub folder: PathBuf,
    /// What is kept about the source, locked.
    pub state: SourceState,
    /// The source.
    pub url: Url,
    /// What of it is wanted.
    pub selection: Selection,
}

impl Download<'_> {
    /// Downloads, and looks at every file.
    ///
    /// # Errors
    /// When nothing could be had, or some of it might be had the next time.
    pub async fn run(self) -> RunResult<DownloadReport> {
        let (mut ran, mut seen) = self.once(&[]).await?;
        if seen.failed.iter().any(|item| item.trouble.error.contains("HTTP Error 416")) {
            self.toolbox
                .ctx()
                .log
                .warn("a file that was begun does not fit the one on the site; it is begun anew");
            (ran, seen) = self.once(&["--no-continue"]).await?;
        }
        self.check_exit(&ran, &mut seen)?;
        let items = self.look_at_files(&mut seen).await?;
        self.judge(items, seen)
    }

    async fn once(&self, more: &[&str]) -> RunResult<(Ran, Watcher)> {
        let mark = format!("@{:08x} ", fastrand::u32(..));
        let template = self.selection.template.as_deref().unwrap_or(TEMPLATE);
        let mut options = vec![
            "--no-abort-on-error".to_owned(),
            format!("--download-archive={}", self.state.path("archive.txt").display()),
        ];
        options.extend(paths(&self.folder, &self.state.path("parts"), template));
        options.extend(self.selection.options.iter().cloned());
        options.extend(more.iter().map(|option| (*option).to_owned()));
        let call = self.yt_dlp.download_call(self.toolbox, &mark, options, &self.url)?;
        let mut watcher = Watcher::new(self.toolbox.ctx(), mark, DOWNLOAD_SPAN);
        let ran = self.toolbox.run(call, &mut watcher).await?;
        Ok((ran, watcher))
    }

    /// Turns an exit that no error line explains into an error.
    fn check_exit(&self, ran: &Ran, seen: &mut Watcher) -> RunResult<()> {
        match ran.status.code() {
            Some(0 | STOPPED) => Ok(()),
            Some(WRONG_OPTIONS) => {
                let class = if self.selection.from_job { Class::BadInput } else { Class::Internal };
                Err(Trouble::new(class, format_args!("yt-dlp does not take its options: {}", ran.stderr))
                    .into())
            }
            Some(_) if !seen.failed.is_empty() => Ok(()),
            _ => {
                let text = format!("yt-dlp ended with {}: {}", ran.status, ran.stderr);
                seen.failed.push(FailedItem { id: None, trouble: Trouble::new(classify(&ran.stderr), text) });
                seen.failed_in_all += 1;
                Ok(())
            }
        }
    }

    /// Exit 0 is not believed: every file must be there, below the root, and whole. One that is not
    /// is removed and forgotten, so that the next run fetches it again.
    async fn look_at_files(&self, seen: &mut Watcher) -> RunResult<Vec<DownloadedItem>> {
        let mut items = Vec::new();
        for file in std::mem::take(&mut seen.files) {
            match self.look_at(&file).await {
                Ok(item) => items.push(item),
                Err(Failure::Cancelled) => return Err(Failure::Cancelled),
                Err(failure) => {
                    archive::forget(&self.state.path("archive.txt"), &file.extractor_key, &file.id)?;
                    let text = match failure {
                        Failure::Fatal(message) | Failure::Retry { message, .. } => message,
                        other => format!("{other:?}"),
                    };
                    let trouble = Trouble::new(Class::Transient, text);
                    seen.failed.push(FailedItem { id: Some(file.id), trouble });
                    seen.failed_in_all += 1;
                }
            }
        }
        Ok(items)
    }

    async fn look_at(&self, file: &FileLine) -> RunResult<DownloadedItem> {
        let gone = |e| Trouble::new(Class::Transient, format_args!("its file is not there: {e}"));
        let path = Path::new(&file.filepath).canonicalize().map_err(gone)?;
        if !path.starts_with(self.root.path()?) {
            let text = format!("its file went to {}, out of the folder of downloads", path.display());
            return Err(Trouble::new(Class::Internal, text).into());
        }
        let found = check_media(self.ffprobe, self.toolbox, &path, file.duration).await;
        let found = found.inspect_err(|failure| {
            if *failure != Failure::Cancelled {
                let _ = fs::remove_file(&path);
            }
        })?;
        Ok(DownloadedItem {
            id: file.id.clone(),
            title: file.title.as_ref().map(|title| title.chars().take(MAX_TITLE).collect()),
            url: file.webpage_url.clone(),
            file: self.root.shown(&path),
            bytes: path.metadata().map_err(gone)?.len(),
            duration: found.duration,
        })
    }

    fn judge(&self, mut items: Vec<DownloadedItem>, mut seen: Watcher) -> RunResult<DownloadReport> {
        let (job, downloaded) = (&self.toolbox.ctx().job, items.len() as u64);
        let there = downloaded + seen.known;
        let worth_another_try = seen.failed.iter().any(|item| item.trouble.class == Class::Transient);
        if let Some(first) = seen.failed.first() {
            let named = first.id.as_ref().map_or_else(String::new, |id| format!("{id}: "));
            let count = seen.failed_in_all;
            let text = match (count, there) {
                (1, 0) => format!("{named}{}", first.trouble.error),
                _ => format!(
                    "{count} of {} items failed; the first: {named}{}",
                    count + there,
                    first.trouble.error
                ),
            };
            if worth_another_try && job.retry_count < job.max_retries {
                return Err(Trouble::new(Class::Transient, text).into());
            }
            if there == 0 {
                return Err(Trouble::new(first.trouble.class, text).into());
            }
            self.toolbox.ctx().log.warn(text);
        } else {
            let _ = fs::remove_dir_all(self.state.path("parts"));
        }
        let status = if seen.failed.is_empty() { "complete" } else { "partial" };
        items.truncate(MAX_NAMED);
        seen.failed.truncate(MAX_NAMED);
        let ctx = self.toolbox.ctx();
        ctx.progress_at(100.0, there + seen.failed_in_all, Some(there + seen.failed_in_all), None);
        Ok(DownloadReport {
            status,
            folder: self.root.shown(&self.folder),
            items,
            downloaded,
            already_there: seen.known,
            failed: seen.failed,
        })
    }
}
