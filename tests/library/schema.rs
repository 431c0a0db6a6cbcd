//! The part of Stash's schema that workers use. A query with another field or type fails, as it does
//! there.

use std::sync::Arc;

use async_graphql::{
    Context, EmptySubscription, Enum, Error, ID, InputObject, Object, Result, Schema, SimpleObject,
};

use crate::stash::{Shared, Thing};

pub type StashSchema = Schema<Query, Mutation, EmptySubscription>;

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum SortDirectionEnum {
    #[graphql(name = "ASC")]
    Asc,
    #[graphql(name = "DESC")]
    Desc,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum CriterionModifier {
    #[graphql(name = "EQUALS")]
    Equals,
    #[graphql(name = "GREATER_THAN")]
    GreaterThan,
    #[graphql(name = "LESS_THAN")]
    LessThan,
}

#[derive(InputObject)]
#[graphql(rename_fields = "snake_case")]
struct FindFilterType {
    q: Option<String>,
    page: Option<i32>,
    per_page: Option<i32>,
    sort: Option<String>,
    direction: Option<SortDirectionEnum>,
}

#[derive(InputObject)]
struct IntCriterionInput {
    value: i32,
    value2: Option<i32>,
    modifier: CriterionModifier,
}

#[derive(InputObject)]
struct TimestampCriterionInput {
    value: String,
    value2: Option<String>,
    modifier: CriterionModifier,
}

#[derive(InputObject)]
#[graphql(rename_fields = "snake_case")]
struct SceneFilterType {
    id: Option<IntCriterionInput>,
    updated_at: Option<TimestampCriterionInput>,
}

macro_rules! filter_by_time {
    ($($name:ident),*) => {$(
        #[derive(InputObject)]
        #[graphql(rename_fields = "snake_case")]
        struct $name {
            updated_at: Option<TimestampCriterionInput>,
        }
    )*};
}
filter_by_time!(TagFilterType, StudioFilterType, PerformerFilterType);

#[derive(SimpleObject)]
struct Version {
    version: Option<String>,
    hash: String,
}

#[derive(SimpleObject)]
#[graphql(rename_fields = "snake_case")]
struct StatsResultType {
    scene_count: i32,
    tag_count: i32,
    studio_count: i32,
    performer_count: i32,
}

#[derive(SimpleObject, Clone)]
#[graphql(rename_fields = "snake_case")]
struct Tag {
    id: ID,
    name: String,
    aliases: Vec<String>,
    updated_at: String,
}

#[derive(SimpleObject, Clone)]
#[graphql(rename_fields = "snake_case")]
struct Studio {
    id: ID,
    name: String,
    aliases: Vec<String>,
    updated_at: String,
}

#[derive(SimpleObject, Clone)]
#[graphql(rename_fields = "snake_case")]
struct Performer {
    id: ID,
    name: String,
    disambiguation: Option<String>,
    alias_list: Vec<String>,
    updated_at: String,
}

#[derive(SimpleObject)]
struct Fingerprint {
    #[graphql(name = "type")]
    kind: String,
    value: String,
}

#[derive(SimpleObject)]
#[graphql(rename_fields = "snake_case")]
struct VideoFile {
    id: ID,
    path: String,
    basename: String,
    size: f64,
    duration: f64,
    width: i32,
    height: i32,
    video_codec: String,
    audio_codec: String,
    frame_rate: f64,
    bit_rate: i32,
    fingerprints: Vec<Fingerprint>,
}

#[derive(SimpleObject)]
struct Group {
    id: ID,
    name: String,
}

#[derive(SimpleObject)]
struct SceneGroup {
    group: Group,
}

#[derive(SimpleObject)]
#[graphql(name = "StashID", rename_fields = "snake_case")]
struct StashId {
    endpoint: String,
    stash_id: String,
}

#[derive(SimpleObject)]
#[graphql(rename_fields = "snake_case")]
pub struct Scene {
    id: ID,
    title: Option<String>,
    details: Option<String>,
    date: Option<String>,
    #[graphql(name = "rating100")]
    rating100: Option<i32>,
    organized: bool,
    urls: Vec<String>,
    created_at: String,
    updated_at: String,
    files: Vec<VideoFile>,
    studio: Option<Studio>,
    tags: Vec<Tag>,
    performers: Vec<Performer>,
    groups: Vec<SceneGroup>,
    stash_ids: Vec<StashId>,
}

macro_rules! result_type {
    ($name:ident, $field:ident: $item:ident) => {
        #[derive(SimpleObject)]
        struct $name {
            count: i32,
            $field: Vec<$item>,
        }
    };
}
result_type!(FindScenesResultType, scenes: Scene);
result_type!(FindTagsResultType, tags: Tag);
result_type!(FindStudiosResultType, studios: Studio);
result_type!(FindPerformersResultType, performers: Performer);

fn tag(thing: &Thing) -> Tag {
    let (id, name) = (ID(thing.id.to_string()), thing.name.clone());
    Tag { id, name, aliases: thing.aliases.clone(), updated_at: thing.updated_at.to_string() }
}

fn studio(thing: &Thing) -> Studio {
    let Tag { id, name, aliases, updated_at } = tag(thing);
    Studio { id, name, aliases, updated_at }
}

fn performer(thing: &Thing) -> Performer {
    let Tag { id, name, aliases, updated_at } = tag(thing);
    Performer { id, name, disambiguation: None, alias_list: aliases, updated_at }
}

/// The things of a page, and how many there are altogether.
fn page<'a>(
    things: impl Iterator<Item = &'a Thing>,
    filter: Option<FindFilterType>,
    since: Option<TimestampCriterionInput>,
) -> Result<(i32, Vec<&'a Thing>)> {
    let since = since.map(|since| since.value.parse::<jiff::Timestamp>()).transpose()?;
    let things: Vec<&Thing> = things.filter(|t| since.is_none_or(|since| t.updated_at > since)).collect();
    let filter = filter.ok_or_else(|| Error::new("a page without an order"))?;
    if filter.sort.as_deref() != Some("id") || filter.direction != Some(SortDirectionEnum::Asc) {
        return Err(Error::new("a page without an order"));
    }
    let size = match filter.per_page.unwrap_or(25) {
        -1 => usize::MAX,
        size => usize::try_from(size)?,
    };
    let before = size.saturating_mul(usize::try_from(filter.page.unwrap_or(1) - 1)?);
    Ok((i32::try_from(things.len())?, things.into_iter().skip(before).take(size).collect()))
}

pub struct Query;

#[Object]
impl Query {
    async fn version(&self) -> Version {
        Version { version: Some("v0.30.1".into()), hash: "fake".into() }
    }

    async fn stats(&self, ctx: &Context<'_>) -> Result<StatsResultType> {
        let library = library(ctx).lock().unwrap();
        let count = |n: usize| i32::try_from(n).unwrap();
        Ok(StatsResultType {
            scene_count: count(library.scenes.len()),
            tag_count: count(library.tags.len()),
            studio_count: count(library.studios.len()),
            performer_count: count(library.performers.len()),
        })
    }

    #[graphql(name = "findScenes")]
    async fn find_scenes(
        &self,
        ctx: &Context<'_>,
        filter: Option<FindFilterType>,
        #[graphql(name = "scene_filter")] scene_filter: Option<SceneFilterType>,
        ids: Option<Vec<ID>>,
    ) -> Result<FindScenesResultType> {
        let library = library(ctx).lock().unwrap();
        let scene = |thing: &Thing| library.scene(thing);
        if let Some(ids) = ids {
            let asked = |t: &&Thing| ids.iter().any(|id| id.as_str() == t.id.to_string());
            let scenes: Vec<_> = library.scenes.values().filter(asked).map(scene).collect();
            return Ok(FindScenesResultType { count: i32::try_from(scenes.len())?, scenes });
        }
        let (after, since) = scene_filter.map_or((None, None), |f| (f.id, f.updated_at));
        let after = after.map_or(0, |after| i64::from(after.value));
        let things = library.scenes.values().filter(|thing| thing.id > after);
        let (count, things) = page(things, filter, since)?;
        Ok(FindScenesResultType { count, scenes: things.into_iter().map(scene).collect() })
    }

    #[graphql(name = "findTags")]
    async fn find_tags(
        &self,
        ctx: &Context<'_>,
        filter: Option<FindFilterType>,
        #[graphql(name = "tag_filter")] tag_filter: Option<TagFilterType>,
    ) -> Result<FindTagsResultType> {
        let library = library(ctx).lock().unwrap();
        let (count, things) = page(library.tags.values(), filter, tag_filter.and_then(|f| f.updated_at))?;
        Ok(FindTagsResultType { count, tags: things.into_iter().map(tag).collect() })
    }

    #[graphql(name = "findStudios")]
    async fn find_studios(
        &self,
        ctx: &Context<'_>,
        filter: Option<FindFilterType>,
        #[graphql(name = "studio_filter")] studio_filter: Option<StudioFilterType>,
    ) -> Result<FindStudiosResultType> {
        let library = library(ctx).lock().unwrap();
        let since = studio_filter.and_then(|f| f.updated_at);
        let (count, things) = page(library.studios.values(), filter, since)?;
        Ok(FindStudiosResultType { count, studios: things.into_iter().map(studio).collect() })
    }

    #[graphql(name = "findPerformers")]
    async fn find_performers(
        &self,
        ctx: &Context<'_>,
        filter: Option<FindFilterType>,
        #[graphql(name = "performer_filter")] performer_filter: Option<PerformerFilterType>,
    ) -> Result<FindPerformersResultType> {
        let library = library(ctx).lock().unwrap();
        let since = performer_filter.and_then(|f| f.updated_at);
        let (count, things) = page(library.performers.values(), filter, since)?;
        Ok(FindPerformersResultType { count, performers: things.into_iter().map(performer).collect() })
    }
}

#[derive(InputObject)]
#[graphql(rename_fields = "snake_case")]
struct SceneUpdateInput {
    id: ID,
    title: Option<String>,
    date: Option<String>,
    studio_id: Option<ID>,
    performer_ids: Option<Vec<ID>>,
    tag_ids: Option<Vec<ID>>,
}

pub struct Mutation;

#[Object]
impl Mutation {
    #[graphql(name = "sceneUpdate")]
    async fn scene_update(&self, ctx: &Context<'_>, input: SceneUpdateInput) -> Result<Option<Scene>> {
        let mut library = library(ctx).lock().unwrap();
        if input.date.as_deref().is_some_and(|date| date.parse::<jiff::civil::Date>().is_err()) {
            return Err(Error::new("parsing date: invalid"));
        }
        let id: i64 = input.id.parse()?;
        let now = library.tick();
        let number = |id: &ID| id.parse::<i64>();
        let numbers = |ids: &Vec<ID>| ids.iter().map(number).collect::<std::result::Result<Vec<_>, _>>();
        let scene = library.scenes.get_mut(&id).ok_or_else(|| Error::new("scene not found"))?;
        scene.title = input.title.or(scene.title.take());
        scene.date = input.date.or(scene.date.take());
        scene.studio = input.studio_id.as_ref().map(number).transpose()?.or(scene.studio);
        if let Some(ids) = &input.performer_ids {
            scene.performers = numbers(ids)?;
        }
        if let Some(ids) = &input.tag_ids {
            scene.tags = numbers(ids)?;
        }
        scene.updated_at = now;
        library.updates.push(id);
        Ok(Some(library.scene(&library.scenes[&id])))
    }
}

fn library<'a>(ctx: &'a Context<'_>) -> &'a Shared {
    ctx.data_unchecked::<Arc<Shared>>()
}

impl crate::stash::Library {
    fn scene(&self, thing: &Thing) -> Scene {
        let file = |path: &String| VideoFile {
            id: ID(thing.id.to_string()),
            path: path.clone(),
            basename: path.rsplit('/').next().unwrap().to_owned(),
            size: 1e6,
            duration: 60.0,
            width: 1920,
            height: 1080,
            video_codec: "h264".into(),
            audio_codec: "aac".into(),
            frame_rate: 25.0,
            bit_rate: 8_000_000,
            fingerprints: vec![Fingerprint { kind: "oshash".into(), value: format!("{:016x}", thing.id) }],
        };
        Scene {
            id: ID(thing.id.to_string()),
            title: thing.title.clone(),
            details: None,
            date: thing.date.clone(),
            rating100: None,
            organized: thing.organized,
            urls: Vec::new(),
            created_at: "2024-01-01T00:00:00Z".into(),
            updated_at: thing.updated_at.to_string(),
            files: thing.path.iter().map(file).collect(),
            studio: thing.studio.map(|id| studio(&self.studios[&id])),
            tags: thing.tags.iter().map(|id| tag(&self.tags[id])).collect(),
            performers: thing.performers.iter().map(|id| performer(&self.performers[id])).collect(),
            groups: Vec::new(),
            stash_ids: vec![StashId { endpoint: "https://example.org".into(), stash_id: "x".into() }],
        }
    }
}

/// Makes the schema of a library.
pub fn schema(library: Arc<Shared>) -> StashSchema {
    Schema::build(Query, Mutation, EmptySubscription).data(library).finish()
}
