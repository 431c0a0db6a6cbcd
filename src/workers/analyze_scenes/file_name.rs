//! What the name of a file tells.

use jiff::civil::Date;

/// Words that tell how a file was made and not what it shows.
const TECHNICAL: [&str; 24] = [
    "1080p", "2160p", "480p", "4k", "720p", "aac", "av1", "bluray", "brrip", "dvdrip", "h264", "h265", "hd",
    "hdrip", "hevc", "mp4", "uhd", "web", "webdl", "webrip", "x264", "x265", "xvid", "10bit",
];

/// The name without its extension.
pub(super) fn stem(basename: &str) -> &str {
    match basename.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 5 => stem,
        _ => basename,
    }
}

/// A title made of the name: without date, technical words and what separates words there. `None`
/// when nothing is left that could be one.
pub(super) fn title(basename: &str) -> Option<String> {
    let mut stem = stem(basename).to_owned();
    if let Some(date) = date(&stem) {
        stem = stem.replace(&date.written, " ");
    }
    let spaced = stem.replace(['_', '.'], " ");
    let is_title = |word: &&str| {
        let bare: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        !TECHNICAL.contains(&bare.to_lowercase().as_str())
    };
    let words: Vec<&str> = spaced.split_whitespace().filter(is_title).collect();
    let title = words.join(" ");
    let title = title.trim_matches(|c: char| !c.is_alphanumeric() && !"()!?'\"".contains(c));
    let letters = title.chars().filter(|c| c.is_alphabetic()).count();
    (letters >= 3).then(|| title.to_owned())
}

/// A date in a name.
pub(super) struct NamedDate {
    /// The date.
    pub date: Date,
    /// As it stands there.
    pub written: String,
}

/// The date in a name, written from year to day with `-`, `.` or `_` between, if there is exactly
/// one that the calendar knows.
pub(super) fn date(name: &str) -> Option<NamedDate> {
    let mut found: Option<NamedDate> = None;
    for (at, _) in name.char_indices() {
        let before = name[..at].chars().next_back();
        if before.is_some_and(|c| c.is_ascii_digit()) {
            continue;
        }
        let Some(here) = date_at(&name[at..]) else { continue };
        if found.as_ref().is_some_and(|other| other.date != here.date) {
            return None;
        }
        found = Some(here);
    }
    found
}

fn date_at(text: &str) -> Option<NamedDate> {
    let written = text.get(..10)?;
    let bytes = written.as_bytes();
    let separator = bytes[4];
    let digit_follows = text[10..].starts_with(|c: char| c.is_ascii_digit());
    if !b"-._".contains(&separator) || bytes[7] != separator || digit_follows {
        return None;
    }
    let number = |part: &str| part.bytes().all(|c| c.is_ascii_digit()).then(|| part.parse::<i16>().ok())?;
    let (year, month, day) = (number(&written[..4])?, number(&written[5..7])?, number(&written[8..])?);
    if !(1900..=2100).contains(&year) {
        return None;
    }
    let date = Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    Some(NamedDate { date, written: written.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn titles() {
        for (name, expected) in [
            ("A_Walk.in.the.Park.2020-05-01.1080p.x264.mp4", Some("A Walk in the Park")),
            ("[HD] Über uns (part 2).mkv", Some("Über uns (part 2)")),
            ("- leading dash.mp4", Some("leading dash")),
            ("no extension at all", Some("no extension at all")),
            ("20200501_120000.mp4", None),
            ("1080p.mp4", None),
            (".hidden", Some("hidden")),
        ] {
            assert_eq!(title(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn dates() {
        for (name, expected) in [
            ("x 2020-05-01 y", Some("2020-05-01")),
            ("x.2020.05.01.y", Some("2020-05-01")),
            ("2020_05_01", Some("2020-05-01")),
            ("2020-05-01 2020-05-01", Some("2020-05-01")),
            ("2020-05-01 2020-05-02", None),
            ("2020-13-01", None),
            ("2020-02-30", None),
            ("12020-05-01", None),
            ("2020-05-011", None),
            ("2020-05.01", None),
            ("0020-05-01", None),
            ("2020-05", None),
        ] {
            assert_eq!(date(name).map(|d| d.date.to_string()).as_deref(), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic(name in "\\PC*|[0-9é._-]{0,20}") {
            let _ = date(&name);
            prop_assert!(title(&name).is_none_or(|title| !title.is_empty()));
        }
    }
}
