//! What workers elsewhere ask for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Callboard;
use crate::domain::audit::{AuditOutcome, Deed, Verb};
use crate::domain::batch::Bid;
use crate::domain::foreign;
use crate::domain::remote::{Complaint, RemoteExtra};
use crate::domain::secret::Scrub;
use crate::domain::{Event, EventBody, Job, Json, NewJob, Progress, State, Timestamp};
use crate::error::Error;
use crate::runtime::log_folders;
use crate::runtime::prepare::prepare;
use crate::runtime::remote::{Asked, Fetch, Handed, RemoteWorkers};
use crate::store::verbs::kill;
use crate::store::verbs::remote::{self, Pushed, Wanted, jid_of, job_of};
use crate::store::verbs::settings::Pausable;
use crate::store::views;

/// A job as a program elsewhere pushes it.
#[derive(Clone, Debug)]
pub struct RemoteNew {
    /// What it is here.
    pub job: NewJob,
    /// Its id there.
    pub jid: String,
    /// What else it is there.
    pub extra: RemoteExtra,
    /// The batch that it goes into.
    pub batch: Option<Bid>,
}

/// How far a job is, as a program elsewhere says.
#[derive(Clone, Debug, Default)]
pub struct RemoteProgress {
    /// The id of the job there.
    pub jid: String,
    /// 0 to 100.
    pub percent: Option<f64>,
    /// For people.
    pub message: Option<String>,
    /// Until when the program wants to hold it.
    pub until: Option<Timestamp>,
}

/// What there is, in the words of programs elsewhere.
#[derive(Clone, Debug, Default)]
pub struct RemoteTotals {
    /// Pending jobs by queue, of all queues that ever had one.
    pub queues: BTreeMap<String, i64>,
    /// Jobs by state.
    pub by_state: BTreeMap<State, i64>,
    /// Jobs that remote workers hold.
    pub reserved: i64,
    /// Reports and expired reservations so far.
    pub processed: i64,
    /// Those of them that were failures.
    pub failures: i64,
}

impl Callboard {
    /// Stores jobs, each for itself, and returns once they are on disk. For each: its id, or why it
    /// was refused.
    ///
    /// # Errors
    /// [`Error::ShuttingDown`], [`Error::Unavailable`]: then none of them counts as stored.
    pub async fn push(&self, jobs: Vec<RemoteNew>) -> Result<Vec<Result<i64, Error>>, Error> {
        let span = match jobs.as_slice() {
            [one] => self.enqueue_span(&one.job.job_type, 1, Some(&one.job.metadata)),
            several => self.enqueue_span("(several)", several.len(), None),
        };
        span.around(self.push_all(jobs)).await
    }

    async fn push_all(&self, jobs: Vec<RemoteNew>) -> Result<Vec<Result<i64, Error>>, Error> {
        self.refuse_when_draining()?;
        let mut answers: Vec<Result<i64, Error>> = Vec::with_capacity(jobs.len());
        let (mut pushed, mut places) = (Vec::new(), Vec::new());
        for (place, new) in jobs.into_iter().enumerate() {
            let extra = serde_json::to_string(&new.extra).unwrap_or_default();
            match prepare(&self.shared, self.as_taken_here(new.job), "") {
                Ok(job) => {
                    pushed.push(Pushed { job, jid: new.jid, extra, batch: new.batch });
                    places.push(place);
                    answers.push(Ok(0));
                }
                Err(why) => answers.push(Err(why)),
            }
        }
        if pushed.is_empty() {
            return Ok(answers);
        }
        let now = self.shared.clock.now();
        let stored = self.write(move |tx| remote::push(tx, &pushed, now)).await?;
        for (place, stored) in places.into_iter().zip(stored) {
            answers[place] = stored.map(|stored| stored.id);
        }
        Ok(answers)
    }

    /// Args there are an array always. Of a job that a worker here runs, an object within one is what
    /// that worker wants.
    pub(super) fn as_taken_here(&self, mut job: NewJob) -> NewJob {
        let alone: Option<[Json; 1]> = job.args.parse().ok();
        if let (true, Some([args])) = (self.shared.types.contains_key(&job.job_type), alone)
            && args.is_object()
        {
            job.args = args;
        }
        job
    }

    /// Reserves the next job of the first of these queues that has one for which there is no worker
    /// here, and waits for one as long as `patience` allows; not at all when that is zero.
    ///
    /// # Errors
    /// [`Error::Unavailable`] while the dispatcher is being rebuilt.
    pub async fn fetch(
        &self,
        queues: Vec<String>,
        worker_id: String,
        patience: Duration,
    ) -> Result<Option<Handed>, Error> {
        let end = self.shared.clock.now().plus(patience);
        let dispatcher = self.shared.with_actors(|actors| actors.dispatcher.clone());
        let away = || Error::Unavailable("the dispatcher is being rebuilt".into());
        let dispatcher = dispatcher.ok_or_else(away)?;
        let fetch = Fetch {
            wanted: Wanted { queues, worker_id },
            waits: !patience.is_zero(),
            place: dispatcher.place(),
        };
        let sent = dispatcher.address().send(fetch).await;
        let mut answer = sent.map_err(|_| away())?;
        if patience.is_zero() {
            return Ok(answer.await.ok());
        }
        tokio::select! {
            biased;
            handed = &mut answer => match handed {
                Ok(handed) => Ok(Some(handed)),
                Err(_) => {
                    self.shared.clock.sleep_until(end).await;
                    Ok(None)
                }
            },
            () = self.shared.clock.sleep_until(end) => {
                // It may have been handed over just now.
                answer.close();
                Ok(answer.try_recv().ok())
            }
        }
    }

    /// A worker has done a job. False: nobody holds it, and nothing changed.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn remote_done(&self, jid: String, worker_id: String) -> Result<bool, Error> {
        let (by, now) = (self.shared.reporter(worker_id), self.shared.clock.now());
        let jid = foreign::jid(&jid).into_owned();
        self.write(move |tx| remote::succeed(tx, &jid, &by, now)).await
    }

    /// A worker has failed at a job.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nobody holds it; [`Error::Unavailable`].
    pub async fn remote_failed(
        &self,
        jid: String,
        complaint: Complaint,
        worker_id: String,
    ) -> Result<(), Error> {
        let hidden = self.secrets_of_jid(&jid).await?;
        let complaint = complaint.reworded(|text| hidden.text(text).into_owned());
        let (shared, by) = (self.shared.clone(), self.shared.reporter(worker_id));
        let (now, wanted) = (self.shared.clock.now(), foreign::jid(&jid).into_owned());
        let fail = move |tx: &mut crate::store::Tx<'_>| {
            remote::fail(tx, &wanted, &complaint, &by, &|t| shared.type_options(t).backoff, now)
        };
        let deleted =
            self.write(fail).await?.ok_or_else(|| Error::NotFound(format!("job {jid} that is reserved")))?;
        log_folders::remove(&self.shared, deleted).await;
        Ok(())
    }

    /// A worker says how far a job is. That makes its reservation as long as it was when the job was
    /// fetched, counted from now, or lets it last until a time that is later. False: nobody holds the job.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn remote_progress(&self, mut told: RemoteProgress, worker_id: String) -> Result<bool, Error> {
        if let Some(message) = &mut told.message {
            *message = self.secrets_of_jid(&told.jid).await?.text(message).into_owned();
        }
        let (shared, now) = (self.shared.clone(), self.shared.clock.now());
        let jid = foreign::jid(&told.jid).into_owned();
        let note = move |tx: &mut crate::store::Tx<'_>| {
            let time = |job_type: &str| shared.type_options(job_type).timeout_secs;
            if !remote::extend(tx, &jid, &worker_id, told.until, &time, now)? {
                return Ok(None);
            }
            let change = |step: &mut Progress| {
                step.percent = told.percent.unwrap_or(step.percent).clamp(0.0, 100.0);
                step.message = told.message.clone().or(step.message.take());
            };
            remote::progress(tx, &jid, &worker_id, change, now)
        };
        let Some((claim, step)) = self.write(note).await? else { return Ok(false) };
        if let Ok(job) = self.plain_job(claim.job_id).await {
            let body = EventBody::progress(claim.attempt, &step, now);
            let (job_type, queue) = (job.job_type.into(), job.queue.into());
            self.shared.hub.publish(vec![Event { job_id: job.id, job_type, queue, body }]);
        }
        Ok(true)
    }

    /// What must not be seen of a job that is known by an id elsewhere.
    async fn secrets_of_jid(&self, jid: &str) -> Result<Scrub, Error> {
        let Some(id) = self.ids_by_jid(jid.to_owned()).await?.pop() else { return Ok(Scrub::default()) };
        match self.stored_job(id).await {
            Ok(job) => {
                Ok(self.shared.options.secrets.open(&job).map(|(_, hidden)| hidden).unwrap_or_default())
            }
            Err(Error::NotFound(_)) => Ok(Scrub::default()),
            Err(e) => Err(e),
        }
    }

    /// The newest job that is known by an id elsewhere.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn by_jid(&self, jid: &str) -> Result<Option<Job>, Error> {
        let Some(id) = self.ids_by_jid(jid.to_owned()).await?.pop() else { return Ok(None) };
        match self.plain_job(id).await {
            Ok(job) => Ok(Some(job)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// What these jobs are elsewhere: their ids, and what else they are. Jobs that a worker here runs
    /// and that nobody pushed are nothing there, and left out.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn known_elsewhere(&self, jobs: &[Job]) -> Result<BTreeMap<i64, (String, RemoteExtra)>, Error> {
        let ids: Vec<i64> = jobs.iter().map(|job| job.id).collect();
        let mut known = self.read(move |conn| views::remote::known(conn, &ids)).await?;
        let mut all = BTreeMap::new();
        for job in jobs {
            if let Some((jid, extra)) = known.remove(&job.id) {
                all.insert(job.id, (jid, serde_json::from_str(&extra).unwrap_or_default()));
            } else if !self.shared.types.contains_key(&job.job_type) {
                all.insert(job.id, (jid_of(job.id), RemoteExtra::default()));
            }
        }
        Ok(all)
    }

    /// The jobs that are known by an id elsewhere, oldest first. One of ours has an id there before
    /// anybody fetched it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn ids_by_jid(&self, jid: String) -> Result<Vec<i64>, Error> {
        let (own, jid) = (job_of(&jid), foreign::jid(&jid).into_owned());
        let mut ids = self.read(move |conn| views::remote::by_jid(conn, &jid)).await?;
        if ids.is_empty() {
            ids.extend(own);
        }
        Ok(ids)
    }

    /// Ends jobs in whatever state they are, and deletes them, but for those that a worker here runs.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn discard_remote(&self, ids: Vec<i64>) -> Result<(), Error> {
        let now = self.shared.clock.now();
        let gone = self.write(move |tx| remote::discard(tx, &ids, now)).await?;
        log_folders::remove(&self.shared, gone).await;
        Ok(())
    }

    /// Gives up a job that waits for its time or for another go: it is a dead letter then.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it waits for neither.
    pub async fn kill(&self, id: i64) -> Result<(), Error> {
        let now = self.shared.clock.now();
        self.write(move |tx| kill::kill(tx, id, now)).await
    }

    /// Begins to count anew what remote workers have done.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn forget_remote_totals(&self) -> Result<(), Error> {
        self.write(remote::forget_totals).await
    }

    /// What there is, in the words of programs elsewhere.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn remote_totals(&self) -> Result<RemoteTotals, Error> {
        self.read(|conn| {
            let mut totals =
                RemoteTotals { reserved: views::remote::reserved(conn)?, ..RemoteTotals::default() };
            totals.queues = views::remote::queues(conn)?.into_iter().map(|queue| (queue, 0)).collect();
            for (_, queue, state, n) in views::status::all_counters(conn)? {
                *totals.by_state.entry(state).or_default() += n;
                if state == State::Pending {
                    *totals.queues.entry(queue).or_default() += n;
                }
            }
            let done = views::remote::totals(conn)?;
            let so_far = |name| done.get(name).copied().unwrap_or_default();
            (totals.processed, totals.failures) = (so_far("processed"), so_far("failures"));
            Ok(totals)
        })
        .await
    }

    /// Stops or resumes the handing out of a queue's jobs; a queue that never had one is left alone.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn pause_known_queue(&self, name: &str, paused: bool) -> Result<(), Error> {
        let known = self.read(views::remote::queues).await?;
        let is_paused = self.read(|conn| views::queues::paused(conn, Pausable::Queue)).await?;
        if known.iter().any(|queue| queue == name) || is_paused.iter().any(|queue| queue == name) {
            self.pause_queue(name, paused).await?;
        }
        Ok(())
    }

    /// Asks a worker elsewhere, or all of them, to fetch no more or to end; they hear of it with their
    /// next sign of life. Returns how many are asked.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: they are asked, but it could not be noted who did so.
    pub async fn ask_remote(&self, wid: Option<&str>, wish: Asked) -> Result<usize, Error> {
        let asked = self.shared.remote.ask(wid, wish);
        let verb = if wish == Asked::Quiet { Verb::RemoteQuiet } else { Verb::RemoteTerminate };
        let object = wid.map_or_else(|| "remote-workers".into(), |wid| format!("remote-workers/{wid}"));
        if asked > 0 {
            self.note(Deed::new(verb, object), AuditOutcome::Done).await?;
        }
        Ok(asked)
    }

    /// The workers elsewhere that are connected to this node.
    #[must_use]
    pub fn remote_workers(&self) -> &Arc<RemoteWorkers> {
        &self.shared.remote
    }
}
