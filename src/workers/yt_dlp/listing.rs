//! What a channel or playlist holds, without downloading it, and what a site knows about one item.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::command::YtDlp;
use super::error_text::{classify, error_in};
use crate::workers::RunResult;
use crate::workers::tools::{Call, Toolbox, Trouble};

/// How deep lists of lists are followed: a channel's root may list its tabs.
const MAX_DEPTH: u32 = 2;

/// A channel or playlist.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Its title.
    pub title: Option<String>,
    /// What is in it, newest first where the site lists it so.
    pub entries: Vec<ListedEntry>,
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedEntry {
    /// Names it for ever: extractor and id, or the URL where there is no id.
    pub key: String,
    /// Its page.
    pub url: String,
    /// Its title.
    pub title: Option<String>,
}

#[derive(Deserialize)]
struct FlatList {
    title: Option<String>,
    #[serde(default)]
    extractor_key: String,
    entries: Option<Vec<Option<FlatEntry>>>,
    id: Option<String>,
    webpage_url: Option<String>,
}

#[derive(Deserialize)]
struct FlatEntry {
    ie_key: Option<String>,
    id: Option<String>,
    url: Option<String>,
    title: Option<String>,
}

impl YtDlp {
    /// Lists what a channel or playlist holds.
    ///
    /// # Errors
    /// By the class of yt-dlp's error.
    pub async fn list(&self, toolbox: &Toolbox, url: &Url) -> RunResult<Listing> {
        let mut listing = Listing::default();
        let mut lists = vec![(url.clone(), 0)];
        while let Some((url, depth)) = lists.pop() {
            let list: FlatList = self.flat(toolbox, &url).await?;
            listing.title = listing.title.take().or_else(|| list.title.clone());
            let Some(entries) = list.entries else {
                listing.entries.extend(ListedEntry::of_single(list));
                continue;
            };
            let mut tabs = Vec::new();
            for entry in entries.into_iter().flatten() {
                let is_list = entry.ie_key.as_deref() == Some(list.extractor_key.as_str());
                let page = entry.url.as_deref().and_then(|text| text.parse::<Url>().ok());
                match page {
                    Some(page) if is_list && depth < MAX_DEPTH => tabs.push((page, depth + 1)),
                    _ => listing.entries.extend(ListedEntry::of(entry)),
                }
            }
            // The last one is taken next.
            lists.extend(tabs.into_iter().rev());
        }
        Ok(listing)
    }

    async fn flat(&self, toolbox: &Toolbox, url: &Url) -> RunResult<FlatList> {
        let call = self.json_call(toolbox, &["--flat-playlist"], url)?;
        self.document(toolbox, call).await
    }

    /// What a site knows about one item.
    ///
    /// # Errors
    /// By the class of yt-dlp's error.
    pub async fn describe(&self, toolbox: &Toolbox, url: &Url) -> RunResult<Value> {
        let call = self.json_call(toolbox, &["--no-playlist"], url)?;
        self.document(toolbox, call).await
    }

    async fn document<T: serde::de::DeserializeOwned>(&self, toolbox: &Toolbox, call: Call) -> RunResult<T> {
        let captured = toolbox.capture(call).await?;
        let read = serde_json::from_str::<Option<T>>(&captured.stdout);
        match read {
            Ok(Some(document)) => Ok(document),
            // It prints `null` when it fails.
            Ok(None) | Err(_) => {
                let error = captured.stderr.lines().rev().find_map(error_in).map_or_else(
                    || format!("yt-dlp ended with {}: {}", captured.status, captured.stderr),
                    |(_, text)| text.to_owned(),
                );
                Err(Trouble::new(classify(&error), error).into())
            }
        }
    }
}

impl ListedEntry {
    fn of(entry: FlatEntry) -> Option<Self> {
        let FlatEntry { ie_key, id, url, title } = entry;
        let url = url?;
        let key = match (ie_key, id) {
            (Some(ie_key), Some(id)) => format!("{ie_key} {id}"),
            _ => without_fragment(&url).to_owned(),
        };
        Some(Self { key, url, title })
    }

    /// The URL leads to one item, not to a list.
    fn of_single(list: FlatList) -> Option<Self> {
        let url = list.webpage_url?;
        let key = list.id.map_or_else(|| url.clone(), |id| format!("{} {id}", list.extractor_key));
        Some(Self { key, url, title: list.title })
    }
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}
