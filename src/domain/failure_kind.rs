//! What failures have in common: their errors alike but for the numbers in them.

/// The longest kind, in characters.
const MAX_CHARS: usize = 200;

/// Stands for any number.
const NUMBER: char = '#';

/// The kind of an error: its first line with each number replaced, so that "timed out after 31 s"
/// and "timed out after 30 s" are one.
#[must_use]
pub fn failure_kind(error: &str) -> String {
    let line = error.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut kind = String::new();
    let mut in_number = false;
    for c in line.chars().take(MAX_CHARS) {
        if !c.is_ascii_digit() {
            kind.push(c);
        } else if !in_number {
            kind.push(NUMBER);
        }
        in_number = c.is_ascii_digit();
    }
    kind
}

/// The longest part of a kind that every error of it has as it stands: what a search can look for.
#[must_use]
pub fn common_text(kind: &str) -> &str {
    kind.split(NUMBER).map(str::trim).max_by_key(|part| part.len()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_differ_in_numbers_are_one_kind() {
        let kind = failure_kind("\n  exit 3 after 120 s\nstderr: …");
        assert_eq!(kind, "exit # after # s");
        assert_eq!(kind, failure_kind("exit 12 after 7 s"));
        assert_ne!(kind, failure_kind("exit after 7 s"));
        assert_eq!(failure_kind(""), "");
        assert_eq!(failure_kind(&"x".repeat(5000)).len(), MAX_CHARS);
    }

    #[test]
    fn the_common_text_is_in_every_error_of_the_kind() {
        assert_eq!(common_text("# of # rows could not be written"), "rows could not be written");
        assert_eq!(common_text("#"), "");
    }
}
