//! All that is shown, as the server tells it at one time.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::cli::failure::Failure;
use crate::cli::remote::{Client, Query};
use crate::domain::Progress;
use crate::domain::status::QueueStatus;

/// How many failures are asked for.
const FAILURES: &str = "20";

/// See the module.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Picture {
    pub status: QueueStatus,
    pub nodes: Vec<Node>,
    pub workers: Vec<Running>,
    pub failures: Vec<Failed>,
}

/// A server process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Node {
    pub id: i64,
    pub host: String,
    pub pid: i32,
    pub started_at: Timestamp,
    pub heartbeat_at: Timestamp,
    pub state: String,
}

/// An attempt that runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Running {
    pub worker_id: String,
    pub job_type: String,
    pub job_id: i64,
    pub attempt: u32,
    pub started_at: Timestamp,
    pub progress: Progress,
}

/// A job in the dead letters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failed {
    pub id: i64,
    pub job_type: String,
    pub error: Option<String>,
    pub completed_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Workers {
    workers: Vec<Running>,
}

#[derive(Deserialize)]
struct Failures {
    jobs: Vec<Failed>,
}

impl Picture {
    /// Asks for all of it.
    pub async fn take(client: &Client) -> Result<Self, Failure> {
        let (none, few) = (Query::new(), vec![("limit", FAILURES.to_owned())]);
        let (status, nodes, workers, failures) = tokio::try_join!(
            client.get(&["queue-status"], &none),
            client.get(&["nodes"], &none),
            client.get(&["workers"], &none),
            client.get(&["dead-letters"], &few),
        )?;
        let (Nodes { nodes }, Workers { workers }) = (nodes.parse()?, workers.parse()?);
        let Failures { jobs: failures } = failures.parse()?;
        Ok(Self { status: status.parse()?, nodes, workers, failures })
    }
}
