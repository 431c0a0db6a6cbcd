//! What every template has at hand: words, numbers, times, and what the frame of a page shows.

use askama::Template;
use askama::filters::HtmlSafe;

use super::assets;
use super::csrf;
use super::notice::Notice;
use super::visit::Theme;
use super::words::{Language, Values};
use super::zone::Zone;
use crate::domain::status::Counts;
use crate::domain::{State, Timestamp};
use crate::http::base::Base;

/// The entries of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Overview,
    Jobs,
    Workflows,
    DeadLetters,
    Types,
    Schedules,
    NewJob,
    Nodes,
    Audit,
    Settings,
    None,
}

/// The sections with their paths and icons, which are their words too.
const MENU: [(Section, &str, &str); 9] = [
    (Section::Overview, "/", "overview"),
    (Section::Jobs, "/jobs", "jobs"),
    (Section::Workflows, "/workflows", "workflows"),
    (Section::DeadLetters, "/dead-letters", "dead"),
    (Section::Types, "/types", "types"),
    (Section::Schedules, "/schedules", "schedules"),
    (Section::Nodes, "/nodes", "nodes"),
    (Section::Audit, "/audit", "audit"),
    (Section::Settings, "/settings", "settings"),
];

/// A value, or a reference to one: templates pass now the one and now the other.
pub(super) trait Of<T> {
    fn of(self) -> T;
}

impl<T: Copy> Of<T> for T {
    fn of(self) -> T {
        self
    }
}

impl<T: Copy> Of<T> for &T {
    fn of(self) -> T {
        *self
    }
}

impl<T: Copy> Of<T> for &&T {
    fn of(self) -> T {
        **self
    }
}

/// An entry of the menu.
pub(super) struct Entry {
    pub href: &'static str,
    pub icon: &'static str,
    pub name: String,
    pub count: Option<String>,
    pub current: bool,
}

/// One of several things to choose from.
pub(super) struct Choice {
    pub word: &'static str,
    pub name: String,
    pub current: bool,
}

/// The frame of a page, and the ways in which things are said on it.
#[derive(Clone, Debug)]
pub(super) struct Ui {
    pub language: Language,
    pub theme: Theme,
    pub zone: Zone,
    pub csrf: String,
    /// Whether the visitor may change things.
    pub may_act: bool,
    /// Whether nobody knows who the visitor is: then there is nothing to be offered.
    pub is_stranger: bool,
    /// The name of the token that the visitor has signed in with.
    pub signed_in: Option<String>,
    pub notice: Option<Notice>,
    /// What comes before every path of a link.
    pub base: Base,
    /// Path and query of this page, without that.
    pub here: String,
    pub section: Section,
    /// Empty: not known.
    pub counts: Counts,
    /// Whether everything is paused.
    pub is_paused: bool,
    pub now: Timestamp,
}

impl Ui {
    /// A message.
    pub(super) fn t(&self, id: impl AsRef<str>) -> String {
        self.language.say(id.as_ref())
    }

    /// A message about a number: `$n` picks its form, `$shown` is what is read.
    pub(super) fn n(&self, id: &str, n: impl Of<i64>) -> String {
        let n = n.of();
        let values = Values::from([("n".into(), n.into()), ("shown".into(), self.num(n).into())]);
        self.language.say_with(id, &values)
    }

    /// A message about a text, `$x`.
    pub(super) fn s(&self, id: &str, x: impl AsRef<str>) -> String {
        let values = Values::from([("x".into(), x.as_ref().to_owned().into())]);
        self.language.say_with(id, &values)
    }

    /// A message about several things: numbers pick forms and are shown, texts are as they are.
    pub(super) fn about(
        &self,
        id: &str,
        numbers: &[(&'static str, i64)],
        texts: &[(&'static str, &str)],
    ) -> String {
        let shown = numbers.iter().map(|(name, n)| (format!("{name}-shown").into(), self.num(*n).into()));
        let plain = numbers.iter().map(|(name, n)| ((*name).into(), (*n).into()));
        let texts = texts.iter().map(|(name, x)| ((*name).into(), (*x).to_owned().into()));
        self.language.say_with(id, &shown.chain(plain).chain(texts).collect())
    }

    /// What the program says of a fault, in the visitor's language.
    pub(super) fn reword(&self, sentence: impl AsRef<str>) -> String {
        self.language.reword(sentence.as_ref())
    }

    /// A number.
    pub(super) fn num(&self, n: impl Of<i64>) -> String {
        self.language.number(n.of())
    }

    /// How many jobs are in a state.
    pub(super) fn count(&self, state: State) -> i64 {
        self.counts.get(&state).copied().unwrap_or_default()
    }

    /// The menu.
    pub(super) fn menu(&self) -> Vec<Entry> {
        MENU.iter()
            .filter(|(section, ..)| self.may_act || *section != Section::Audit)
            .map(|(section, href, icon)| Entry {
                href,
                icon,
                name: self.t(format!("menu-{icon}")),
                count: self.menu_count(*section),
                current: *section == self.section,
            })
            .collect()
    }

    /// How many jobs run.
    pub(super) fn running(&self) -> i64 {
        self.count(State::Running)
    }

    /// The number beside a section in the menu.
    fn menu_count(&self, section: Section) -> Option<String> {
        let state = match section {
            Section::Jobs => State::Running,
            Section::DeadLetters => State::Failed,
            _ => return None,
        };
        Some(self.num(self.counts.get(&state)?))
    }

    /// The themes to choose from.
    pub(super) fn themes(&self) -> [Choice; 3] {
        Theme::ALL.map(|theme| Choice {
            word: theme.as_str(),
            name: self.t(format!("theme-{}", theme.as_str())),
            current: theme == self.theme,
        })
    }

    /// The word for the jobs in a state.
    pub(super) fn state(&self, state: impl Of<State>) -> String {
        self.t(format!("state-{}", state.of()))
    }

    /// A state as a badge.
    pub(super) fn badge(&self, state: impl Of<State>) -> Badge {
        let state = state.of();
        Badge { state, word: self.t(format!("is-{state}")) }
    }

    /// A time: how long ago, with the exact one on hover.
    pub(super) fn when(&self, at: impl Of<Timestamp>) -> When {
        let at = at.of();
        When { iso: at.to_string(), exact: self.zone.exact(at), text: self.relative(at) }
    }

    /// A time as the clock shows it, in the visitor's zone.
    pub(super) fn moment(&self, at: impl Of<Timestamp>) -> Moment {
        let at = at.of();
        Moment { iso: at.to_string(), text: self.zone.exact(at) }
    }

    /// A time that may not have come.
    pub(super) fn maybe_when(&self, at: impl Of<Option<Timestamp>>) -> Maybe<When> {
        Maybe(at.of().map(|at| self.when(at)))
    }

    fn relative(&self, at: Timestamp) -> String {
        let ms = self.now.as_millis() - at.as_millis();
        let (n, unit) = coarse(ms.unsigned_abs());
        let id = if ms >= 0 { format!("ago-{unit}") } else { format!("in-{unit}") };
        self.n(&id, n)
    }

    /// A length of time.
    pub(super) fn took(&self, ms: impl Of<i64>) -> String {
        let ms = ms.of();
        let secs = ms / 1000;
        let part = |n: i64, unit: &str| self.n(unit, n);
        let two = |(n, unit): (i64, &str), (less, smaller): (i64, &str)| match less {
            0 => part(n, unit),
            _ => format!("{} {}", part(n, unit), part(less, smaller)),
        };
        match ms {
            ..1_000 => part(ms, "unit-ms"),
            1_000..10_000 => self.s("unit-s-text", format!("{secs}.{}", ms % 1000 / 100)),
            10_000..60_000 => part(secs, "unit-s"),
            60_000..3_600_000 => two((secs / 60, "unit-m"), (secs % 60, "unit-s")),
            3_600_000..86_400_000 => two((secs / 3600, "unit-h"), (secs % 3600 / 60, "unit-m")),
            _ => two((secs / 86_400, "unit-d"), (secs % 86_400 / 3600, "unit-h")),
        }
    }

    /// A length of time in seconds.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn took_secs(&self, secs: impl Of<f64>) -> String {
        self.took((secs.of() * 1000.0).round() as i64)
    }

    /// Where scripts, styles and pictures are.
    pub(super) fn assets(&self) -> String {
        format!("{}{}", self.base, assets::place())
    }

    /// The name of the field that proves a form, and the script's words.
    pub(super) fn csrf_field(&self) -> CsrfField {
        CsrfField { name: csrf::NAME, token: self.csrf.clone() }
    }

    /// The messages that scripts show, as JSON.
    pub(super) fn script_words(&self) -> String {
        const IDS: [&str; 22] = [
            "live-reconnecting",
            "live-connected",
            "live-paused",
            "new-jobs",
            "copied",
            "copy",
            "lines-dropped",
            "ago-s",
            "ago-m",
            "ago-h",
            "ago-d",
            "in-s",
            "in-m",
            "in-h",
            "in-d",
            "unit-ms",
            "unit-s",
            "unit-m",
            "log-found",
            "log-more",
            "selected",
            "docs-failed",
        ];
        // `{}` is where the number goes.
        let place = Values::from([("n".into(), 5.into()), ("shown".into(), "{}".into())]);
        let words = IDS.map(|id| (id.to_owned(), self.language.say_with(id, &place)));
        let states = State::ALL.map(|state| (format!("is-{state}"), self.t(format!("is-{state}"))));
        let all: std::collections::BTreeMap<_, _> = words.into_iter().chain(states).collect();
        serde_json::to_string(&all).unwrap_or_default()
    }
}

/// The largest whole unit of a span.
fn coarse(ms: u64) -> (i64, &'static str) {
    let (n, unit) = match ms / 1000 {
        s @ 0..60 => (s, "s"),
        s @ 60..3600 => (s / 60, "m"),
        s @ 3600..172_800 => (s / 3600, "h"),
        s => (s / 86_400, "d"),
    };
    (i64::try_from(n).unwrap_or(i64::MAX), unit)
}

/// A state as a badge.
#[derive(Template)]
#[template(source = r#"<span class="badge" data-state="{{ state }}">{{ word }}</span>"#, ext = "html")]
pub(super) struct Badge {
    state: State,
    word: String,
}

/// A time that scripts keep fresh.
#[derive(Template)]
#[template(source = r#"<time datetime="{{ iso }}" title="{{ exact }}">{{ text }}</time>"#, ext = "html")]
pub(super) struct When {
    iso: String,
    exact: String,
    text: String,
}

/// A time as the clock shows it; scripts set it in the browser's zone where none was chosen.
#[derive(Template)]
#[template(source = r#"<time datetime="{{ iso }}" data-exact>{{ text }}</time>"#, ext = "html")]
pub(super) struct Moment {
    iso: String,
    text: String,
}

/// Something that may not be there.
#[derive(Template)]
#[template(
    source = r#"{% if let Some(inner) = self.0 %}{{ inner }}{% else %}<span class="none">–</span>{% endif %}"#,
    ext = "html"
)]
pub(super) struct Maybe<T: Template + HtmlSafe>(Option<T>);

/// The field that proves a form.
#[derive(Template)]
#[template(source = r#"<input type="hidden" name="{{ name }}" value="{{ token }}">"#, ext = "html")]
pub(super) struct CsrfField {
    name: &'static str,
    token: String,
}

// Templates that escape what is put into them.
impl HtmlSafe for Badge {}
impl HtmlSafe for When {}
impl HtmlSafe for Moment {}
impl<T: Template + HtmlSafe> HtmlSafe for Maybe<T> {}
impl HtmlSafe for CsrfField {}
