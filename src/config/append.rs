//! Adding a token to a configuration file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::auth::Token;
use super::file::{ConfigFile, DEFAULT_FILE};
use super::{Config, ConfigError, Sources, read};

/// What a file is given that was not there: whoever runs the server has to read it.
const USUAL_MODE: u32 = 0o644;

/// Why a token was not added. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// With the token the configuration would be wrong.
    #[error("{0}")]
    Configuration(#[from] ConfigError),
    /// The file has its tokens in a form that nothing can be added to at its end.
    #[error(
        "{}: a token cannot be added at its end, because of how tokens are written there: paste it by hand",
        .0.display()
    )]
    Form(PathBuf),
    /// Somebody else was faster.
    #[error("{}: was changed meanwhile; try again", .0.display())]
    Changed(PathBuf),
    /// The file cannot be replaced.
    #[error("{}: cannot be written: {why}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: io::Error,
    },
}

/// Adds a token to the end of the configuration file, or begins `callboard.toml` with it, and tells
/// which file that is. The whole is checked before anything is written, and the file is replaced in
/// one step; it keeps its mode and its owner.
///
/// # Errors
/// When the file is wrong, with or without the token, or cannot be replaced.
pub fn add_token(sources: &Sources, token: &Token) -> Result<PathBuf, AppendError> {
    let found = ConfigFile::find(sources.named_file(), Path::new(""))?;
    let is_new = found.is_none();
    let file = found.unwrap_or_else(|| ConfigFile { name: DEFAULT_FILE.into(), text: String::new() });
    let path = PathBuf::from(&file.name);
    let text = with_block(&file.text, token);
    check(&file, &text, sources, token, &path)?;
    let write = |e| AppendError::Write { path: path.clone(), why: e };
    // Whoever keeps the file elsewhere, behind a link, keeps it there.
    let target = if is_new { path.clone() } else { fs::canonicalize(&path).map_err(write)? };
    let fresh = prepared(&target, &text, is_new).map_err(write)?;
    let now = if is_new { None } else { Some(fs::read_to_string(&target).map_err(write)?) };
    if now.is_some_and(|now| now != file.text) {
        return Err(AppendError::Changed(path));
    }
    let placed = match is_new {
        true => fresh.persist_noclobber(&target).map_err(|e| e.error),
        false => fresh.persist(&target).map_err(|e| e.error),
    };
    placed.and_then(|_| File::open(folder(&target))?.sync_all()).map_err(write)?;
    Ok(path)
}

/// The text with the token behind it.
fn with_block(text: &str, token: &Token) -> String {
    let gap = match text {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    format!("{text}{gap}{}", token.block())
}

/// The new text must be a configuration that differs from the old one by the token and nothing else.
/// The old one may be wrong for want of a token.
fn check(
    file: &ConfigFile,
    text: &str,
    sources: &Sources,
    token: &Token,
    path: &Path,
) -> Result<(), AppendError> {
    // What is no TOML without the token is the file's own fault.
    file.values()?;
    let whole = ConfigFile { name: file.name.clone(), text: text.to_owned() };
    let by_hand = || AppendError::Form(path.to_owned());
    whole.values().map_err(|_| by_hand())?;
    let load = |text: &str| {
        let file = ConfigFile { name: file.name.clone(), text: text.to_owned() };
        read::read(Some(file), sources).map(|(config, _)| config)
    };
    let after = load(text)?;
    let mut others = after.auth_tokens.clone();
    let is_last = others.pop().as_ref() == Some(token);
    let without = Config { auth_tokens: others, ..after };
    let more = load(&file.text).is_ok_and(|before| before != without);
    if is_last && !more { Ok(()) } else { Err(by_hand()) }
}

/// A file beside the one that it is to replace, with all that belongs to it.
fn prepared(target: &Path, text: &str, is_new: bool) -> io::Result<tempfile::NamedTempFile> {
    let mut fresh = tempfile::Builder::new().prefix(".callboard-").tempfile_in(folder(target))?;
    fresh.write_all(text.as_bytes())?;
    let mut mode = USUAL_MODE;
    if !is_new {
        let old = fs::metadata(target)?;
        let new = fresh.as_file().metadata()?;
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            fchown(fresh.as_file(), Some(old.uid()), Some(old.gid()))?;
        }
        mode = old.mode() & 0o7777;
    }
    fresh.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
    fresh.as_file().sync_all()?;
    Ok(fresh)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
