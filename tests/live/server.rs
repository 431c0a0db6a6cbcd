//! A server on 127.0.0.1 with the live endpoints, whose jobs are in a map.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use callboard::domain::{Clock, State};
use callboard::http::live::{self, LiveJobs};
use callboard::http::{Access, stalled_peer};
use callboard::runtime::hub::{HubHandle, JobLookup, Wish};
use callboard::runtime::progress_hub::ProgressHub;
use callboard::{Error, Job, Timestamp};
use futures_util::future::{BoxFuture, FutureExt, ready};

use crate::events;

/// Looking this job up panics.
pub const POISON: i64 = -1;

type Hook = Box<dyn Fn() + Send>;

/// What stands in for the runtime.
pub struct Double {
    pub hub: HubHandle,
    pub clock: Clock,
    pub jobs: Mutex<HashMap<i64, Job>>,
    pub reads: Mutex<Vec<i64>>,
    /// Happens while a job is read, before it is.
    pub on_read: Mutex<Option<Hook>>,
    pub ping_every: Duration,
    pub comment_every: Duration,
    pub patience: Duration,
}

pub struct Lookup(pub Arc<Double>);

impl Double {
    /// With a hub on the arbiter of the caller.
    pub fn start() -> Arc<Self> {
        Self::start_with(|_| ())
    }

    pub fn start_with(change: impl FnOnce(&mut Self)) -> Arc<Self> {
        let mut double = Self {
            hub: HubHandle::new(),
            clock: Clock::manual(Timestamp::from_millis(1_893_456_000_000)),
            jobs: Mutex::default(),
            reads: Mutex::default(),
            on_read: Mutex::default(),
            ping_every: Duration::from_secs(20),
            comment_every: Duration::from_secs(15),
            patience: stalled_peer::PATIENCE,
        };
        change(&mut double);
        let double = Arc::new(double);
        double.start_hub();
        double
    }

    pub fn start_hub(self: &Arc<Self>) -> actix::Addr<ProgressHub> {
        let lookup = Arc::new(Lookup(Arc::clone(self)));
        ProgressHub::start_on(&self.hub, self.clock.clone(), lookup)
    }

    pub fn put(&self, id: i64, state: State, attempt: u32) {
        self.put_job(events::job(id, state, attempt));
    }

    pub fn put_job(&self, job: Job) {
        self.jobs.lock().unwrap().insert(job.id, job);
    }

    /// Starts a server; gives its address.
    pub fn serve(self: &Arc<Self>) -> (SocketAddr, ServerHandle) {
        let data = web::Data::from(Arc::clone(self));
        let server = HttpServer::new(move || {
            App::new().configure(live::configure(data.clone(), Access::default().local()))
        })
        .on_connect(stalled_peer::limit(self.patience))
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        (address, handle)
    }

    /// Returns once as many watch.
    pub async fn until_watched_by(&self, n: usize) {
        while self.hub.subscribers() != n {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl LiveJobs for Double {
    async fn job(&self, id: i64) -> Result<Job, Error> {
        if let Some(hook) = &*self.on_read.lock().unwrap() {
            hook();
        }
        let job = self.jobs.lock().unwrap().get(&id).cloned();
        // A round trip: the hub has done what it was told meanwhile.
        _ = self.hub.subscribe(Wish::job(0)).await;
        job.ok_or_else(|| Error::NotFound(format!("job {id}")))
    }

    fn hub(&self) -> &HubHandle {
        &self.hub
    }

    fn ping_every(&self) -> Duration {
        self.ping_every
    }

    fn comment_every(&self) -> Duration {
        self.comment_every
    }
}

impl JobLookup for Lookup {
    fn job(&self, id: i64) -> BoxFuture<'_, Option<Job>> {
        assert_ne!(id, POISON);
        self.0.reads.lock().unwrap().push(id);
        ready(self.0.jobs.lock().unwrap().get(&id).cloned()).boxed()
    }
}
