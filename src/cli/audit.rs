//! `callboard audit`: who changed what.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::Timestamp;
use crate::domain::audit::Verb;

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, Query, RemoteCommand};
use super::table::{Column, Table};
use super::text;

/// Show who changed what, the latest first
#[derive(Debug, clap::Args)]
pub(super) struct Audit {
    /// By whom: the name of a token, or local
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// What, such as job.cancel
    #[arg(long, value_name = "VERB", value_parser = verbs())]
    what: Option<String>,
    /// To what, such as jobs/17
    #[arg(long, value_name = "OBJECT")]
    object: Option<String>,
    /// From this time on, such as 2030-01-02T03:04:05Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Entries on a page [default: 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: Option<u16>,
    /// Go on where a page ended
    #[arg(long)]
    cursor: Option<String>,
}

fn verbs() -> clap::builder::PossibleValuesParser {
    Verb::ALL.iter().map(|verb| verb.as_str()).collect::<Vec<_>>().into()
}

#[derive(Deserialize)]
struct Page {
    entries: Vec<Entry>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    at: Timestamp,
    who: Option<String>,
    via: String,
    address: Option<String>,
    what: String,
    object: String,
    detail: Value,
    outcome: String,
}

static COLUMNS: [Column; 7] = [
    Column::word("at"),
    Column::text("who"),
    Column::word("what"),
    Column::text("object"),
    Column::word("outcome"),
    Column::text("from"),
    Column::text("detail"),
];

impl Audit {
    fn query(self) -> Query {
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let given = [
            ("who", self.who),
            ("what", self.what),
            ("object", self.object),
            ("since", time(self.since)),
            ("until", time(self.until)),
            ("limit", self.limit.map(|n| n.to_string())),
            ("cursor", self.cursor),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl RemoteCommand for Audit {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        let reply = client.get(&["audit"], &self.query()).await?;
        if out.is_json() {
            return Ok(out.json(reply.json()?)?);
        }
        let page: Page = reply.parse()?;
        let mut table = Table::new(&COLUMNS, out.width());
        if !page.entries.is_empty() {
            out.text(&table.page(&page.entries.iter().map(row).collect::<Vec<_>>()))?;
        }
        out.flush()?;
        match page.next_cursor {
            Some(cursor) => text::note(&format!("there are more: --cursor {cursor} shows the next")),
            None if page.entries.is_empty() => text::note("no entries"),
            None => {}
        }
        Ok(())
    }
}

fn row(entry: &Entry) -> Vec<String> {
    let from = match &entry.address {
        Some(address) => format!("{address} ({})", entry.via),
        None => entry.via.clone(),
    };
    let detail = match entry.detail.as_object() {
        Some(detail) if detail.is_empty() => String::new(),
        _ => entry.detail.to_string(),
    };
    vec![
        entry.at.to_string(),
        entry.who.clone().unwrap_or_else(|| "-".into()),
        entry.what.clone(),
        entry.object.clone(),
        entry.outcome.clone(),
        from,
        detail,
    ]
}
