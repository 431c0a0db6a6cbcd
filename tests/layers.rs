//! The rooms of the house stand one above the other, and arrows only point down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// From top to bottom.
const ROOMS: [&str; 12] = [
    "main",
    "cli",
    "http",
    "faktory",
    "runtime",
    "store",
    "workers",
    "logs",
    "tls",
    "telemetry",
    "metrics",
    "domain",
];
/// Readable from everywhere; they look at nothing but what is below every room.
const GROUND: [&str; 2] = ["config", "error"];

/// A path into another room: where it stands and which room it names.
#[derive(Debug)]
struct Arrow {
    file: PathBuf,
    line: usize,
    to: String,
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The modules that a file stands in: `store/verbs/claim.rs` is `store`, `verbs`, `claim`.
fn module_of(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// What the crate's root gives other names: `pub use runtime::Callboard` makes `Callboard` part of
/// `runtime`.
fn re_exports(root: &str) -> BTreeMap<String, String> {
    let mut rooms = BTreeMap::new();
    for line in root.lines().filter_map(|line| line.trim().strip_prefix("pub use ")) {
        let (room, names) = line.trim_end_matches(';').split_once("::").unwrap();
        for name in names.trim_matches(['{', '}']).split(',') {
            rooms.insert(name.trim().to_owned(), room.to_owned());
        }
    }
    rooms
}

/// Finds arrows in the tokens of a file, macros and tests included, comments and texts not.
struct Finder<'a> {
    file: &'a Path,
    exports: &'a BTreeMap<String, String>,
    arrows: Vec<Arrow>,
}

impl Finder<'_> {
    fn walk(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut i = 0;
        while i < tokens.len() {
            match &tokens[i] {
                TokenTree::Ident(ident) => {
                    let word = ident.to_string();
                    let after_path = i > 0 && is_punct(&tokens[i - 1], ':');
                    if word == "mod"
                        && let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                            (tokens.get(i + 1), tokens.get(i + 2))
                    {
                        let inner = [module, &[name.to_string()]].concat();
                        self.walk(body.stream(), &inner);
                        i += 2;
                    } else if !after_path && ["crate", "callboard"].contains(&word.as_str()) {
                        self.root_path(&tokens[i + 1..]);
                    } else if !after_path && word == "super" {
                        let supers = count_supers(&tokens[i..]);
                        if supers >= module.len() {
                            self.root_path(&tokens[i + 3 * supers - 2..]);
                        }
                    }
                }
                TokenTree::Group(group) => self.walk(group.stream(), module),
                _ => {}
            }
            i += 1;
        }
    }

    /// `::room…` or `::{room…, room…}`.
    fn root_path(&mut self, rest: &[TokenTree]) {
        let [a, b, next, ..] = rest else { return };
        if !is_punct(a, ':') || !is_punct(b, ':') {
            return;
        }
        match next {
            TokenTree::Ident(room) => self.arrow(&room.to_string(), room.span().start().line),
            TokenTree::Group(group) => {
                let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in tokens.split(|token| is_punct(token, ',')) {
                    if let Some(TokenTree::Ident(room)) = part.first() {
                        self.arrow(&room.to_string(), room.span().start().line);
                    }
                }
            }
            _ => {}
        }
    }

    fn arrow(&mut self, name: &str, line: usize) {
        let to = self.exports.get(name).map_or(name, String::as_str).to_owned();
        self.arrows.push(Arrow { file: self.file.to_owned(), line, to });
    }
}

fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == c)
}

fn count_supers(tokens: &[TokenTree]) -> usize {
    // `super` and two colons are three tokens.
    let steps = tokens.chunks(3);
    steps.take_while(|step| matches!(&step[0], TokenTree::Ident(ident) if ident == "super")).count()
}

fn arrows() -> Vec<Arrow> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let exports = re_exports(&std::fs::read_to_string(src.join("lib.rs")).unwrap());
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut arrows = Vec::new();
    for path in files {
        let file = path.strip_prefix(&src).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let tokens: TokenStream = text.parse().unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut finder = Finder { file, exports: &exports, arrows: Vec::new() };
        finder.walk(tokens, &module_of(file));
        arrows.extend(finder.arrows);
    }
    arrows
}

fn floor(room: &str) -> Option<usize> {
    ROOMS.iter().position(|r| *r == room)
}

fn allowed(from: &str, to: &str) -> bool {
    if from == to || GROUND.contains(&to) || from == "lib" {
        return true;
    }
    match (floor(from), floor(to)) {
        (Some(from), Some(to)) => from < to,
        // What everybody reads knows words of the domain and no room above it.
        (None, Some(_)) if GROUND.contains(&from) => to == "domain",
        _ => false,
    }
}

fn room_of(file: &Path) -> String {
    module_of(file).into_iter().next().unwrap_or_else(|| "lib".into())
}

#[test]
fn arrows_only_point_down() {
    let arrows = arrows();
    // Were nothing found, nothing would be proved.
    for (from, to) in [("cli", "http"), ("http", "runtime"), ("runtime", "store"), ("store", "domain")] {
        assert!(arrows.iter().any(|a| room_of(&a.file) == from && a.to == to), "no arrow {from} -> {to}");
    }
    let wrong: Vec<String> = arrows
        .iter()
        .filter(|arrow| !allowed(&room_of(&arrow.file), &arrow.to))
        .map(|arrow| format!("src/{}:{} looks at {}", arrow.file.display(), arrow.line, arrow.to))
        .collect();
    assert!(wrong.is_empty(), "arrows that do not point down:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_has_its_place() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in std::fs::read_dir(src).unwrap() {
        let name =
            entry.unwrap().path().with_extension("").file_name().unwrap().to_string_lossy().into_owned();
        let known = name == "lib" || floor(&name).is_some() || GROUND.contains(&name.as_str());
        assert!(known, "src/{name} has no place in the order of the rooms");
    }
}

#[test]
fn arrows_are_found_however_they_are_written() {
    let exports = BTreeMap::from([("Callboard".to_owned(), "runtime".to_owned())]);
    let find = |text: &str, module: &[&str]| {
        let mut finder = Finder { file: Path::new("x.rs"), exports: &exports, arrows: Vec::new() };
        let module: Vec<String> = module.iter().map(ToString::to_string).collect();
        finder.walk(text.parse().unwrap(), &module);
        finder.arrows.into_iter().map(|arrow| arrow.to).collect::<Vec<_>>()
    };
    let inside = ["store", "verbs", "claim"];
    assert_eq!(find("use crate::http::jobs;", &inside), ["http"]);
    assert_eq!(find("use crate::{cli, http::{a, b}, Callboard};", &inside), ["cli", "http", "runtime"]);
    assert_eq!(find("fn f() { x(crate::runtime::Y) }", &inside), ["runtime"]);
    assert_eq!(find("macro_rules! m { () => { $crate::cli::x() } }", &inside), ["cli"]);
    assert_eq!(find("use super::super::super::http::x;", &inside), ["http"]);
    assert_eq!(find("mod tests { use super::super::super::super::http; }", &inside), ["http"]);
    assert_eq!(find("pub(crate) use x; pub(in crate::store) fn f() {}", &inside), ["store"]);
    assert!(
        find("use super::super::views; // crate::http\nconst T: &str = \"crate::cli\";", &inside).is_empty()
    );
}
