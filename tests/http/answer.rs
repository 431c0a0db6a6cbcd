//! What the server answered.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    /// The JSON of a success with this status.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.json()
    }

    /// The `detail` of a problem with this status.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert_eq!(self.header("retry-after").is_some(), [429, 503].contains(&status), "{}", self.text);
        problem["detail"].as_str().unwrap().to_owned()
    }

    /// The wrong fields of a 422, in alphabetical order.
    #[track_caller]
    pub fn wrong_fields(&self) -> Vec<String> {
        self.problem(422);
        self.fields()
    }

    /// The fields that a problem names, in alphabetical order.
    #[track_caller]
    pub fn fields(&self) -> Vec<String> {
        let problem = self.json();
        let faults = problem["errors"].as_array().cloned().unwrap_or_default();
        let field = |fault: &Value| {
            assert!(!fault["message"].as_str().unwrap().is_empty(), "{fault}");
            fault["field"].as_str().unwrap().to_owned()
        };
        let mut fields: Vec<_> = faults.iter().map(field).collect();
        fields.sort_unstable();
        fields
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
}
