//! Sentences that other rooms have made, in the visitor's language. They are made in English, as
//! callers of the API read them; `locales/en/sentences.ftl` has each as a message, and so tells
//! which one a sentence is and what goes into it.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::words::{Language, Values};

/// What goes into a message as a sentence of its own.
const REST: &str = "rest";

/// A message as it is in English.
struct Pattern {
    id: &'static str,
    /// What stands before each value, and after the last one.
    plain: Vec<&'static str>,
    names: Vec<&'static str>,
}

/// All of them; those with the most words of their own first, so that they are found before those
/// into which they would fit.
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let lines = include_str!("../../../locales/en/sentences.ftl").lines();
    let mut all: Vec<Pattern> = lines.filter_map(Pattern::read).collect();
    all.sort_by_key(|pattern| std::cmp::Reverse(pattern.plain.concat().len()));
    all
});

impl Pattern {
    /// Reads a line such as `say-secs = must be at least { $a }`.
    fn read(line: &'static str) -> Option<Self> {
        let (id, text) = line.split_once(" = ").filter(|_| !line.starts_with('#'))?;
        let mut pieces = text.split("{ $");
        let mut plain = vec![pieces.next()?];
        let mut names = Vec::new();
        for piece in pieces {
            let (name, after) = piece.split_once(" }")?;
            names.push(name);
            plain.push(after);
        }
        Some(Self { id, plain, names })
    }

    /// The values in a sentence, if it is one of these.
    fn values<'a>(&self, sentence: &'a str) -> Option<Vec<&'a str>> {
        let (first, others) = self.plain.split_first()?;
        let mut rest = sentence.strip_prefix(first)?;
        let Some((last, between)) = others.split_last() else { return rest.is_empty().then(Vec::new) };
        let mut values = Vec::new();
        for plain in between {
            let (value, after) = rest.split_once(plain)?;
            values.push(value);
            rest = after;
        }
        values.push(rest.strip_suffix(last)?);
        Some(values)
    }
}

impl Language {
    /// A sentence of the program in this language; one that is not known stays as it is.
    pub(super) fn reword(self, sentence: &str) -> String {
        let found = || PATTERNS.iter().find_map(|p| Some((p, p.values(sentence)?)));
        match found().filter(|_| self != Self::English) {
            None => sentence.to_owned(),
            Some((pattern, values)) => {
                let named = pattern.names.iter().zip(values).map(|(name, value)| {
                    let value = if *name == REST { self.reword(value) } else { value.to_owned() };
                    (Cow::Borrowed(*name), value.into())
                });
                self.say_with(pattern.id, &named.collect::<Values>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn russian(sentence: &str) -> String {
        Language::Russian.reword(sentence)
    }

    #[test]
    fn values_are_taken_over() {
        let sentence = "must be a whole number from 1 to 10, got \"x\"";
        assert_eq!(russian(sentence), "должно быть целым числом от 1 до 10; дано: \"x\"");
        assert_eq!(Language::English.reword(sentence), sentence);
        assert_eq!(russian("must be a whole number"), "должно быть целым числом");
        assert_eq!(russian("there is no job type x y"), "нет типа заданий x y");
        assert_eq!(russian("there is no job 7"), "нет задания 7");
    }

    #[test]
    fn a_sentence_in_a_sentence_is_reworded_too() {
        assert_eq!(russian("a tag must not be empty"), "метка: не должно быть пустым");
        let fault = crate::domain::Json::checked("{\"a\":1,}").unwrap_err();
        assert_eq!(russian(&fault), "лишняя запятая: строка 1, столбец 8");
    }

    #[test]
    fn what_is_not_known_stays() {
        assert_eq!(russian("the moon is full"), "the moon is full");
        assert_eq!(russian(""), "");
    }

    #[test]
    fn every_pattern_finds_itself() {
        assert!(PATTERNS.len() > 50);
        for pattern in PATTERNS.iter() {
            let value = "1";
            let sentence = pattern.plain.join(value);
            let reworded = russian(&sentence);
            assert!(reworded.chars().any(|c| ('а'..='я').contains(&c)), "{sentence}: {reworded}");
            assert_eq!(pattern.values(&sentence).map(|v| v.len()), Some(pattern.names.len()), "{sentence}");
        }
    }
}
