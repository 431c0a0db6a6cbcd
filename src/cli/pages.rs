//! Lists of jobs, page by page.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::Job;

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, Query};
use super::table::{Column, Table};
use super::text;

/// How much of a list, and in which order.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How many")]
pub(super) struct Paging {
    /// Order
    #[arg(long, value_parser = ["newest", "oldest", "priority"])]
    order: Option<String>,
    /// Jobs on a page [default: 50; 500 with --all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: Option<u16>,
    /// Go on where a page ended
    #[arg(long)]
    cursor: Option<String>,
    /// All pages
    #[arg(long)]
    all: bool,
}

#[derive(Deserialize)]
struct Page<T> {
    jobs: Vec<T>,
    next_cursor: Option<String>,
}

impl Paging {
    /// Prints the jobs that are listed at a path.
    pub(super) async fn print(
        self,
        client: &Client,
        out: &mut Output,
        path: &[&str],
        filters: Query,
    ) -> Result<(), Failure> {
        let limit = self.limit.or(self.all.then_some(500)).map(|n| n.to_string());
        let order = self.order.clone();
        let extras = [("order", order), ("limit", limit)];
        let query = extras.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let listing = Listing { client, path, query: filters.into_iter().chain(query).collect() };
        match (out.is_json(), self.all) {
            (false, _) => listing.table(out, self.cursor, self.all).await,
            (true, false) => Ok(out.json(listing.page(self.cursor.as_deref()).await?.json()?)?),
            (true, true) => listing.one_document(out, self.cursor).await,
        }
    }
}

struct Listing<'a> {
    client: &'a Client,
    path: &'a [&'a str],
    query: Query,
}

impl Listing<'_> {
    async fn page(&self, cursor: Option<&str>) -> Result<super::remote::client::Reply, Failure> {
        let cursor = cursor.map(|c| ("cursor", c.to_owned()));
        let query = self.query.iter().cloned().chain(cursor).collect();
        self.client.get(self.path, &query).await
    }

    /// A page with its jobs read, and whether it leads anywhere.
    async fn read<T: serde::de::DeserializeOwned>(&self, cursor: Option<&str>) -> Result<Page<T>, Failure> {
        let reply = self.page(cursor).await?;
        let page: Page<T> = reply.parse()?;
        if page.next_cursor.is_some() && page.next_cursor.as_deref() == cursor {
            return Err(reply.strange("the next page is the same again"));
        }
        Ok(page)
    }

    async fn table(&self, out: &mut Output, mut cursor: Option<String>, all: bool) -> Result<(), Failure> {
        let mut table = Table::new(&COLUMNS, out.width());
        let mut found = false;
        loop {
            let page: Page<Job> = self.read(cursor.as_deref()).await?;
            cursor = page.next_cursor;
            if !page.jobs.is_empty() {
                found = true;
                out.text(&table.page(&page.jobs.iter().map(row).collect::<Vec<_>>()))?;
            }
            if cursor.is_none() || !all {
                break;
            }
        }
        out.flush()?;
        match cursor {
            Some(cursor) => {
                text::note(&format!("there are more: --all shows all, --cursor {cursor} the next"));
            }
            None if !found => text::note("no jobs"),
            None => {}
        }
        Ok(())
    }

    /// All pages as if they were one, written as they come.
    async fn one_document(&self, out: &mut Output, mut cursor: Option<String>) -> Result<(), Failure> {
        let mut before = "{\"jobs\":[";
        loop {
            let page: Page<Box<RawValue>> = self.read(cursor.as_deref()).await?;
            for job in &page.jobs {
                out.json_part(before)?;
                out.json_part(job.get())?;
                before = ",";
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        if before != "," {
            out.json_part(before)?;
        }
        Ok(out.json("],\"next_cursor\":null}")?)
    }
}

static COLUMNS: [Column; 9] = [
    Column::number("id"),
    Column::word("state"),
    Column::text("type"),
    Column::text("queue"),
    Column::text("target"),
    Column::number("prio"),
    Column::number("try"),
    Column::word("created"),
    Column::text("note"),
];

fn row(job: &Job) -> Vec<String> {
    vec![
        job.id.to_string(),
        job.state.to_string(),
        job.job_type.clone(),
        job.queue.clone(),
        job.target_id.clone().unwrap_or_default(),
        job.priority.to_string(),
        job.attempt.to_string(),
        job.created_at.to_string(),
        remark(job),
    ]
}

/// What is most worth knowing of it now.
fn remark(job: &Job) -> String {
    if job.state.is_final() || job.progress.updated_at.is_none() {
        return job.error.clone().unwrap_or_default();
    }
    let message = job.progress.message.as_deref().unwrap_or_default();
    format!("{:.0}% {message}", job.progress.percent)
}
