//! Statements in SQL text that are prepared once and kept.
//!
//! Diesel's `sql_query` is prepared anew at each call, and a query built with its DSL is looked up
//! by its text. The statements that every job passes through are types of their own here, so that
//! Diesel's cache finds them by type (`docs/adr/0001-statements.md` has the figures).

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::LoadQuery;
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool, Double, HasSqlType, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{PgConnection, RunQueryDsl, SqliteConnection};

pub use super::conn::{Conn, Db};
pub use super::dialect::Dialect;

/// A statement: a type for Diesel's cache and a text with `?` for each value.
pub trait Statement: 'static {
    /// The SQL, cut at each `?`: it is walked through at each run, and is not to be searched then.
    fn parts(dialect: Dialect) -> &'static [&'static str];
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

/// Numbers as one value: a statement has a fixed number of those.
pub fn list(ids: impl Iterator<Item = i64>) -> String {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    format!("[{}]", ids.join(","))
}

/// A job is one of those from one id that is bound to another.
pub const IN_RUN: &str = "id BETWEEN ? AND ?";

/// Jobs that one statement is about.
pub enum Ids {
    /// All from one to the other: for [`IN_RUN`]. SQLite walks over them, where of a [`list`] it makes a table and
    /// looks for each; jobs that come one after the other leave one after the other. (PostgreSQL cannot tell how
    /// many such a statement is about when it plans it.)
    Run(i64, i64),
    /// Some: for [`Dialect::in_list`].
    List(String),
}

impl Ids {
    /// Those of `ids`.
    #[must_use]
    pub fn of(dialect: Dialect, ids: &[i64]) -> Self {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        match (dialect, ids.as_slice()) {
            (Dialect::Sqlite, [only]) => Self::Run(*only, *only),
            (Dialect::Sqlite, [first, .., last]) if usize::try_from(last - first) == Ok(ids.len() - 1) => {
                Self::Run(*first, *last)
            }
            _ => Self::List(list(ids.into_iter())),
        }
    }

    /// Values for a statement that names its jobs last.
    #[must_use]
    pub fn after<'a>(&'a self, values: &[Bind<'a>]) -> Vec<Bind<'a>> {
        let mut all = values.to_vec();
        match self {
            Self::Run(first, last) => all.extend([Bind::from(*first), Bind::from(*last)]),
            Self::List(ids) => all.push(ids.into()),
        }
        all
    }
}

/// Declares statements: `statement!(Name, "SQL")`; the text may be any expression, also one of the
/// dialect: `statement!(Name, |dialect| format!("… {}", dialect.lock()))`.
macro_rules! statement {
    ($(#[$doc:meta])* $name:ident, |$dialect:ident| $text:expr) => {
        $(#[$doc])*
        struct $name;
        impl $crate::store::sql::Statement for $name {
            fn parts(dialect: $crate::store::sql::Dialect) -> &'static [&'static str] {
                use $crate::store::sql::{Dialect, cut};
                static SQLITE: std::sync::LazyLock<Vec<&'static str>> =
                    std::sync::LazyLock::new(|| cut(text(Dialect::Sqlite)));
                static POSTGRES: std::sync::LazyLock<Vec<&'static str>> =
                    std::sync::LazyLock::new(|| cut(text(Dialect::Postgres)));
                fn text($dialect: Dialect) -> String {
                    String::from($text)
                }
                match dialect {
                    Dialect::Sqlite => &SQLITE,
                    Dialect::Postgres => &POSTGRES,
                }
            }
        }
    };
    ($(#[$doc:meta])* $name:ident, $text:expr) => {
        $crate::store::sql::statement!($(#[$doc])* $name, |_dialect| $text);
    };
}
pub(crate) use statement;

/// A value for a `?`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bind<'a> {
    /// A whole number, or NULL.
    Int(Option<i64>),
    /// A number, or NULL.
    Real(Option<f64>),
    /// A text, or NULL.
    Text(Option<&'a str>),
    /// Yes or no.
    Bool(bool),
}

impl Bind<'_> {
    /// Whether it is NULL.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Int(None) | Self::Real(None) | Self::Text(None))
    }
}

impl From<i64> for Bind<'_> {
    fn from(v: i64) -> Self {
        Self::Int(Some(v))
    }
}
impl From<bool> for Bind<'_> {
    fn from(v: bool) -> Self {
        Self::Bool(v)
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

impl<S: Statement, ST> QueryFragment<Sqlite> for Prepared<'_, S, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        fill(&mut out, S::parts(Dialect::Sqlite), self.binds)
    }
}

impl<S: Statement, ST> QueryFragment<Pg> for Prepared<'_, S, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        fill(&mut out, S::parts(Dialect::Postgres), self.binds)
    }
}

impl<S: Statement, ST: 'static> QueryId for Prepared<'_, S, ST> {
    type QueryId = S;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<S, ST> Query for Prepared<'_, S, ST> {
    type SqlType = ST;
}

impl<S, ST> RunQueryDsl<SqliteConnection> for Prepared<'_, S, ST> {}
impl<S, ST> RunQueryDsl<PgConnection> for Prepared<'_, S, ST> {}

/// A text that was put together for one run: it is not kept.
pub struct Built<'a, ST> {
    parts: Vec<&'a str>,
    binds: &'a [Bind<'a>],
    kind: PhantomData<ST>,
}

impl<ST> QueryFragment<Sqlite> for Built<'_, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        fill(&mut out, &self.parts, self.binds)
    }
}

impl<ST> QueryFragment<Pg> for Built<'_, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        fill(&mut out, &self.parts, self.binds)
    }
}

impl<ST> QueryId for Built<'_, ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> Query for Built<'_, ST> {
    type SqlType = ST;
}

impl<ST> RunQueryDsl<SqliteConnection> for Built<'_, ST> {}
impl<ST> RunQueryDsl<PgConnection> for Built<'_, ST> {}

/// Writes the parts of a text with a value between each two.
fn fill<'b, DB>(out: &mut AstPass<'_, 'b, DB>, parts: &'b [&'b str], binds: &'b [Bind<'b>]) -> QueryResult<()>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Double> + HasSqlType<Text> + HasSqlType<Bool>,
    i64: diesel::serialize::ToSql<BigInt, DB>,
    f64: diesel::serialize::ToSql<Double, DB>,
    str: diesel::serialize::ToSql<Text, DB>,
    bool: diesel::serialize::ToSql<Bool, DB>,
{
    let Some((first, rest)) = parts.split_first() else { return Ok(()) };
    out.push_sql(first);
    for (part, bind) in rest.iter().zip(binds) {
        match bind {
            Bind::Int(v) => out.push_bind_param::<Nullable<BigInt>, Option<i64>>(v)?,
            Bind::Real(v) => out.push_bind_param::<Nullable<Double>, Option<f64>>(v)?,
            Bind::Text(v) => out.push_bind_param::<Nullable<Text>, Option<&str>>(v)?,
            Bind::Bool(v) => out.push_bind_param::<Bool, bool>(v)?,
        }
        out.push_sql(part);
    }
    Ok(())
}

/// Runs a statement; returns how many rows it changed.
pub fn run<S: Statement>(conn: &mut Conn, binds: &[Bind<'_>]) -> QueryResult<usize> {
    let query: Prepared<'_, S, ()> = Prepared { binds, kind: PhantomData };
    match conn {
        Conn::Sqlite(conn) => query.execute(conn),
        Conn::Postgres(conn) => query.execute(conn),
    }
}

/// Runs a statement that gives rows of SQL type `ST`, read as `U`.
pub fn load<S, ST, U>(conn: &mut Conn, binds: &[Bind<'_>]) -> QueryResult<Vec<U>>
where
    S: Statement,
    ST: 'static,
    for<'q> Prepared<'q, S, ST>: LoadQuery<'q, SqliteConnection, U> + LoadQuery<'q, PgConnection, U>,
{
    let query: Prepared<'_, S, ST> = Prepared { binds, kind: PhantomData };
    match conn {
        Conn::Sqlite(conn) => query.load::<U>(conn),
        Conn::Postgres(conn) => query.load::<U>(conn),
    }
}

/// As [`load`], for a text that was put together for this run.
pub fn load_built<ST, U>(conn: &mut Conn, text: &str, binds: &[Bind<'_>]) -> QueryResult<Vec<U>>
where
    ST: 'static,
    for<'q> Built<'q, ST>: LoadQuery<'q, SqliteConnection, U> + LoadQuery<'q, PgConnection, U>,
{
    let query: Built<'_, ST> = Built { parts: text.split('?').collect(), binds, kind: PhantomData };
    match conn {
        Conn::Sqlite(conn) => query.load::<U>(conn),
        Conn::Postgres(conn) => query.load::<U>(conn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_without_a_gap_are_a_run() {
        let named = |dialect, ids: &[i64]| match Ids::of(dialect, ids) {
            Ids::Run(first, last) => format!("{first} to {last}"),
            Ids::List(ids) => ids,
        };
        let cases: [(&[i64], &str); 6] = [
            (&[7], "7 to 7"),
            (&[9, 7, 8], "7 to 9"),
            (&[7, 9], "[7,9]"),
            (&[5, 7, 7], "[5,7]"),
            (&[5, 6, 6], "5 to 6"),
            (&[], "[]"),
        ];
        for (ids, expected) in cases {
            assert_eq!(named(Dialect::Sqlite, ids), expected);
        }
        assert_eq!(named(Dialect::Postgres, &[7, 8]), "[7,8]");
    }
}
