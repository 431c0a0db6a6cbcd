//! `callboard list`

use super::failure::Failure;
use super::filters::StateFilters;
use super::output::Output;
use super::pages::Paging;
use super::remote::{Client, RemoteCommand};

/// List jobs
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    filters: StateFilters,
    #[command(flatten)]
    paging: Paging,
}

impl RemoteCommand for List {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        self.paging.print(client, out, &["jobs"], self.filters.query()).await
    }
}
