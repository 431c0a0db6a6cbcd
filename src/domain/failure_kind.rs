//! What failures have in common: their errors alike but for the numbers in them.

/// The longest part of a line that counts, in characters.
const MAX_CHARS: usize = 200;

/// Stands for any number.
const NUMBER: char = '#';

/// Stands for the lines that are left out.
const LEFT_OUT: &str = " … ";

/// The kind of an error: its first line, and its last where there are more (that is where a stack
/// trace tells what happened), with each number replaced, so that "timed out after 31 s" and "timed
/// out after 30 s" are one.
#[must_use]
pub fn failure_kind(error: &str) -> String {
    let mut lines = error.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = without_numbers(lines.next().unwrap_or_default());
    match lines.next_back() {
        Some(last) => first + LEFT_OUT + &without_numbers(last),
        None => first,
    }
}

fn without_numbers(line: &str) -> String {
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
    kind.split(LEFT_OUT)
        .flat_map(|line| line.split(NUMBER))
        .map(str::trim)
        .max_by_key(|part| part.len())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_differ_in_numbers_are_one_kind() {
        let kind = failure_kind("\n  exit 3 after 120 s\n  at line 7\ndb-7 is away\n");
        assert_eq!(kind, "exit # after # s … db-# is away");
        assert_eq!(kind, failure_kind("exit 12 after 7 s\ndb-1 is away"));
        assert_ne!(kind, failure_kind("exit after 7 s"));
        assert_eq!(failure_kind(""), "");
        assert_eq!(failure_kind(&"x".repeat(5000)).len(), MAX_CHARS);
    }

    #[test]
    fn the_common_text_is_in_every_error_of_the_kind() {
        assert_eq!(common_text("# of # rows could not be written"), "rows could not be written");
        assert_eq!(common_text("exit # … connection refused"), "connection refused");
        assert_eq!(common_text("#"), "");
    }
}
