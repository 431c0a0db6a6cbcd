//! Finding names of known things in a text.

use std::collections::HashMap;

use serde::Deserialize;

use crate::workers::stash::Named;

/// Shorter names stand in too many words by chance.
const SHORTEST: usize = 3;

/// A thing with its names, as the library describes tags, studios and performers.
#[derive(Debug, Deserialize)]
pub(super) struct WithNames {
    id: String,
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    alias_list: Vec<String>,
}

/// The names of all things of a kind.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// `None`: more than one thing has that name.
    by_words: HashMap<String, Option<Named>>,
    /// How many words the longest name has.
    longest: usize,
}

/// A thing whose name stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub named: Named,
    /// The words that were found.
    pub words: String,
    /// How many they are.
    pub len: usize,
}

impl Names {
    /// Adds a thing.
    pub fn add(&mut self, thing: &WithNames) {
        let named = Named { id: thing.id.clone(), name: thing.name.clone() };
        for name in [&thing.name].into_iter().chain(&thing.aliases).chain(&thing.alias_list) {
            let words = words(name);
            let key = words.join(" ");
            if key.chars().count() < SHORTEST || key.chars().all(|c| c.is_ascii_digit() || c == ' ') {
                continue;
            }
            self.longest = self.longest.max(words.len());
            let known = self.by_words.entry(key).or_insert_with(|| Some(named.clone()));
            if known.as_ref().is_some_and(|other| other.id != named.id) {
                *known = None;
            }
        }
    }

    /// The things whose names stand in a text as whole words, longer names before shorter ones
    /// within them, each once.
    pub fn find(&self, text: &str) -> Vec<Hit> {
        let words = words(text);
        let mut hits: Vec<Hit> = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let longest = self.longest.min(words.len() - at);
            let hit = (1..=longest).rev().find_map(|len| {
                let words = words[at..at + len].join(" ");
                let named = self.by_words.get(&words)?.clone();
                Some((len, named.map(|named| Hit { named, words, len })))
            });
            let (len, hit) = hit.unwrap_or((1, None));
            hits.extend(hit.filter(|hit| hits.iter().all(|known| known.named.id != hit.named.id)));
            at += len;
        }
        hits
    }
}

/// The words of a text, in small letters.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[(&str, &str, &[&str])]) -> Names {
        let mut names = Names::default();
        for (id, name, aliases) in all {
            let aliases = aliases.iter().map(|a| (*a).to_owned()).collect();
            names.add(&WithNames { id: (*id).into(), name: (*name).into(), aliases, alias_list: Vec::new() });
        }
        names
    }

    fn found(names: &Names, text: &str) -> Vec<String> {
        names.find(text).into_iter().map(|hit| format!("{}:{}", hit.named.id, hit.words)).collect()
    }

    #[test]
    fn whole_words_in_any_case_longest_first() {
        let names = names(&[("1", "Ann Lee", &["A. Lee"]), ("2", "Ann", &[]), ("3", "Zoë O'Neil", &[])]);
        assert_eq!(found(&names, "ann_lee.and.ANN--zoë o'neil"), ["1:ann lee", "2:ann", "3:zoë o'neil"]);
        assert_eq!(found(&names, "Annie A Lee Ann Lee"), ["1:a lee"]);
        assert!(found(&names, "Joann Leeds").is_empty());
    }

    #[test]
    fn what_could_mean_two_things_means_none() {
        let names = names(&[
            ("1", "Ann Lee", &["Bee"]),
            ("2", "Bo Bee", &["Bee"]),
            ("3", "xx", &[]),
            ("4", "2020", &[]),
        ]);
        assert!(found(&names, "bee xx 2020").is_empty());
        assert_eq!(found(&names, "bo bee"), ["2:bo bee"]);
    }
}
