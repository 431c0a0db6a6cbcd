//! A scene, as far as workers look at it, and changes to it.

use serde::{Deserialize, Serialize};

pub(super) const UPDATE: &str =
    "mutation Update($input: SceneUpdateInput!) { sceneUpdate(input: $input) { id updated_at } }";

/// A scene.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Scene {
    /// Its id, a number.
    pub id: String,
    /// Its title; may be there and empty.
    pub title: Option<String>,
    /// What it is about.
    pub details: Option<String>,
    /// When it came out.
    pub date: Option<String>,
    /// Whether somebody has put it in order by hand.
    pub organized: bool,
    /// When it was last changed.
    pub updated_at: String,
    /// Its files; may be none.
    pub files: Vec<SceneFile>,
    /// Who made it.
    pub studio: Option<Named>,
    /// Its labels.
    pub tags: Vec<Named>,
    /// Who is in it.
    pub performers: Vec<Named>,
}

/// A file of a scene.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SceneFile {
    /// Where it is.
    pub path: String,
    /// Its name.
    pub basename: String,
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its id, a number.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Changes to a scene. What is left out stays; lists replace those that are there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SceneUpdate {
    /// Which scene.
    pub id: String,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When it came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub studio_id: Option<String>,
    /// Who is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performer_ids: Option<Vec<String>>,
    /// Its labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_ids: Option<Vec<String>>,
}
