//! Which files go.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::files::FoundFile;

/// The most patterns in a list.
const MAX_PATTERNS: usize = 100;

/// Which files go: those that any of the three criteria names.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Those that were not changed for so long.
    pub max_age: Option<Duration>,
    /// The oldest, until the rest is no larger.
    pub max_total_bytes: Option<u64>,
    /// All but so many of the newest.
    pub keep_last: Option<u64>,
    /// Only these are looked at; empty: all.
    pub include: GlobSet,
    /// These are not.
    pub exclude: GlobSet,
    /// Younger ones never go.
    pub min_age: Duration,
    /// The most that go at once.
    pub max_deletes: usize,
    /// Whether folders go that are empty afterwards.
    pub remove_empty_dirs: bool,
    /// Whether nothing goes and all is only told.
    pub dry_run: bool,
}

/// A file that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed {
    /// Relative to the folder.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was changed last.
    pub modified: SystemTime,
    /// Why.
    pub reason: String,
}

impl Rules {
    /// Reads patterns. `*` stays within a folder, `**` does not.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn globs(patterns: &[String]) -> Result<GlobSet, String> {
        if patterns.len() > MAX_PATTERNS {
            return Err(format!("must be at most {MAX_PATTERNS} patterns"));
        }
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let glob = GlobBuilder::new(pattern).literal_separator(true).build();
            set.add(glob.map_err(|e| format!("has the pattern {pattern:?}, which is none: {}", e.kind()))?);
        }
        set.build().map_err(|e| e.to_string())
    }

    /// The files that go, the oldest first, and whether there would be more.
    #[must_use]
    pub fn doomed(&self, files: Vec<FoundFile>, now: SystemTime) -> (Vec<Doomed>, bool) {
        let mut files: Vec<_> = files.into_iter().filter(|file| self.is_meant(file)).collect();
        // Newest first; the path decides between equals, so that every run gives the same list.
        files.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.path.cmp(&b.path)));
        let mut kept_bytes = 0_u64;
        let mut doomed = Vec::new();
        for (place, file) in files.into_iter().enumerate() {
            let age = now.duration_since(file.modified).unwrap_or_default();
            let reason =
                self.reason(place as u64, age, kept_bytes + file.bytes).filter(|_| age >= self.min_age);
            match reason {
                Some(reason) => {
                    let FoundFile { path, bytes, modified } = file;
                    doomed.push(Doomed { path, bytes, modified, reason });
                }
                None => kept_bytes += file.bytes,
            }
        }
        doomed.reverse();
        let cut = doomed.len() > self.max_deletes;
        doomed.truncate(self.max_deletes);
        (doomed, cut)
    }

    fn is_meant(&self, file: &FoundFile) -> bool {
        (self.include.is_empty() || self.include.is_match(&file.path)) && !self.exclude.is_match(&file.path)
    }

    fn reason(&self, place: u64, age: Duration, total: u64) -> Option<String> {
        let days = |age: Duration| age.as_secs_f64() / 86_400.0;
        if let Some(max) = self.max_age.filter(|max| age > *max) {
            return Some(format!("older than {} days", days(max)));
        }
        if let Some(keep) = self.keep_last.filter(|keep| place >= *keep) {
            return Some(format!("not among the {keep} newest"));
        }
        let max = self.max_total_bytes.filter(|max| total > *max)?;
        Some(format!("the newer ones fill the {max} bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn rules() -> Rules {
        let none = || Rules::globs(&[]).unwrap();
        Rules {
            max_age: None,
            max_total_bytes: None,
            keep_last: None,
            include: none(),
            exclude: none(),
            min_age: HOUR,
            max_deletes: 100,
            remove_empty_dirs: false,
            dry_run: true,
        }
    }

    /// Files of 10 bytes, `n` hours old.
    fn names(rules: &Rules, files: &[(&str, u32)]) -> Vec<String> {
        let now = SystemTime::UNIX_EPOCH + HOUR * 10_000;
        let file = |(path, age): &(&str, u32)| FoundFile {
            path: path.into(),
            bytes: 10,
            modified: now - HOUR * *age,
        };
        let (doomed, _) = rules.doomed(files.iter().map(file).collect(), now);
        doomed.into_iter().map(|file| file.path.to_string_lossy().into_owned()).collect()
    }

    const FILES: [(&str, u32); 4] = [("new", 0), ("b/c.mp4", 30), ("a.mp4", 20), ("old.txt", 40)];

    #[test]
    fn each_criterion() {
        assert!(names(&rules(), &FILES).is_empty());
        let by_age = Rules { max_age: Some(HOUR * 25), ..rules() };
        assert_eq!(names(&by_age, &FILES), ["old.txt", "b/c.mp4"]);
        let by_count = Rules { keep_last: Some(2), ..rules() };
        assert_eq!(names(&by_count, &FILES), ["old.txt", "b/c.mp4"]);
        let by_size = Rules { max_total_bytes: Some(35), ..rules() };
        assert_eq!(names(&by_size, &FILES), ["old.txt"]);
        // The young one counts, but does not go.
        let all = Rules { keep_last: Some(0), ..rules() };
        assert_eq!(names(&all, &FILES), ["old.txt", "b/c.mp4", "a.mp4"]);
    }

    #[test]
    fn patterns_and_limits() {
        let mp4 = Rules::globs(&["*.mp4".into()]).unwrap();
        let deep = Rules::globs(&["**/*.mp4".into()]).unwrap();
        let all = Rules { keep_last: Some(0), ..rules() };
        assert_eq!(names(&Rules { include: mp4, ..all.clone() }, &FILES), ["a.mp4"]);
        assert_eq!(names(&Rules { exclude: deep, ..all.clone() }, &FILES), ["old.txt"]);
        assert_eq!(names(&Rules { max_deletes: 1, ..all }, &FILES), ["old.txt"]);
        assert!(Rules::globs(&["a[".into()]).is_err());
    }
}
