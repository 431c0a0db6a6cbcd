//! What the types with a JSON form of their own look like in the OpenAPI document, and forms that
//! several fields share.

use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::{Json, KeyPath, State, Timestamp, ident};

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        let time = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(time)).into()
    }
}

impl ToSchema for Timestamp {}

impl PartialSchema for Json {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::AnyValue).into()
    }
}

impl ToSchema for Json {}

impl PartialSchema for KeyPath {
    fn schema() -> RefOr<Schema> {
        let parts = r"^(target_id|(args|metadata)(\.[^.\x00]+)+)$";
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(parts)).into()
    }
}

impl ToSchema for KeyPath {}

/// Any JSON, null too.
pub fn any() -> Schema {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).into()
}

/// Args: an object or an array.
pub fn args() -> Schema {
    let types = SchemaType::Array(vec![Type::Object, Type::Array]);
    ObjectBuilder::new().schema_type(types).into()
}

/// Metadata: an object.
pub fn object() -> Schema {
    ObjectBuilder::new().schema_type(Type::Object).into()
}

/// The name of a job type.
pub fn job_type() -> Schema {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$")).into()
}

/// The name of a queue.
pub fn queue() -> Schema {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9._-]{1,100}$")).into()
}

/// Tags.
pub fn tags() -> Schema {
    let tag =
        ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(ident::MAX_TAG));
    ArrayBuilder::new().items(tag).max_items(Some(ident::MAX_TAGS)).into()
}

/// What must be equal for jobs to be the same.
pub fn unique_by() -> Schema {
    let part = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(r"^(target_id|queue|args(\.[^\x00]+)?)$"));
    ArrayBuilder::new().items(part).max_items(Some(20)).into()
}

/// How many jobs there are in each state.
pub fn counts() -> Schema {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
    let counts = ObjectBuilder::new().schema_type(Type::Object);
    State::ALL.iter().fold(counts, |counts, state| counts.property(state.as_str(), number.clone())).into()
}

/// Counts by job type.
pub fn counts_by_type() -> Schema {
    ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(counts())).into()
}
