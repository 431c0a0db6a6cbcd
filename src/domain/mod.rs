//! The pure part: what a job is and how it may change. Nothing in here reads a clock, a file or a
//! database; time is always an argument.

pub mod callback;
pub mod clock;
pub mod cron;
pub mod decide;
pub mod event;
pub mod failure_kind;
pub mod filter;
pub mod graph;
pub mod ident;
pub mod job;
pub mod json;
pub mod library;
pub mod lifecycle;
pub mod nearest;
pub mod new_job;
pub mod plan;
pub mod rate_limit;
pub mod retry;
pub mod schedule;
pub mod status;
pub mod time;
pub mod unique;
pub mod verdict;
pub mod workflow;
pub mod workflow_info;

pub use clock::Clock;
pub use cron::Cron;
pub use event::{Event, EventBody, LogLine};
pub use failure_kind::failure_kind;
pub use filter::{JobFilter, Order};
pub use job::{Attempt, Claim, Job, NodeInfo, Outcome, Progress, WaitReason, WaitingFor};
pub use json::Json;
pub use library::{LibraryItem, LibraryKind, LibraryPage, LibraryPass};
pub use lifecycle::State;
pub use new_job::{JobPatch, NewJob, OnParentFailure};
pub use plan::{Change, Plan, PlanRow, RowFilter, RowState};
pub use rate_limit::RateLimit;
pub use retry::Backoff;
pub use schedule::{Schedule, ScheduleRun, ScheduleSpec};
pub use time::Timestamp;
pub use unique::{OnConflict, Unique};
pub use verdict::Verdict;
pub use workflow::{Node, Workflow};
pub use workflow_info::{WorkflowInfo, WorkflowNode, WorkflowView};
