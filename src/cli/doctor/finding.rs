//! What was found, and what to do about it.

use serde::Serialize;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// callboard works, but not as well or as safely as it could.
    Warning,
    /// callboard does not work like this.
    Fault,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub area: &'static str,
    pub level: Level,
    /// What is so.
    pub said: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(area: &'static str, said: impl Into<String>) -> Self {
        Self { area, level: Level::Ok, said: said.into(), advice: None }
    }

    /// Not as good as it could be.
    pub fn warning(area: &'static str, said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { area, level: Level::Warning, said: said.into(), advice: Some(advice.into()) }
    }

    /// Not to be worked with.
    pub fn fault(area: &'static str, said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { area, level: Level::Fault, said: said.into(), advice: Some(advice.into()) }
    }

    /// For people: a line, and what to do on a second one.
    pub fn text(&self) -> String {
        let word = match self.level {
            Level::Ok => "ok     ",
            Level::Warning => "warning",
            Level::Fault => "fault  ",
        };
        let advice = self.advice.as_ref().map(|advice| format!("\n         {:<14}  {advice}", ""));
        format!("{word}  {:<14}  {}{}", self.area, self.said, advice.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_stands_under_what_it_is_about() {
        assert_eq!(Finding::ok("disk", "all is well").text(), "ok       disk            all is well");
        let text = Finding::fault("disk", "it is full", "free some space").text();
        assert_eq!(text, "fault    disk            it is full\n                         free some space");
    }
}
