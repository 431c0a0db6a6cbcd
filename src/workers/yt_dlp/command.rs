//! The options that yt-dlp is called with.

use std::path::Path;

use url::Url;

use crate::config::YtDlpConfig;
use crate::workers::tools::{Call, Tool, ToolSpec, Toolbox, secrets_in};
use crate::workers::{ProgramHost, RunResult, ToolInfo};
use std::sync::Arc;

/// Older ones lack options that are used here.
const OLDEST: &str = "2024.07";

const SPEC: ToolSpec = ToolSpec {
    name: "yt-dlp",
    key: "tools.yt_dlp.command",
    version_option: "--version",
    install: "install yt-dlp 2024.07 or newer (pip install \"yt-dlp[default]\")",
};

/// What holds for all calls.
const BASE: [&str; 14] = [
    "--ignore-config",
    "--no-colors",
    "--newline",
    "--progress",
    "--no-simulate",
    "--no-quiet",
    "--no-mtime",
    "--socket-timeout=30",
    "--retries=10",
    "--fragment-retries=10",
    "--retry-sleep=exp=1:20",
    "--progress-delta=0.5",
    "--windows-filenames",
    "--no-write-playlist-metafiles",
];

/// yt-dlp as it is configured.
pub struct YtDlp {
    tool: Tool,
    config: YtDlpConfig,
    ffmpeg: Option<String>,
}

impl YtDlp {
    /// Puts one together. `ffmpeg` is its path where that was configured.
    #[must_use]
    pub fn new(command: &str, config: YtDlpConfig, ffmpeg: Option<String>, host: Arc<ProgramHost>) -> Self {
        Self { tool: Tool::new(SPEC, command, host), config, ffmpeg }
    }

    /// The program.
    #[must_use]
    pub fn tool(&self) -> &Tool {
        &self.tool
    }

    /// The languages of subtitles, unless the job says otherwise.
    #[must_use]
    pub fn sub_langs(&self) -> &str {
        &self.config.sub_langs
    }

    /// Whether the configuration gives it a proxy.
    #[must_use]
    pub fn has_own_proxy(&self) -> bool {
        self.config.extra_args.iter().any(|arg| arg == "--proxy" || arg.starts_with("--proxy="))
    }

    /// What is wrong with the version that is there.
    #[must_use]
    pub fn complaint(info: &ToolInfo) -> Option<String> {
        let version = info.version.as_deref()?;
        let dated = version.starts_with(|c: char| c.is_ascii_digit());
        (dated && version < OLDEST)
            .then(|| format!("yt-dlp {version} is too old: {}, or set {} to one", SPEC.install, SPEC.key))
    }

    /// A call that downloads. What it prints for us begins with `mark`.
    ///
    /// # Errors
    /// Fatal when the program is not there.
    pub(super) fn download_call(
        &self,
        toolbox: &Toolbox,
        mark: &str,
        options: Vec<String>,
        url: &Url,
    ) -> RunResult<Call> {
        let mut args: Vec<String> = BASE.into_iter().map(str::to_owned).collect();
        args.extend(prints(mark));
        args.extend(self.config.limit_rate.iter().map(|rate| format!("--limit-rate={rate}")));
        args.extend(options);
        self.call(toolbox, args, url)
    }

    /// A call that lists or describes, as one JSON document.
    ///
    /// # Errors
    /// Fatal when the program is not there.
    pub(super) fn json_call(&self, toolbox: &Toolbox, options: &[&str], url: &Url) -> RunResult<Call> {
        let base = ["--ignore-config", "--no-colors", "--socket-timeout=30", "--retries=10", "-J"];
        let args = base.iter().chain(options).map(|option| (*option).to_owned()).collect();
        self.call(toolbox, args, url)
    }

    fn call(&self, toolbox: &Toolbox, mut args: Vec<String>, url: &Url) -> RunResult<Call> {
        let program = self.tool.needed()?;
        args.extend(toolbox.proxy().map(|proxy| format!("--proxy={}", proxy.url())));
        args.extend(self.ffmpeg.iter().map(|path| format!("--ffmpeg-location={path}")));
        args.extend(self.config.extra_args.iter().cloned());
        args.extend(["--".to_owned(), url.as_str().to_owned()]);
        let mut secrets = secrets_in(&self.config.extra_args);
        secrets.extend(url.password().map(str::to_owned));
        Ok(Call { secrets, ..Call::new(program, args) })
    }
}

/// What it is to print for us. Sites choose titles freely, so nobody but us must know the mark.
fn prints(mark: &str) -> [String; 8] {
    [
        "--progress-template".into(),
        format!(
            "download:{mark}dl %(info.id)j \
             %(progress.{{status,downloaded_bytes,total_bytes,total_bytes_estimate,fragment_index,fragment_count}})j"
        ),
        "--progress-template".into(),
        format!("postprocess:{mark}pp %(progress.{{status,postprocessor}})j"),
        "--print".into(),
        format!("before_dl:{mark}item %(.{{id,title,playlist_autonumber,n_entries}})j"),
        "--print".into(),
        format!("after_move:{mark}file %(.{{id,extractor_key,filepath,title,duration,webpage_url}})j"),
    ]
}

/// The options for where files go.
pub(super) fn paths(folder: &Path, parts: &Path, template: &str) -> Vec<String> {
    vec![
        "-P".into(),
        format!("home:{}", folder.display()),
        "-P".into(),
        format!("temp:{}", parts.display()),
        "-o".into(),
        // The dot keeps a template such as `infojson:x` from being read as one for other files.
        format!("./{template}"),
    ]
}
