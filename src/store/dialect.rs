//! Where the two databases say a thing differently: each way of saying it stands here, beside the
//! other one, and nowhere else (`docs/adr/0010-two-databases.md`).

/// The SQL of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL 13 and later.
    Postgres,
}

impl Dialect {
    /// Whichever of the two texts is this dialect's.
    #[must_use]
    pub const fn either<'a>(self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }

    /// Begins a transaction that writes. SQLite has one writer, who is to wait here and not later.
    #[must_use]
    pub const fn begin(self) -> &'static str {
        self.either("BEGIN IMMEDIATE", "BEGIN")
    }

    /// A job is one of a [`list`](super::sql::list) that is bound.
    #[must_use]
    pub const fn in_list(self) -> &'static str {
        self.either(
            "id IN (SELECT value FROM json_each(?))",
            "id = ANY (CAST(translate(?, '[]', '{}') AS BIGINT[]))",
        )
    }

    /// The texts of a bound JSON array, as a query.
    #[must_use]
    pub const fn texts(self) -> &'static str {
        self.either("SELECT value FROM json_each(?)", "SELECT json_array_elements_text(CAST(? AS JSON))")
    }

    /// The numbers of a bound JSON array, as a query.
    #[must_use]
    pub const fn numbers(self) -> &'static str {
        self.either(
            "SELECT value FROM json_each(?)",
            "SELECT CAST(json_array_elements_text(CAST(? AS JSON)) AS BIGINT)",
        )
    }

    /// Where in a text another one begins; 0: nowhere.
    #[must_use]
    pub fn place_of(self, needle: &str, text: &str) -> String {
        format!("{}({text}, {needle})", self.either("instr", "strpos"))
    }

    /// The number that a text begins with; NULL or 0 if with none.
    #[must_use]
    pub fn leading_number(self, text: &str) -> String {
        match self {
            Self::Sqlite => format!("CAST({text} AS INTEGER)"),
            Self::Postgres => format!("CAST(substring({text} FROM '^[0-9]+') AS BIGINT)"),
        }
    }

    /// Ends a SELECT of rows that are written afterwards: until the commit nobody else changes them.
    /// SQLite has no other writer.
    #[must_use]
    pub const fn lock(self) -> &'static str {
        self.either("", " FOR UPDATE")
    }

    /// As [`Self::lock`], of one table of a join.
    #[must_use]
    pub fn lock_of(self, table: &str) -> String {
        match self {
            Self::Sqlite => String::new(),
            Self::Postgres => format!(" FOR UPDATE OF {table}"),
        }
    }

    /// As [`Self::lock`], and passes over rows that somebody else is about to change.
    #[must_use]
    pub const fn lock_free(self) -> &'static str {
        self.either("", " FOR UPDATE SKIP LOCKED")
    }

    /// Ends an INSERT that does nothing when a row with the value of a partly unique column is there.
    /// With one writer that was looked at before.
    #[must_use]
    pub fn unless_there(self, column: &str) -> String {
        match self {
            Self::Sqlite => String::new(),
            Self::Postgres => format!(" ON CONFLICT ({column}) WHERE {column} IS NOT NULL DO NOTHING"),
        }
    }

    /// A column in a condition that no index is to be chosen for. PostgreSQL knows how many rows
    /// there are and needs no such hint.
    #[must_use]
    pub fn aside(self, column: &str) -> String {
        format!("{}{column}", self.either("+", ""))
    }

    /// Joins in the order in which it is written.
    #[must_use]
    pub const fn join_in_order(self) -> &'static str {
        self.either("CROSS JOIN", "JOIN")
    }
}
