//! What the args of all downloads have in common.

use super::media::Media;
use super::outputs::{SourceState, check_relative};
use super::yt_dlp::{Download, DownloadReport, Selection, template};
use super::{Context, RunResult};

/// The longest format or list of languages.
const MAX_OPTION: usize = 300;

/// The args that every download has.
pub(super) struct DownloadArgs<'a> {
    pub url: &'a str,
    pub folder: Option<&'a str>,
    pub format: Option<&'a str>,
    pub subtitles: bool,
    pub sub_langs: Option<&'a str>,
    pub template: Option<&'a str>,
}

impl DownloadArgs<'_> {
    /// What is wrong with them, by field.
    pub fn faults(&self, media: &Media) -> Vec<(String, String)> {
        let checks = [
            ("url", media.addresses.check(self.url).map(|_| ())),
            ("folder", self.folder.map_or(Ok(()), check_relative)),
            ("format", self.format.map_or(Ok(()), check_option)),
            ("sub_langs", self.sub_langs.map_or(Ok(()), check_option)),
            ("template", self.template.map_or(Ok(()), template::check)),
        ];
        let wrong = checks.into_iter().filter_map(|(field, found)| Some((field, found.err()?)));
        wrong.map(|(field, why)| (format!("args.{field}"), why)).collect()
    }

    fn options(&self, default_langs: &str) -> Vec<String> {
        let mut options = vec!["--write-info-json".to_owned()];
        if self.subtitles {
            let langs = self.sub_langs.unwrap_or(default_langs);
            options.extend(
                ["--write-subs", "--write-auto-subs", "--sub-format=vtt/best", "--convert-subs=vtt"]
                    .map(String::from),
            );
            options.push(format!("--sub-langs={langs}"));
        }
        options.extend(self.format.map(|format| format!("--format={format}")));
        options
    }
}

fn check_option(text: &str) -> Result<(), String> {
    match (1..=MAX_OPTION).contains(&text.len()) && !text.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(format!("must be from 1 to {MAX_OPTION} bytes long, without control characters")),
    }
}

/// Downloads what the args ask for; `options` pick items out of a list.
pub(super) async fn run_download(
    media: &Media,
    ctx: &Context,
    args: &DownloadArgs<'_>,
    mut options: Vec<String>,
) -> RunResult<DownloadReport> {
    media.ffmpeg.needed()?;
    media.ffprobe.needed()?;
    let url = media.open_url(args.url).await?;
    let folder = media.root.folder(args.folder)?;
    let state = SourceState::lock(&folder, url.as_str())?;
    let toolbox = media.web_toolbox(ctx).await?;
    options.extend(args.options(media.yt_dlp.sub_langs()));
    let from_job = args.template.is_some() || args.format.is_some() || args.sub_langs.is_some();
    let template = args.template.map(str::to_owned);
    let selection = Selection { options, template, from_job };
    let (yt_dlp, ffprobe, root) = (&media.yt_dlp, &media.ffprobe, &media.root);
    Download { yt_dlp, ffprobe, toolbox: &toolbox, root, folder, state, url, selection }.run().await
}
