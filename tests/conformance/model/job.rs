//! A job as the model knows it. Times are whole seconds.

/// The states by the contract's words.
pub type Word = &'static str;

pub const FINAL: [Word; 3] = ["completed", "failed", "cancelled"];

/// When a job with a target stands in the way of one like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// While it is unfinished; the newcomer's caller gets it.
    Return,
    /// While it is unfinished; the newcomer is refused.
    Refuse,
    /// While it is unfinished; it takes over what the newcomer says.
    Replace,
    /// While it is pending.
    WhilePending,
    /// Never.
    Off,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ModelJob {
    pub id: i64,
    pub job_type: usize,
    pub queue: usize,
    pub priority: u8,
    pub state: Word,
    pub key: Option<usize>,
    pub target: Option<usize>,
    pub rule: Rule,
    pub parents: Vec<i64>,
    pub runs_anyway: bool,
    pub run_at: Option<i64>,
    pub max_retries: u32,
    pub retry_count: u32,
    pub crash_count: u32,
    pub cancel_asked: bool,
    /// How each attempt that has ended did.
    pub ended: Vec<Word>,
}

impl ModelJob {
    pub fn is_final(&self) -> bool {
        FINAL.contains(&self.state)
    }

    /// The number of the last attempt that was started.
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.ended.len()).unwrap() + u32::from(self.state == "running")
    }

    /// Whether it stands in the way of jobs like it, were it in `state`.
    pub fn holds_in(&self, state: Word) -> bool {
        match (self.target, self.rule) {
            (None, _) | (_, Rule::Off) => false,
            (_, Rule::WhilePending) => state == "pending",
            _ => !FINAL.contains(&state),
        }
    }

    pub fn is_like(&self, other: &Self) -> bool {
        (self.job_type, self.target) == (other.job_type, other.target)
    }
}
