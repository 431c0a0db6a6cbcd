//! Statements in SQL text that are prepared once and kept.
//!
//! Diesel's `sql_query` is prepared anew at each call, and a query built with its DSL is looked up
//! by its text. The statements that every job passes through are types of their own here, so that
//! Diesel's cache finds them by type (`docs/adr/0001-statements.md` has the figures).

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Double, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{RunQueryDsl, SqliteConnection};

/// The connection that the store works on.
pub type Conn = SqliteConnection;
/// Its backend.
pub type Db = Sqlite;

/// A statement: a type for Diesel's cache and a text with `?` for each value.
pub trait Statement: 'static {
    /// The SQL, cut at each `?`: it is walked through at each run, and is not to be searched then.
    fn parts() -> &'static [&'static str];
}

/// Cuts SQL at each `?`.
#[must_use]
pub fn cut(text: String) -> Vec<&'static str> {
    // Once for each statement of the program.
    text.leak().split('?').collect()
}

/// A limit that is bound. Not a bare `?`: SQLite looks at the value of that one for its plan, and
/// prepares the statement anew whenever it changes.
pub const LIMIT: &str = "LIMIT ? + 0";

/// A job is one of a [`list`] that is bound.
pub const IN_LIST: &str = "id IN (SELECT value FROM json_each(?))";

/// Numbers as one value: a statement has a fixed number of those.
pub fn list(ids: impl Iterator<Item = i64>) -> String {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    format!("[{}]", ids.join(","))
}

/// Declares statements: `statement!(Name, "SQL")`; the text may be any expression.
macro_rules! statement {
    ($(#[$doc:meta])* $name:ident, $text:expr) => {
        $(#[$doc])*
        struct $name;
        impl $crate::store::sql::Statement for $name {
            fn parts() -> &'static [&'static str] {
                static PARTS: std::sync::LazyLock<Vec<&'static str>> =
                    std::sync::LazyLock::new(|| $crate::store::sql::cut(String::from($text)));
                &PARTS
            }
        }
    };
}
pub(crate) use statement;

/// A value for a `?`.
#[derive(Debug)]
pub enum Bind<'a> {
    /// A whole number, or NULL.
    Int(Option<i64>),
    /// A number, or NULL.
    Real(Option<f64>),
    /// A text, or NULL.
    Text(Option<&'a str>),
}

impl From<i64> for Bind<'_> {
    fn from(v: i64) -> Self {
        Self::Int(Some(v))
    }
}
impl From<u32> for Bind<'_> {
    fn from(v: u32) -> Self {
        Self::Int(Some(v.into()))
    }
}
impl From<Option<i64>> for Bind<'_> {
    fn from(v: Option<i64>) -> Self {
        Self::Int(v)
    }
}
impl From<Option<f64>> for Bind<'_> {
    fn from(v: Option<f64>) -> Self {
        Self::Real(v)
    }
}
impl<'a> From<&'a str> for Bind<'a> {
    fn from(v: &'a str) -> Self {
        Self::Text(Some(v))
    }
}
impl<'a> From<&'a String> for Bind<'a> {
    fn from(v: &'a String) -> Self {
        Self::Text(Some(v))
    }
}
impl<'a> From<Option<&'a str>> for Bind<'a> {
    fn from(v: Option<&'a str>) -> Self {
        Self::Text(v)
    }
}
impl<'a> From<&'a Option<String>> for Bind<'a> {
    fn from(v: &'a Option<String>) -> Self {
        Self::Text(v.as_deref())
    }
}
impl From<crate::domain::Timestamp> for Bind<'_> {
    fn from(v: crate::domain::Timestamp) -> Self {
        Self::Int(Some(v.as_millis()))
    }
}
impl From<Option<crate::domain::Timestamp>> for Bind<'_> {
    fn from(v: Option<crate::domain::Timestamp>) -> Self {
        Self::Int(v.map(crate::domain::Timestamp::as_millis))
    }
}

/// Lists values for a statement: `binds![id, name]`.
macro_rules! binds {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sql::Bind::from($value)),*] };
}
pub(crate) use binds;

/// A statement with its values, as Diesel runs it.
pub struct Prepared<'a, S, ST> {
    binds: &'a [Bind<'a>],
    kind: PhantomData<(S, ST)>,
}

impl<S: Statement, ST> QueryFragment<Db> for Prepared<'_, S, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        let Some((first, rest)) = S::parts().split_first() else { return Ok(()) };
        out.push_sql(first);
        for (part, bind) in rest.iter().zip(self.binds) {
            push::<Db>(&mut out, bind)?;
            out.push_sql(part);
        }
        Ok(())
    }
}

fn push<'b, DB>(out: &mut AstPass<'_, 'b, DB>, bind: &'b Bind<'_>) -> QueryResult<()>
where
    DB: Backend,
    DB: diesel::sql_types::HasSqlType<BigInt>
        + diesel::sql_types::HasSqlType<Double>
        + diesel::sql_types::HasSqlType<Text>,
    i64: diesel::serialize::ToSql<BigInt, DB>,
    f64: diesel::serialize::ToSql<Double, DB>,
    str: diesel::serialize::ToSql<Text, DB>,
{
    match bind {
        Bind::Int(v) => out.push_bind_param::<Nullable<BigInt>, Option<i64>>(v),
        Bind::Real(v) => out.push_bind_param::<Nullable<Double>, Option<f64>>(v),
        Bind::Text(v) => out.push_bind_param::<Nullable<Text>, Option<&str>>(v),
    }
}

impl<S: Statement, ST: 'static> QueryId for Prepared<'_, S, ST> {
    type QueryId = S;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<S, ST> Query for Prepared<'_, S, ST> {
    type SqlType = ST;
}

impl<S, ST> RunQueryDsl<Conn> for Prepared<'_, S, ST> {}

/// Runs a statement; returns how many rows it changed.
pub fn run<S: Statement>(conn: &mut Conn, binds: &[Bind<'_>]) -> QueryResult<usize> {
    let query: Prepared<'_, S, ()> = Prepared { binds, kind: PhantomData };
    query.execute(conn)
}

/// Runs a statement that gives rows of SQL type `ST`, read as `U`.
pub fn load<S, ST, U>(conn: &mut Conn, binds: &[Bind<'_>]) -> QueryResult<Vec<U>>
where
    S: Statement,
    ST: 'static,
    for<'q> Prepared<'q, S, ST>: diesel::query_dsl::methods::LoadQuery<'q, Conn, U>,
{
    let query: Prepared<'_, S, ST> = Prepared { binds, kind: PhantomData };
    query.load::<U>(conn)
}
