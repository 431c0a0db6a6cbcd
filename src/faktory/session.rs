//! One client: carries out its commands, one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context, Handler, Message, ResponseFuture};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::command::Command;
use super::info;
use super::job::Payload;
use super::reply::Reply;
use super::server::Server;
use crate::domain::audit::{self, Deed, Verb};
use crate::domain::remote::RemoteExtra;
use crate::domain::{JobFilter, Order, State, Timestamp};
use crate::error::Error;
use crate::runtime::Callboard;
use crate::runtime::callboard::RemoteNew;
use crate::runtime::remote::{Asked, Handed, Told, worker_id};

/// How long a fetch waits for a job.
const PATIENCE: Duration = Duration::from_secs(2);
/// Jobs deleted in one write.
const CHUNK: usize = 500;

/// See the module.
pub(super) struct Session(Arc<Client>);

struct Client {
    callboard: Callboard,
    server: Arc<Server>,
    told: Told,
}

/// A line, and a token that ends a wait for a job: the client may be gone.
#[derive(Message)]
#[rtype(result = "Answer")]
pub(super) struct Line(pub(super) String, pub(super) CancellationToken);

/// What a client gets for a line.
pub(super) enum Answer {
    /// An answer.
    Reply(Reply),
    /// A job, which goes back unless it arrives.
    Job(Reply, Handed),
    /// Nothing: the connection is closed.
    Close,
    /// An answer, and the connection is closed.
    LastWords(Reply),
}

impl Session {
    pub(super) fn new(callboard: Callboard, server: Arc<Server>, told: Told) -> Self {
        Self(Arc::new(Client { callboard, server, told }))
    }
}

impl Actor for Session {
    type Context = Context<Self>;
}

impl Handler<Line> for Session {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, Line(line, gone): Line, _: &mut Context<Self>) -> Self::Result {
        let client = self.0.clone();
        Box::pin(async move { client.answer(&line, gone).await })
    }
}

impl Client {
    async fn answer(&self, line: &str, gone: CancellationToken) -> Answer {
        let command = Command::read(line);
        self.server.count_command(command.as_ref().map_or("invalid", Command::name));
        if self.callboard.is_shutting_down() {
            return Answer::LastWords(Reply::err("shutdown in progress"));
        }
        let command = match command {
            Ok(Command::End) => return Answer::Close,
            Ok(Command::Fetch(queues)) => return self.fetch(queues, gone).await,
            Ok(command) => command,
            Err(why) => return Answer::Reply(Reply::err(why)),
        };
        Answer::Reply(self.carry_out(command).await.unwrap_or_else(Reply::err))
    }

    async fn carry_out(&self, command: Command) -> Result<Reply, Error> {
        match command {
            Command::Push(new) => self.push(*new).await,
            Command::PushBulk(jobs) => self.push_bulk(jobs).await,
            Command::Ack(jid) => self.callboard.remote_done(jid, self.worker_id()).await.map(|_| Reply::Ok),
            Command::Fail(jid, complaint) => {
                match self.callboard.remote_failed(jid.clone(), complaint, self.worker_id()).await {
                    Err(Error::NotFound(_)) => Ok(Reply::err(format_args!("Job not found {jid}"))),
                    done => done.map(|()| Reply::Ok),
                }
            }
            Command::Beat { wid, says, rss_kb, progress } => {
                for step in progress {
                    // What is over needs no word: the next one is about the worker.
                    self.callboard.remote_progress(step, worker_id(&wid)).await?;
                }
                Ok(self.beat(&wid, says, rss_kb))
            }
            Command::Info => {
                info::stats(&self.callboard, &self.server).await.map(|stats| Reply::json(&stats))
            }
            Command::Flush => self.flush().await,
            Command::PauseQueues(names, paused) => self.pause(names, paused).await,
            Command::RemoveQueues(names) => self.remove(names).await,
            Command::Latency(names) => self.latency(names).await,
            Command::Mutate(mutation) => mutation.run(&self.callboard).await.map(|()| Reply::Ok),
            Command::Batch(batch) => batch.run(&self.callboard).await,
            Command::Track(jid) => self.track(jid).await,
            Command::TrackSet(told) => {
                let jid = told.jid.clone();
                let held = self.callboard.remote_progress(told, self.worker_id()).await?;
                Ok(if held { Reply::Ok } else { Reply::err(format_args!("Job not found {jid}")) })
            }
            // Carried out before.
            Command::Fetch(_) | Command::End => Ok(Reply::Null),
        }
    }

    fn worker_id(&self) -> String {
        worker_id(&self.told.wid)
    }

    async fn push(&self, new: RemoteNew) -> Result<Reply, Error> {
        let stored = self.callboard.push(vec![new]).await?;
        Ok(match stored.into_iter().next() {
            Some(Ok(_)) => Reply::Ok,
            Some(Err(Error::Conflict(_))) => Reply::Error("NOTUNIQUE Job not unique".into()),
            Some(Err(why)) => Reply::err(in_their_words(&why)),
            None => Reply::err("nothing to push"),
        })
    }

    async fn push_bulk(&self, jobs: Vec<(String, Result<RemoteNew, String>)>) -> Result<Reply, Error> {
        let mut refused: BTreeMap<String, String> = BTreeMap::new();
        let (mut good, mut jids) = (Vec::new(), Vec::new());
        for (jid, job) in jobs {
            match job {
                Ok(job) => {
                    good.push(job);
                    jids.push(jid);
                }
                Err(why) => {
                    refused.insert(jid, why);
                }
            }
        }
        if !good.is_empty() {
            for (jid, stored) in jids.into_iter().zip(self.callboard.push(good).await?) {
                if let Err(why) = stored {
                    refused.insert(jid, in_their_words(&why));
                }
            }
        }
        Ok(Reply::json(&refused))
    }

    async fn fetch(&self, queues: Vec<String>, gone: CancellationToken) -> Answer {
        if self.callboard.remote_workers().state(&self.told.wid) != Asked::Running {
            // Whatever is queued; and not at once, for clients ask again without a pause.
            tokio::select! {
                () = gone.cancelled() => {}
                () = self.callboard.clock().sleep(PATIENCE) => {}
            }
            return Answer::Reply(Reply::Null);
        }
        self.callboard.remote_workers().fetches(&self.told.wid, &queues);
        // What is there is given to a client that sends no more, too; but only for one that is still
        // there is waited.
        let mut fetched = self.callboard.fetch(queues.clone(), self.worker_id(), Duration::ZERO).await;
        if matches!(fetched, Ok(None)) {
            fetched = tokio::select! {
                biased;
                () = gone.cancelled() => Ok(None),
                fetched = self.callboard.fetch(queues, self.worker_id(), PATIENCE) => fetched,
            };
        }
        match fetched {
            Ok(Some(handed)) => {
                let reply = handed.job().map(|reserved| {
                    let extra: RemoteExtra = serde_json::from_str(&reserved.extra).unwrap_or_default();
                    Reply::json(&Payload::of(&reserved.job, &reserved.jid, &extra, reserved.enqueued_at))
                });
                Answer::Job(reply.unwrap_or(Reply::Null), handed)
            }
            Ok(None) => Answer::Reply(Reply::Null),
            Err(e) => Answer::Reply(Reply::err(e)),
        }
    }

    fn beat(&self, wid: &str, says: Option<Asked>, rss_kb: Option<i64>) -> Reply {
        let now = self.callboard.clock().now();
        match self.callboard.remote_workers().beat(wid, says, rss_kb, now) {
            None => Reply::err(format_args!("unknown worker {wid}")),
            Some(Asked::Running) => Reply::Ok,
            Some(state) => Reply::json(&json!({ "state": state })),
        }
    }

    async fn pause(&self, names: Vec<String>, paused: bool) -> Result<Reply, Error> {
        for name in self.all_of(names).await? {
            self.callboard.pause_known_queue(&name, paused).await?;
        }
        Ok(Reply::Ok)
    }

    async fn remove(&self, names: Vec<String>) -> Result<Reply, Error> {
        let names = self.all_of(names).await?;
        for name in &names {
            self.callboard.pause_known_queue(name, false).await?;
        }
        self.discard(JobFilter { queue: names, state: vec![State::Pending], ..JobFilter::default() }).await
    }

    async fn flush(&self) -> Result<Reply, Error> {
        self.discard(JobFilter::default()).await?;
        self.callboard.forget_remote_totals().await?;
        Ok(Reply::Ok)
    }

    /// Deletes what matches and is known elsewhere, page by page.
    async fn discard(&self, filter: JobFilter) -> Result<Reply, Error> {
        let deed = Deed::new(Verb::JobsDelete, "jobs").with(audit::filter_detail(&filter));
        let begun = self.callboard.begin(deed).await?;
        let done = self.discard_all(filter).await;
        self.callboard.conclude(begun, done, |_| json!({})).await
    }

    async fn discard_all(&self, filter: JobFilter) -> Result<Reply, Error> {
        let mut cursor = None;
        loop {
            let page = self.callboard.list(filter.clone(), Order::Oldest, cursor, CHUNK).await?;
            let known = self.callboard.known_elsewhere(&page.jobs).await?;
            self.callboard.discard_remote(known.into_keys().collect()).await?;
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => return Ok(Reply::Ok),
            }
        }
    }

    async fn latency(&self, names: Vec<String>) -> Result<Reply, Error> {
        let queues = self.callboard.queues().await?;
        let of = |name: &String| queues.iter().find(|q| q.name == *name).map_or(0.0, |q| q.latency_secs);
        Ok(Reply::json(&names.iter().map(|name| (name, of(name))).collect::<BTreeMap<_, _>>()))
    }

    async fn all_of(&self, names: Vec<String>) -> Result<Vec<String>, Error> {
        if names != ["*"] {
            return Ok(names);
        }
        Ok(self.callboard.remote_totals().await?.queues.into_keys().collect())
    }

    async fn track(&self, jid: String) -> Result<Reply, Error> {
        let Some(job) = self.callboard.by_jid(&jid).await? else {
            return Ok(Reply::json(&json!({"jid": jid, "state": "unknown", "updated_at": ""})));
        };
        let state = match job.state {
            State::Running => "working",
            State::Completed => "success",
            State::Retrying => "failed",
            State::Failed | State::Cancelled => "dead",
            State::Scheduled | State::Blocked | State::Pending => "enqueued",
        };
        let changed: [Option<Timestamp>; 3] = [job.progress.updated_at, job.completed_at, job.started_at];
        let mut told = json!({
            "jid": jid,
            "state": state,
            "updated_at": changed.into_iter().flatten().max().unwrap_or(job.created_at),
        });
        if job.progress.updated_at.is_some() {
            told["percent"] = json!(job.progress.percent);
            told["desc"] = json!(job.progress.message);
        }
        Ok(Reply::json(&told))
    }
}

/// The one name that differs there.
fn in_their_words(why: &Error) -> String {
    match why {
        Error::Conflict(_) => "Job not unique".into(),
        other => other.to_string().replacen("job_type", "jobtype", 1),
    }
}
