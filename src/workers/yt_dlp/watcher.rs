//! Reads what yt-dlp prints.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error_text::{classify, error_in};
use super::item::FailedItem;
use crate::logs::Stream;
use crate::workers::Context;
use crate::workers::tools::{Keep, Lines, Trouble};

/// The most errors that are kept; the rest is counted.
const MAX_FAILED: usize = 1000;

/// A file that yt-dlp has put into place.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct FileLine {
    pub id: String,
    #[serde(default)]
    pub extractor_key: String,
    pub filepath: String,
    pub title: Option<String>,
    pub duration: Option<f64>,
    pub webpage_url: Option<String>,
}

#[derive(Deserialize)]
struct ItemLine {
    id: String,
    title: Option<String>,
    playlist_autonumber: Option<u64>,
    n_entries: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Loaded {
    downloaded_bytes: Option<f64>,
    total_bytes: Option<f64>,
    total_bytes_estimate: Option<f64>,
    fragment_index: Option<f64>,
    fragment_count: Option<f64>,
}

impl Loaded {
    fn share(&self) -> Option<f64> {
        let by_bytes = self.downloaded_bytes.zip(self.total_bytes.or(self.total_bytes_estimate));
        let (done, all) = by_bytes.or(self.fragment_index.zip(self.fragment_count))?;
        (all > 0.0).then(|| (done / all).clamp(0.0, 1.0))
    }
}

/// Gathers what happens, and reports progress over all items.
pub(super) struct Watcher {
    ctx: Context,
    mark: String,
    /// What is told of the whole: the part of the job's progress that is ours, in percent.
    span: f64,
    pub files: Vec<FileLine>,
    pub failed: Vec<FailedItem>,
    pub failed_in_all: u64,
    /// Items that were downloaded by an earlier run.
    pub known: u64,
    current: Option<ItemLine>,
    position: u64,
    total: Option<u64>,
    share: f64,
    percent: f64,
}

impl Watcher {
    pub fn new(ctx: &Context, mark: String, span: f64) -> Self {
        Self {
            ctx: ctx.clone(),
            mark,
            span,
            files: Vec::new(),
            failed: Vec::new(),
            failed_in_all: 0,
            known: 0,
            current: None,
            position: 0,
            total: None,
            share: 0.0,
            percent: 0.0,
        }
    }

    fn marked(&mut self, kind: &str, rest: &str) -> Keep {
        match kind {
            "dl" => {
                let mut parts = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
                let (Some(Ok(_)), Some(Ok(loaded))) = (parts.next(), parts.next()) else {
                    return Keep::Progress;
                };
                if let Some(share) = Loaded::deserialize(loaded).ok().and_then(|loaded| loaded.share()) {
                    // Picture and sound come one after the other; it never goes back.
                    self.share = self.share.max(share);
                    self.report();
                }
                return Keep::Progress;
            }
            "item" => {
                if let Some(item) = read::<ItemLine>(rest) {
                    self.position = item.playlist_autonumber.unwrap_or(1);
                    self.total = item.n_entries.or(self.total).or(Some(1));
                    self.share = 0.0;
                    self.current = Some(item);
                    self.report();
                }
            }
            "file" => {
                if let Some(file) = read::<FileLine>(rest) {
                    self.files.push(file);
                    self.current = None;
                    self.share = 1.0;
                    self.report();
                }
            }
            _ => return Keep::Progress,
        }
        Keep::Log
    }

    /// What yt-dlp says for people; it is believed about counts only.
    fn talk(&mut self, line: &str) {
        if line.ends_with(" has already been recorded in the archive") {
            self.known += 1;
            self.report();
        } else if let Some(rest) = line.strip_prefix("[download] Downloading item ") {
            let mut numbers = rest.split(" of ").map(|word| word.parse().ok());
            if let (Some(Some(position)), Some(Some(total))) = (numbers.next(), numbers.next()) {
                (self.position, self.total) = (position, Some(total));
                self.share = 0.0;
                self.report();
            }
        }
    }

    fn error(&mut self, line: &str) {
        let Some((id, text)) = error_in(line) else { return };
        // Errors of a download name no item: it is the one under way.
        let id = id.map(str::to_owned).or_else(|| self.current.take().map(|item| item.id));
        self.failed_in_all += 1;
        if self.failed.len() < MAX_FAILED {
            let error: String = text.chars().take(500).collect();
            self.failed.push(FailedItem { id, trouble: Trouble::new(classify(text), error) });
        }
    }

    fn report(&mut self) {
        let total = self.total.unwrap_or(0).max(self.position);
        let before = self.position.saturating_sub(1);
        #[allow(clippy::cast_precision_loss, reason = "counts of items are small")]
        let percent = match total {
            0 => 0.0,
            total => (before as f64 + self.share) / total as f64 * self.span,
        };
        self.percent = self.percent.max(percent);
        let title = self.current.as_ref().and_then(|item| item.title.as_deref());
        let done = self.files.len() as u64 + self.known + self.failed_in_all;
        self.ctx.progress_at(self.percent, done, self.total, title);
    }
}

impl Lines for Watcher {
    fn line(&mut self, stream: Stream, line: &str) -> Keep {
        if let Some(marked) = line.strip_prefix(&self.mark) {
            let marked = marked.to_owned();
            let (kind, rest) = marked.split_once(' ').unwrap_or((&marked, ""));
            return self.marked(kind, rest);
        }
        match stream {
            Stream::Stderr => self.error(line),
            _ => self.talk(line),
        }
        Keep::Log
    }
}

fn read<T: DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str(json).ok()
}
