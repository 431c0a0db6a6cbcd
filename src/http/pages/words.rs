//! The words of the pages: one file of messages for each language, in `locales/`.

use std::borrow::Cow;
use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::header::{AcceptLanguage, Header};
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};

use crate::domain::cron::Tongue;

static_loader! {
    static MESSAGES = {
        locales: "./locales",
        fallback_language: "en",
        // Marks around each value would show up in copied text and in attributes.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// What goes into a message.
pub(super) type Values = HashMap<Cow<'static, str>, FluentValue<'static>>;

/// A language that the pages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    #[default]
    English,
    Russian,
}

impl Language {
    pub(super) const ALL: [Self; 2] = [Self::English, Self::Russian];

    /// Its code, as in `<html lang>`.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
        }
    }

    /// What those who speak it call it.
    pub(super) const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Russian => "Русский",
        }
    }

    /// The language in which times are told.
    pub(super) const fn tongue(self) -> Tongue {
        match self {
            Self::English => Tongue::English,
            Self::Russian => Tongue::Russian,
        }
    }

    /// Between thousands.
    const fn separator(self) -> &'static str {
        match self {
            Self::English => ",",
            Self::Russian => "\u{a0}",
        }
    }

    const fn id(self) -> LanguageIdentifier {
        match self {
            Self::English => langid!("en"),
            Self::Russian => langid!("ru"),
        }
    }

    /// The language with this code.
    pub(super) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.code() == code)
    }

    /// The first language of a browser that is known here.
    pub(super) fn of_browser(request: &HttpRequest) -> Self {
        let accepted = AcceptLanguage::parse(request).map(|a| a.ranked()).unwrap_or_default();
        let known = accepted
            .iter()
            .filter_map(|wanted| wanted.item())
            .find_map(|tag| Self::from_code(tag.as_str().split('-').next().unwrap_or_default()));
        known.unwrap_or_default()
    }

    /// A message.
    pub(super) fn say(self, id: &str) -> String {
        MESSAGES.lookup(&self.id(), id)
    }

    /// A message with values in it.
    pub(super) fn say_with(self, id: &str, values: &Values) -> String {
        MESSAGES.lookup_with_args(&self.id(), id, values)
    }

    /// A number with its thousands apart.
    pub(super) fn number(self, n: i64) -> String {
        let digits = n.unsigned_abs().to_string();
        let mut text = String::from(if n < 0 { "−" } else { "" });
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                text.push_str(self.separator());
            }
            text.push(digit);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn ids(language: Language) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(language.code());
        let read = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry.unwrap().path());
        let text: String = std::fs::read_dir(folder).unwrap().map(|entry| read(entry).unwrap()).collect();
        text.lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()))
            .collect()
    }

    #[test]
    fn every_language_has_every_message() {
        assert!(ids(Language::English).len() > 100);
        for language in Language::ALL {
            assert_eq!(ids(language), ids(Language::English), "{}", language.code());
            for id in ids(language) {
                let values = Values::from([
                    ("n".into(), 1.into()),
                    ("shown".into(), "1".into()),
                    ("x".into(), "x".into()),
                ]);
                let values = values
                    .into_iter()
                    .chain(
                        ["a", "b", "c", "rest", "per", "n-shown", "of-shown", "key", "value", "queue"]
                            .map(|name| (name.into(), "x".into())),
                    )
                    .collect();
                assert!(!language.say_with(&id, &values).starts_with("Unknown"), "{id}");
            }
        }
    }

    #[test]
    fn every_message_that_a_template_names_is_there() {
        let known = ids(Language::English);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut named = 0;
        for folder in [folder.clone(), folder.join("parts")] {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                for call in ["ui.t(\"", "ui.n(\"", "ui.s(\"", "ui.about(\""] {
                    for rest in text.split(call).skip(1) {
                        let id = rest.split('"').next().unwrap();
                        // One of several, such as `range-{}`.
                        let family = id.split('{').next().unwrap();
                        if family != id {
                            assert!(known.iter().any(|id| id.starts_with(family)), "{id}");
                            continue;
                        }
                        assert!(known.contains(id), "{id} in {}", path.display());
                        named += 1;
                    }
                }
            }
        }
        assert!(named > 100, "{named}");
    }

    #[test]
    fn numbers_are_set_as_the_language_has_it() {
        assert_eq!(Language::English.number(1_234_567), "1,234,567");
        assert_eq!(Language::Russian.number(-1_234), "−1\u{a0}234");
        assert_eq!(Language::English.number(999), "999");
    }
}
