//! Reading the library page by page.

use serde_json::{Value, json};

use super::Stash;
use super::client::strange;
use crate::domain::{Json, LibraryItem, LibraryKind, Timestamp};
use crate::workers::{Context, Failure, RunResult};

const TAGS: &str = "query Tags($filter: FindFilterType, $which: TagFilterType) {
  findTags(filter: $filter, tag_filter: $which) { count items: tags { id name aliases updated_at } }
}";
const STUDIOS: &str = "query Studios($filter: FindFilterType, $which: StudioFilterType) {
  findStudios(filter: $filter, studio_filter: $which) {
    count items: studios { id name aliases updated_at }
  }
}";
const PERFORMERS: &str = "query Performers($filter: FindFilterType, $which: PerformerFilterType) {
  findPerformers(filter: $filter, performer_filter: $which) {
    count items: performers { id name disambiguation alias_list updated_at }
  }
}";
const SCENES: &str = "query Scenes($filter: FindFilterType, $which: SceneFilterType, $ids: [ID!]) {
  findScenes(filter: $filter, scene_filter: $which, ids: $ids) {
    count
    items: scenes {
      id title details date rating100 organized urls created_at updated_at
      files {
        id path basename size duration width height video_codec audio_codec frame_rate bit_rate
        fingerprints { type value }
      }
      studio { id name } tags { id name } performers { id name }
      groups { group { id name } } stash_ids { endpoint stash_id }
    }
  }
}";

/// The size of a page on which everything is.
const ALL: i64 = -1;

/// Where to go on reading.
#[derive(Clone, Copy, Debug)]
pub struct Seek {
    /// What to read.
    pub kind: LibraryKind,
    /// Scenes: the last id that was read. Others, which cannot be filtered by id, come all at once.
    pub position: i64,
    /// Only what changed after this.
    pub since: Option<Timestamp>,
}

/// A page.
#[derive(Clone, Debug)]
pub struct Found {
    /// What is on it.
    pub items: Vec<LibraryItem>,
    /// How many things the query matches: for scenes those after the position, for others all.
    pub count: i64,
    /// Where to go on after it.
    pub position: i64,
}

impl Stash {
    /// Reads a page.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn find(&self, ctx: &Context, seek: Seek) -> RunResult<Found> {
        let (query, field) = match seek.kind {
            LibraryKind::Tag => (TAGS, "findTags"),
            LibraryKind::Studio => (STUDIOS, "findStudios"),
            LibraryKind::Performer => (PERFORMERS, "findPerformers"),
            LibraryKind::Scene => (SCENES, "findScenes"),
        };
        let mut answer: Value = self.ask(ctx, query, &self.variables(seek)).await?;
        let mut found = taken(&mut answer, field);
        let count = found["count"].as_i64().ok_or_else(|| unexpected("count"))?;
        let Value::Array(items) = taken(&mut found, "items") else { return Err(unexpected("items")) };
        let items: Vec<LibraryItem> = items.iter().map(item).collect::<RunResult<_>>()?;
        let position = match seek.kind {
            LibraryKind::Scene => items.iter().map(|item| item.id).fold(seek.position, i64::max),
            _ => seek.position + 1,
        };
        Ok(Found { items, count, position })
    }

    /// One scene, as it is now.
    pub(super) async fn find_scene(&self, ctx: &Context, id: i64) -> RunResult<Option<Value>> {
        let mut answer: Value = self.ask(ctx, SCENES, &json!({"ids": [id.to_string()]})).await?;
        let mut found = taken(&mut answer, "findScenes");
        let Value::Array(items) = taken(&mut found, "items") else { return Err(unexpected("items")) };
        Ok(items.into_iter().next())
    }

    /// An order is always given: without one there is none, and pages overlap. Pages that are only
    /// numbered shift when something is deleted meanwhile, and what is never seen would be taken for
    /// deleted; so what cannot be filtered by id is asked for in one piece.
    fn variables(&self, seek: Seek) -> Value {
        let by_id = seek.kind == LibraryKind::Scene;
        let size = if by_id { i64::from(self.config().page_size) } else { ALL };
        let filter = json!({"page": 1, "per_page": size, "sort": "id", "direction": "ASC"});
        let mut which = json!({});
        if by_id {
            which["id"] = json!({"value": seek.position, "modifier": "GREATER_THAN"});
        }
        if let Some(since) = seek.since {
            which["updated_at"] = json!({"value": since.to_string(), "modifier": "GREATER_THAN"});
        }
        json!({"filter": filter, "which": which})
    }
}

/// A field of an object; null where there is no object or no such field.
fn taken(value: &mut Value, field: &str) -> Value {
    value.get_mut(field).map(Value::take).unwrap_or_default()
}

fn item(data: &Value) -> RunResult<LibraryItem> {
    let id = data["id"].as_str().and_then(|id| id.parse().ok()).ok_or_else(|| unexpected("id"))?;
    let updated_at = data["updated_at"].as_str().ok_or_else(|| unexpected("updated_at"))?.to_owned();
    Ok(LibraryItem { id, updated_at, data: Json::of(data).map_err(strange)? })
}

fn unexpected(field: &str) -> Failure {
    Failure::fatal(format_args!("the library's answer is not as expected: {field} is missing or odd"))
}
