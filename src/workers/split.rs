//! Cutting a long text into parts.

/// How far back from the end of a part a better place to cut is looked for, as a share of it.
const LOOK_BACK: usize = 2;

/// Cuts a text into parts of at most `most` characters, preferably between paragraphs, lines,
/// sentences or words, in this order.
#[must_use]
pub fn split(text: &str, most: usize) -> Vec<&str> {
    let most = most.max(1);
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while let Some((limit, _)) = rest.char_indices().nth(most) {
        let at = cut(&rest[..limit]);
        let (part, more) = rest.split_at(at);
        parts.push(part.trim_end());
        rest = more.trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// Where to cut a text that is as long as a part may be.
fn cut(text: &str) -> usize {
    let mut from = text.len() - text.len() / LOOK_BACK;
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    let tail = &text[from..];
    ["\n\n", "\n", ". ", " "]
        .iter()
        .find_map(|mark| tail.rfind(mark).map(|at| from + at + mark.len()))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_cut_where_it_hurts_least() {
        assert_eq!(split("short", 100), ["short"]);
        assert_eq!(split("  ", 100), Vec::<&str>::new());
        assert_eq!(split("one two three four", 9), ["one two", "three", "four"]);
        assert_eq!(split("a bc d\n\ne f", 9), ["a bc d", "e f"]);
        assert_eq!(split("äöüßäöüß", 3), ["äöü", "ßäö", "üß"]);
    }

    proptest! {
        #[test]
        fn nothing_but_blanks_is_lost(text in "[a-zé. \n]{0,200}", most in 1usize..40) {
            let parts = split(&text, most);
            prop_assert!(parts.iter().all(|p| !p.is_empty() && p.chars().count() <= most));
            let solid = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(solid(&parts.concat()), solid(&text));
        }
    }
}
