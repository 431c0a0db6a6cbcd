//! Prompts: what a model is told, with places for a text and what is known about it.

use std::collections::BTreeMap;

use super::chat::Question;
use crate::config::PromptConfig;

/// What there is without any configuration.
pub const SUMMARY: &str = "summary";
/// What parts of a text are summarised with that is too long for one call.
pub const PART: &str = "part";

const SUMMARY_TEXT: &str = "Summarise the transcript below in {language}, in a few paragraphs. Its title is \
    \"{title}\". Say only what it says.\n\n{transcript}";
const PART_TEXT: &str = "Below is one part of a longer transcript with the title \"{title}\". Summarise this \
    part in {language}, keeping names, numbers and the order of things. Say only what it says.\n\n{transcript}";

/// What goes into the places of a prompt.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// `{transcript}`
    pub transcript: &'a str,
    /// `{title}`
    pub title: &'a str,
    /// `{language}`
    pub language: &'a str,
}

/// The prompts that are known.
#[derive(Clone, Debug)]
pub struct Prompts(BTreeMap<String, PromptConfig>);

impl Prompts {
    /// Those that are configured, and those that are always there.
    #[must_use]
    pub fn new(configured: BTreeMap<String, PromptConfig>) -> Self {
        let plain = |text: &str| PromptConfig { system: None, text: text.to_owned() };
        let mut all: BTreeMap<_, _> =
            [(SUMMARY.to_owned(), plain(SUMMARY_TEXT)), (PART.to_owned(), plain(PART_TEXT))].into();
        all.extend(configured);
        Self(all)
    }

    /// Whether there is one of this name.
    ///
    /// # Errors
    /// A sentence that names those that there are.
    pub fn check(&self, name: &str) -> Result<(), String> {
        if self.0.contains_key(name) {
            return Ok(());
        }
        let known = self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        Err(format!("{name:?} is not a prompt; there are {known} (more under [prompts.NAME])"))
    }

    /// A prompt with its places filled.
    #[must_use]
    pub fn fill(&self, name: &str, places: Places<'_>) -> Option<Question> {
        let prompt = self.0.get(name)?;
        let system = prompt.system.as_deref().map(|system| fill(system, places));
        Some(Question { system, text: fill(&prompt.text, places), max_output_tokens: None })
    }
}

/// Fills each place once, in one go: what is filled in is data, and a `{title}` in it stays.
fn fill(template: &str, places: Places<'_>) -> String {
    let mut filled = String::with_capacity(template.len() + places.transcript.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, here) = rest.split_at(at);
        filled.push_str(before);
        let known =
            [("{transcript}", places.transcript), ("{title}", places.title), ("{language}", places.language)];
        if let Some((place, text)) = known.iter().find(|(place, _)| here.starts_with(place)) {
            filled.push_str(text);
            rest = &here[place.len()..];
        } else {
            filled.push('{');
            rest = &here[1..];
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_data() {
        let places = Places { transcript: "{title} {language}", title: "{transcript}", language: "en" };
        let filled = fill("{title}: {transcript} in {language}, {other} {", places);
        assert_eq!(filled, "{transcript}: {title} {language} in en, {other} {");
    }

    #[test]
    fn the_configuration_adds_and_replaces() {
        let mine = PromptConfig { system: Some("for {title}".into()), text: "x{transcript}".into() };
        let prompts = Prompts::new([("part".to_owned(), mine)].into());
        let question = prompts.fill("part", Places { transcript: "T", title: "N", language: "en" }).unwrap();
        assert_eq!((question.system.as_deref(), question.text.as_str()), (Some("for N"), "xT"));
        assert!(prompts.check("summary").is_ok());
        assert_eq!(
            prompts.check("sumary").unwrap_err(),
            "\"sumary\" is not a prompt; there are part, summary (more under [prompts.NAME])"
        );
    }
}
