//! Workers elsewhere: they fetch jobs for which there is no worker here, and report on them.

mod dispatcher;
mod handed;
mod workers;

pub use self::dispatcher::{Dispatcher, Fetch, NewJobs};
pub use self::handed::Handed;
pub use self::workers::{Asked, Known, RemoteWorker, RemoteWorkers, Told, worker_id};
