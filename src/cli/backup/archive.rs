//! A backup with logs: a tar archive of `queue.db`, `logs/…` and, as its last file, `backup.json`, which
//! says what is in it. Without the last one it is not whole.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

const DATABASE: &str = "queue.db";
const LOGS: &str = "logs";
const CONTENTS: &str = "backup.json";
/// How an SQLite file begins.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// What is in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contents {
    /// SHA-256 of the database.
    pub database_sha256: String,
    /// How many log files.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

/// Where it is.
pub(super) struct Archive<'a>(&'a Path);

impl<'a> Archive<'a> {
    /// The archive in a file.
    pub fn at(path: &'a Path) -> Self {
        Self(path)
    }

    /// Whether a file is one, and not a database by itself.
    pub fn is_one(path: &Path) -> io::Result<bool> {
        let mut begin = Vec::new();
        File::open(path)?.take(SQLITE.len() as u64).read_to_end(&mut begin)?;
        Ok(begin != SQLITE)
    }

    /// Makes it, and reads it again to see that it is as it should be.
    pub fn write(&self, database: &Path, logs: &Path) -> io::Result<Contents> {
        let file = File::options().write(true).truncate(true).open(self.0)?;
        let mut tar = Builder::new(BufWriter::new(file));
        append(&mut tar, database, Path::new(DATABASE))?;
        let mut contents = Contents { database_sha256: sha256(database)?, files: 0, bytes: 0 };
        for path in files_below(logs)? {
            let name = Path::new(LOGS).join(path.strip_prefix(logs).unwrap_or(&path));
            match append(&mut tar, &path, &name) {
                Ok(bytes) => {
                    contents.files += 1;
                    contents.bytes += bytes;
                }
                // Its job was deleted meanwhile.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        let text = serde_json::to_vec(&contents)?;
        tar.append_data(&mut header(text.len() as u64), CONTENTS, text.as_slice())?;
        tar.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        match self.unpack(None)? == contents {
            true => Ok(contents),
            false => Err(wrong("it does not hold what was written")),
        }
    }

    /// Reads all of it, into a database file and a folder for the logs if they are given.
    pub fn unpack(&self, to: Option<(&Path, &Path)>) -> io::Result<Contents> {
        let mut tar = tar::Archive::new(BufReader::new(File::open(self.0)?));
        let mut found = Contents { database_sha256: String::new(), files: 0, bytes: 0 };
        for entry in tar.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
            if !plain || entry.header().entry_type() != EntryType::Regular {
                return Err(wrong(&format!("{} does not belong there", path.display())));
            }
            if path == Path::new(CONTENTS) {
                let mut text = String::new();
                entry.read_to_string(&mut text)?;
                return match serde_json::from_str::<Contents>(&text)? == found {
                    true => Ok(found),
                    false => Err(wrong("it is damaged: it does not hold what it says")),
                };
            }
            if path == Path::new(DATABASE) {
                let target = to.map(|(database, _)| database.to_owned());
                found.database_sha256 = receive(&mut entry, target)?.0;
                continue;
            }
            let name = path.strip_prefix(LOGS);
            let name = name.map_err(|_| wrong(&format!("{} does not belong there", path.display())))?;
            found.bytes += receive(&mut entry, to.map(|(_, logs)| logs.join(name)))?.1;
            found.files += 1;
        }
        Err(wrong("it is not whole: it ends too early"))
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn header(size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(size);
    header
}

/// Appends a file as long as it is now: a log may grow or be cut meanwhile.
fn append(tar: &mut Builder<impl Write>, path: &Path, name: &Path) -> io::Result<u64> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    tar.append_data(&mut header(size), name, file.chain(io::repeat(b'\n')).take(size))?;
    Ok(size)
}

/// The files below a folder, in order. None when it is not there.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Takes a file out, on disk, or nowhere; its SHA-256 and how many bytes it had.
fn receive(from: &mut impl Read, to: Option<PathBuf>) -> io::Result<(String, u64)> {
    let mut file = match to {
        None => None,
        Some(path) => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            Some(File::options().write(true).create_new(true).mode(0o600).open(path)?)
        }
    };
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 64 * 1024]);
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            break;
        }
        hash.update(&piece[..read]);
        bytes += read as u64;
        if let Some(file) = &mut file {
            file.write_all(&piece[..read])?;
        }
    }
    if let Some(file) = file {
        file.sync_all()?;
    }
    Ok((hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), bytes))
}

fn sha256(path: &Path) -> io::Result<String> {
    receive(&mut File::open(path)?, None).map(|(hash, _)| hash)
}
