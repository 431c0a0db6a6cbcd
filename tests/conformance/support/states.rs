//! A job in any state that a case asks for.

use callboard::domain::{NewJob, State, Verdict};

use super::{TestStore, error};

impl TestStore {
    /// A job of type `t` in `state`. Of that type there is no other unless the case makes one.
    pub async fn job_in(&self, state: State) -> i64 {
        self.job_like(NewJob::new("t"), state).await
    }

    /// The same with more to say about the job; its type must be one that nothing pending is of.
    pub async fn job_like(&self, mut new: NewJob, state: State) -> i64 {
        match state {
            State::Scheduled => new.run_at = Some(self.now().plus(std::time::Duration::from_secs(60))),
            State::Blocked => new.depends_on = vec![self.enqueue(NewJob::new("parent")).await],
            _ => {}
        }
        let job_type = new.job_type.clone();
        let id = self.enqueue(new).await;
        let verdict = match state {
            State::Scheduled | State::Blocked | State::Pending => None,
            State::Running => {
                assert_eq!(self.claim_one(&job_type).await.id, id);
                None
            }
            State::Cancelled => {
                self.cancel(id).await.unwrap();
                None
            }
            State::Retrying => Some(error("again")),
            State::Completed => Some(Verdict::Success(None)),
            State::Failed => Some(Verdict::Fatal("for good".into())),
        };
        if let Some(verdict) = verdict {
            assert_eq!(self.run_one(&job_type, verdict).await.id, id);
        }
        assert_eq!(self.state(id).await, state);
        id
    }
}
