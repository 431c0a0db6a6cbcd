//! The text that a worker works on: given in its args, in a file, or left behind by a parent.

use serde_json::{Map, Value};

use super::text_files::TextFiles;
use super::{Context, Failure, RunResult};

/// Where a parent's result holds a text.
const TEXTS: [&str; 2] = ["text", "content"];
/// Where it names a file that holds one, the best first.
const FILES: [&str; 5] = ["json_file", "vtt_file", "transcript", "text_file", "file"];

/// A text, and what is known about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextInput {
    /// The text.
    pub text: String,
    /// The file that it stands in, if it does.
    pub file: Option<String>,
    /// What else the parent that left it says about it.
    pub about: Map<String, Value>,
}

impl TextInput {
    /// What is wrong with the two args that name a text.
    #[must_use]
    pub fn faults(files: &TextFiles, text: Option<&str>, file: Option<&str>) -> Vec<(String, String)> {
        let fault = match (text, file) {
            (Some(_), Some(_)) => Some("cannot be given together with text".to_owned()),
            (None, Some(file)) => files.check_read(file).err(),
            (_, None) => None,
        };
        fault.map(|message| ("args.file".to_owned(), message)).into_iter().collect()
    }

    /// Gets the text: the one given, the file named, else what the last parent that left a text has
    /// left.
    ///
    /// # Errors
    /// Fatal when there is none.
    pub async fn get(
        ctx: &Context,
        files: &TextFiles,
        text: Option<String>,
        file: Option<String>,
    ) -> RunResult<Self> {
        match (text, file) {
            (Some(text), _) => Ok(Self { text, ..Self::default() }),
            (None, Some(file)) => Self::of_file(files, file, Map::new()).await,
            (None, None) => Self::of_parents(ctx, files).await,
        }
    }

    /// What the parent says about the text under a name, as text.
    #[must_use]
    pub fn said(&self, name: &str) -> Option<&str> {
        self.about.get(name).and_then(Value::as_str)
    }

    async fn of_file(files: &TextFiles, file: String, about: Map<String, Value>) -> RunResult<Self> {
        Ok(Self { text: files.read(&file).await?, file: Some(file), about })
    }

    async fn of_parents(ctx: &Context, files: &TextFiles) -> RunResult<Self> {
        for parent in ctx.parents().iter().rev() {
            let Some(Ok(mut about)) = parent.result.as_ref().map(|json| json.parse::<Map<String, Value>>())
            else {
                continue;
            };
            let found =
                |keys: &[&str]| keys.iter().find_map(|key| Some(about.get(*key)?.as_str()?.to_owned()));
            if let Some(file) = found(&FILES) {
                return Self::of_file(files, file, about).await;
            }
            if let Some(text) = found(&TEXTS) {
                for key in TEXTS {
                    about.remove(key);
                }
                return Ok(Self { text, file: None, about });
            }
        }
        Err(Failure::fatal(
            "there is no text: give args.text or args.file, or depend on a job whose result has one",
        ))
    }
}
