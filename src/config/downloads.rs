//! Where downloads go, and how yt-dlp fetches them: `[downloads]` and `[yt_dlp]`.

use std::path::PathBuf;

use ::config::Value;

use super::describe::Page;
use super::kinds;
use super::section::Section;

/// What is said in `[downloads]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DownloadsConfig {
    /// Nothing is written elsewhere; `None`: `downloads` in the data folder.
    pub dir: Option<PathBuf>,
}

/// What is said in `[yt_dlp]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YtDlpConfig {
    /// The most bytes a second, as yt-dlp writes it: `500K`, `4.2M`.
    pub limit_rate: Option<String>,
    /// The languages of subtitles, unless the job says otherwise.
    pub sub_langs: String,
    /// More options, for every call.
    pub extra_args: Vec<String>,
}

impl Default for YtDlpConfig {
    fn default() -> Self {
        Self { limit_rate: None, sub_langs: "en.*".into(), extra_args: Vec::new() }
    }
}

/// Reads `[downloads]`.
pub(super) fn downloads(section: &mut Section<'_>) -> DownloadsConfig {
    DownloadsConfig { dir: section.get("dir", kinds::path) }
}

/// Reads `[yt_dlp]`.
pub(super) fn yt_dlp(section: &mut Section<'_>) -> YtDlpConfig {
    let mut read = YtDlpConfig { limit_rate: section.get("limit_rate", rate), ..YtDlpConfig::default() };
    section.set("sub_langs", &mut read.sub_langs, kinds::text);
    section.set("extra_args", &mut read.extra_args, kinds::arguments);
    read
}

fn rate(value: &Value) -> Result<String, String> {
    let text = kinds::text(value)?;
    let number = text.trim_end_matches(['K', 'M', 'G', 'k', 'm', 'g']);
    let fits = text.len() - number.len() <= 1 && number.parse::<f64>().is_ok_and(|n| n > 0.0 && n < 1e12);
    if fits {
        Ok(text)
    } else {
        Err(kinds::wrong("a rate in bytes a second such as \"500K\" or \"4.2M\"", value))
    }
}

pub(super) fn describe(page: &mut Page<'_>, downloads: &DownloadsConfig, yt_dlp: &YtDlpConfig) {
    page.table("downloads");
    page.optional("dir", downloads.dir.as_ref().map(|dir| dir.display().to_string()));
    page.table("yt_dlp");
    page.optional("limit_rate", yt_dlp.limit_rate.as_deref());
    page.line("sub_langs", yt_dlp.sub_langs.as_str());
    page.line("extra_args", yt_dlp.extra_args.clone());
}
