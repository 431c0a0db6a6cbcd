//! From a scene to the changes that are proposed for it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Rule;
use super::file_name::{date, stem, title};
use super::names::{Hit, Names};
use crate::domain::{Change, Json};
use crate::workers::RunResult;
use crate::workers::stash::{Named, Scene};

/// What is looked for, and by which names.
pub(super) struct Rules {
    pub wanted: BTreeSet<Rule>,
    pub min_confidence: f64,
    pub studios: Names,
    pub performers: Names,
    pub tags: Names,
}

/// What a rule found: why, and how certain it is.
struct Finding<T> {
    new: T,
    reason: String,
    confidence: f64,
}

impl Rules {
    /// The changes to a scene that are certain enough.
    pub fn changes(&self, id: i64, scene: &Scene) -> RunResult<Vec<Change>> {
        let mut changes = Vec::new();
        for rule in &self.wanted {
            changes.extend(match rule {
                Rule::Title => change(id, scene, "title", &scene.title, of_title(scene))?,
                Rule::Date => change(id, scene, "date", &scene.date, of_date(scene))?,
                Rule::Studio => change(id, scene, "studio", &scene.studio, self.of_studio(scene))?,
                Rule::Performers => {
                    let found = more(&self.performers, scene, &scene.performers, (0.9, 0.6));
                    change(id, scene, "performers", &scene.performers, found)?
                }
                Rule::Tags => {
                    let found = more(&self.tags, scene, &scene.tags, (0.8, 0.5));
                    change(id, scene, "tags", &scene.tags, found)?
                }
            });
        }
        changes.retain(|change| change.confidence >= self.min_confidence);
        Ok(changes)
    }

    /// A studio that a folder is named after is more certain than one in the name of the file. Two
    /// of them are none.
    fn of_studio(&self, scene: &Scene) -> Option<Finding<Named>> {
        if scene.studio.is_some() {
            return None;
        }
        let file = scene.files.first()?;
        let folders: Vec<&str> = file.path.split(['/', '\\']).rev().skip(1).collect();
        let of_folder = folders.iter().find_map(|folder| only(self.studios.find(folder)));
        let (hit, place, confidence) = match of_folder {
            Some(hit) => (hit, "a folder", 0.9),
            None => (only(self.studios.find(stem(&file.basename)))?, "the file", 0.7),
        };
        let reason = format!("{place} has {:?} in its name", hit.words);
        Some(Finding { new: hit.named, reason, confidence })
    }
}

fn only(mut hits: Vec<Hit>) -> Option<Hit> {
    if hits.len() == 1 { hits.pop() } else { None }
}

fn of_title(scene: &Scene) -> Option<Finding<String>> {
    if scene.title.as_ref().is_some_and(|title| !title.trim().is_empty()) {
        return None;
    }
    let file = scene.files.first()?;
    let new = title(&file.basename)?;
    Some(Finding { new, reason: format!("the file is named {:?}", file.basename), confidence: 0.7 })
}

fn of_date(scene: &Scene) -> Option<Finding<String>> {
    if scene.date.as_ref().is_some_and(|date| !date.is_empty()) {
        return None;
    }
    let named = |text: &str, what: &str| {
        let found = date(text)?;
        let reason = format!("{what} has {} in it", found.written);
        Some(Finding { new: found.date.to_string(), reason, confidence: 0.9 })
    };
    let file = scene.files.first().and_then(|file| named(stem(&file.basename), "the name of the file"));
    file.or_else(|| named(scene.title.as_deref()?, "the title"))
}

/// The things that are there, and those whose names stand in the title or the name of the file.
/// Names of several words are more certain than those of one.
fn more(
    names: &Names,
    scene: &Scene,
    there: &[Named],
    (several, one): (f64, f64),
) -> Option<Finding<Vec<Named>>> {
    let title = scene.title.as_deref().unwrap_or_default();
    let file = scene.files.first().map(|file| stem(&file.basename)).unwrap_or_default();
    let mut hits = names.find(title);
    for hit in names.find(file) {
        if hits.iter().all(|known| known.named.id != hit.named.id) {
            hits.push(hit);
        }
    }
    hits.retain(|hit| there.iter().all(|known| known.id != hit.named.id));
    let certain = |hit: &Hit| if hit.len > 1 { several } else { one };
    let confidence = hits.iter().map(certain).reduce(f64::min)?;
    let words: Vec<_> = hits.iter().map(|hit| format!("{:?}", hit.words)).collect();
    let reason = format!("the title or the file has {} in its name", words.join(", "));
    let new = there.iter().cloned().chain(hits.into_iter().map(|hit| hit.named)).collect();
    Some(Finding { new, reason, confidence })
}

fn change<T: Serialize, N: Serialize>(
    id: i64,
    scene: &Scene,
    field: &str,
    old: &T,
    found: Option<Finding<N>>,
) -> RunResult<Option<Change>> {
    let Some(found) = found else { return Ok(None) };
    Ok(Some(Change {
        scene_id: id,
        base_updated_at: scene.updated_at.clone(),
        field: field.to_owned(),
        old: Json::of(old)?,
        new: Json::of(&found.new)?,
        reason: found.reason,
        confidence: found.confidence,
    }))
}
