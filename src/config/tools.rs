//! The programs that the built-in workers drive: `[tools]`.

use super::describe::Page;
use super::kinds;
use super::section::Section;

/// What is said in `[tools]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolsConfig {
    /// The names of variables that are passed on to the programs, beside PATH, HOME, LANG and TZ.
    pub env: Vec<String>,
    /// `tools.yt_dlp.command`: a name that is looked for in PATH, or a path. So are the others.
    pub yt_dlp: String,
    /// `tools.ffmpeg.command`
    pub ffmpeg: String,
    /// `tools.ffprobe.command`
    pub ffprobe: String,
    /// `tools.rclone.command`
    pub rclone: String,
}

impl Default for ToolsConfig {
    fn default() -> Self {
        Self {
            env: Vec::new(),
            yt_dlp: "yt-dlp".into(),
            ffmpeg: "ffmpeg".into(),
            ffprobe: "ffprobe".into(),
            rclone: "rclone".into(),
        }
    }
}

/// Reads `[tools]`.
pub(super) fn tools(section: &mut Section<'_>) -> ToolsConfig {
    let mut read = ToolsConfig::default();
    section.set("env", &mut read.env, kinds::texts(kinds::variable));
    let places = [
        ("yt_dlp", &mut read.yt_dlp),
        ("ffmpeg", &mut read.ffmpeg),
        ("ffprobe", &mut read.ffprobe),
        ("rclone", &mut read.rclone),
    ];
    for (name, command) in places {
        section.section(name, |tool| tool.set("command", command, kinds::text));
    }
    read
}

pub(super) fn describe(page: &mut Page<'_>, tools: &ToolsConfig) {
    page.table("tools");
    page.line("env", tools.env.clone());
    let commands = [
        ("yt_dlp", &tools.yt_dlp),
        ("ffmpeg", &tools.ffmpeg),
        ("ffprobe", &tools.ffprobe),
        ("rclone", &tools.rclone),
    ];
    for (name, command) in commands {
        page.table(&format!("tools.{name}"));
        page.line("command", command.as_str());
    }
}
