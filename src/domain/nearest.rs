//! Which known names are like one that is not known.

/// How alike names must be to be worth a mention: 1 is equal.
const LIKE: f64 = 0.75;

/// Up to three of the known names that are like `name`, the most alike first.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let mut scored: Vec<_> = known
        .map(|known| (strsim::jaro_winkler(&wanted, &known.to_lowercase()), known))
        .filter(|(score, _)| *score >= LIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, known)| known).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn names_what_was_probably_meant() {
        let known = ["channel_download", "cleanup", "noop", "sleep"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("chanel_download"), ["channel_download"]);
        assert_eq!(near("Nop"), ["noop"]);
        assert!(near("transcribe").is_empty());
    }
}
