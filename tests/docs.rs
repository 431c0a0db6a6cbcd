//! The documentation: every link leads somewhere, every page is in the book, and every example of a
//! configuration is one that callboard takes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use callboard::config::{Config, Sources};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page, with what in it can be checked.
struct Page {
    /// Where it is, from the top of the repository.
    path: PathBuf,
    links: Vec<String>,
    anchors: BTreeSet<String>,
    /// Its examples, with their languages.
    blocks: Vec<(String, String)>,
}

impl Page {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(top().join(&path)).unwrap();
        let mut page = Self { path, links: vec![], anchors: BTreeSet::new(), blocks: vec![] };
        let (mut heading, mut block) = (None::<String>, None::<(String, String)>);
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.anchors.extend(heading.take().map(|heading| anchor(&heading)));
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                    block = Some((language.into_string(), String::new()));
                }
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(to) = heading.as_mut().or(block.as_mut().map(|(_, code)| code)) {
                        to.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// Where a link leads: a file, and what in it.
    fn target(&self, link: &str) -> (PathBuf, Option<String>) {
        let (file, anchor) = link.split_once('#').map_or((link, None), |(f, a)| (f, Some(a.to_owned())));
        let from = self.path.parent().unwrap();
        (if file.is_empty() { self.path.clone() } else { plain(&from.join(file)) }, anchor)
    }
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{} leads out", path.display()),
            Component::CurDir => {}
            part => plain.push(part),
        }
        plain
    })
}

/// What a heading is called in links to it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn pages_below(folder: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(top().join(folder)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = Path::new(folder).join(&name);
        if top().join(&path).is_dir() {
            pages_below(path.to_str().unwrap(), found);
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
}

fn pages() -> BTreeMap<PathBuf, Page> {
    let mut paths =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(PathBuf::from).to_vec();
    pages_below("docs", &mut paths);
    paths.into_iter().map(|path| (path.clone(), Page::read(path))).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut faults = Vec::new();
    for page in pages.values() {
        for link in page.links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (file, anchor) = page.target(link);
            let is_there = match (pages.get(&file), anchor) {
                (Some(there), Some(anchor)) => there.anchors.contains(&anchor),
                (None, Some(_)) => false,
                (_, None) => top().join(&file).exists(),
            };
            if !is_there {
                faults.push(format!("{}: {link}", page.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "links that lead nowhere:\n{}", faults.join("\n"));
}

#[test]
fn every_command_is_on_its_page() {
    let page = fs::read_to_string(top().join("docs/reference/command-line.md")).unwrap();
    let help = Command::new(env!("CARGO_BIN_EXE_callboard")).arg("help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let lines = list.lines().take_while(|line| !line.is_empty());
    let commands =
        lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()));
    let commands: Vec<&str> = commands.filter(|name| *name != "help").collect();
    assert!(commands.len() > 25, "{commands:?}");
    let is_there = |name: &&str| page.contains(&format!("`{name} ")) || page.contains(&format!("`{name}`"));
    let missing: Vec<&str> =
        commands.into_iter().filter(|name| *name != "serve" && !is_there(name)).collect();
    assert!(missing.is_empty(), "not in docs/reference/command-line.md: {missing:?}");
}

#[test]
fn every_page_is_in_the_book() {
    let pages = pages();
    let summary = &pages[Path::new("docs/SUMMARY.md")];
    let listed: BTreeSet<PathBuf> = summary.links.iter().map(|link| summary.target(link).0).collect();
    let apart = ["docs/SUMMARY.md", "docs/adr/template.md"].map(PathBuf::from);
    let missing: Vec<&PathBuf> = pages
        .keys()
        .filter(|path| path.starts_with("docs") && !listed.contains(*path) && !apart.contains(path))
        .collect();
    assert!(missing.is_empty(), "not in docs/SUMMARY.md: {missing:?}");
}

#[test]
fn examples_of_configurations_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut n = 0;
    for page in pages().values() {
        for (language, code) in &page.blocks {
            // A file of a workflow is TOML too, and no configuration.
            if language != "toml" || code.contains("[[jobs]]") {
                continue;
            }
            let file = folder.path().join("callboard.toml");
            fs::write(&file, code).unwrap();
            // Some name fields that are to be sealed.
            let key = ("CALLBOARD_SECRET_KEY".to_owned(), format!("{}=", "A".repeat(43)));
            let sources = Sources { file: Some(file), env: [key].into(), ..Sources::default() };
            if let Err(fault) = Config::load(sources) {
                panic!("{}: {fault}\n{code}", page.path.display());
            }
            n += 1;
        }
    }
    assert!(n > 10, "only {n} examples were found");
}

#[test]
fn examples_of_json_are_json() {
    for page in pages().values() {
        for (_, code) in page.blocks.iter().filter(|(language, _)| language == "json") {
            let values = serde_json::Deserializer::from_str(code).into_iter::<serde_json::Value>();
            for value in values {
                assert!(value.is_ok(), "{}: {value:?}\n{code}", page.path.display());
            }
        }
    }
}
