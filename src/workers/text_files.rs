//! Files that jobs name: read and written below configured folders only, whatever a title, a
//! template or a symbolic link says.

use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::{Context, Failure, RunResult};
use crate::config::TextsConfig;

/// The largest text that is read, in bytes.
const MAX_TEXT: u64 = 64 * 1024 * 1024;

/// The folders in which texts are read and left.
#[derive(Clone, Debug)]
pub struct TextFiles {
    config: TextsConfig,
    /// Read below too, after the configured folders.
    downloads: Option<PathBuf>,
}

impl TextFiles {
    /// Puts one together.
    #[must_use]
    pub const fn new(config: TextsConfig) -> Self {
        Self { config, downloads: None }
    }

    /// Takes in the folder that other workers leave transcripts in.
    #[must_use]
    pub fn with_downloads(self, folder: PathBuf) -> Self {
        Self { downloads: Some(folder), ..self }
    }

    /// Whether a file of this name may be read, as far as that shows without looking at the disk.
    ///
    /// # Errors
    /// A sentence about the field that holds the name.
    pub fn check_read(&self, file: &str) -> Result<(), String> {
        self.place(file).map(|_| ())
    }

    /// Whether a file of this name may be written.
    ///
    /// # Errors
    /// A sentence about the field that holds the name.
    pub fn check_write(&self, file: &str) -> Result<(), String> {
        if self.config.output_root.is_none() {
            return Err("cannot be written: no texts.output_root is configured".into());
        }
        let path = Path::new(file);
        match path.file_name() {
            Some(_) if is_inner(path) => Ok(()),
            _ => {
                Err("must be a path below texts.output_root, without a / at its beginning and without .."
                    .into())
            }
        }
    }

    /// Reads a text.
    ///
    /// # Errors
    /// Fatal when it is not there, too large, or no text.
    pub async fn read(&self, file: &str) -> RunResult<String> {
        let (root, inner) = self.place(file).map_err(|why| Failure::fatal(format_args!("{file} {why}")))?;
        let reading = tokio::task::spawn_blocking(move || read(&root, &inner));
        reading.await?.map_err(|e| {
            let message = format!("{file} cannot be read: {e}");
            match e.kind() {
                io::ErrorKind::NotFound
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::InvalidData
                | io::ErrorKind::IsADirectory
                | io::ErrorKind::FileTooLarge => Failure::Fatal(message),
                _ => Failure::retry(message),
            }
        })
    }

    /// Writes a text; it appears under its name only once it is whole. Returns where it is.
    ///
    /// # Errors
    /// Fatal when it may not be written there, to be retried when the disk fails.
    pub async fn write(&self, ctx: &Context, file: &str, text: String) -> RunResult<PathBuf> {
        self.check_write(file).map_err(|why| Failure::fatal(format_args!("{file} {why}")))?;
        let Some(root) = self.config.output_root.clone() else {
            return Err(Failure::fatal("no texts.output_root"));
        };
        let (inner, path) = (PathBuf::from(file), root.join(file));
        let mark = format!("job-{}-{}", ctx.job.id, ctx.attempt());
        let writing = tokio::task::spawn_blocking(move || write(&root, &inner, &mark, &text));
        writing
            .await?
            .map_err(|e| Failure::retry(format_args!("{} cannot be written: {e}", path.display())))?;
        Ok(path)
    }

    /// The root that a file is below, and its path from there. A relative name is below the first.
    fn place(&self, file: &str) -> Result<(PathBuf, PathBuf), String> {
        let mut roots = self.config.roots.iter().chain(&self.config.output_root).chain(&self.downloads);
        let path = Path::new(file);
        let below = |root: &PathBuf| {
            let inner = if path.is_absolute() { inside(path, root)? } else { path };
            is_inner(inner).then(|| (root.clone(), inner.to_owned()))
        };
        roots.find_map(below).ok_or_else(|| "is not a file below one of texts.roots".into())
    }
}

/// A path from a folder on, however the folder is written: results name files by their real path.
fn inside<'a>(path: &'a Path, root: &Path) -> Option<&'a Path> {
    let real = || path.strip_prefix(root.canonicalize().ok()?).ok();
    path.strip_prefix(root).ok().or_else(real)
}

/// Whether a path stays below the folder that it is taken from.
fn is_inner(path: &Path) -> bool {
    path.file_name().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn read(root: &Path, inner: &Path) -> io::Result<String> {
    let root = Dir::open_ambient_dir(root, ambient_authority())?;
    let mut text = String::new();
    let size = root.open(inner)?.take(MAX_TEXT + 1).read_to_string(&mut text)?;
    if size as u64 > MAX_TEXT {
        let why = format!("it is larger than {MAX_TEXT} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(text)
}

fn write(root: &Path, inner: &Path, mark: &str, text: &str) -> io::Result<()> {
    std::fs::create_dir_all(root)?;
    let root = Dir::open_ambient_dir(root, ambient_authority())?;
    let folder = inner.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = match folder {
        Some(folder) => {
            root.create_dir_all(folder)?;
            root.open_dir(folder)?
        }
        None => root,
    };
    let name = Path::new(inner.file_name().unwrap_or_default());
    let part = format!(".{mark}.part");
    let written = folder.create(&part).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        folder.rename(&part, &folder, name)
    });
    if written.is_err() {
        // It may not even have been made.
        let _ = folder.remove_file(&part);
    }
    written
}
