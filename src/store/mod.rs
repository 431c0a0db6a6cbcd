//! The store: the only room that knows the database. Writes are the verbs of the lifecycle
//! ([`verbs`]) and share commits ([`writer`]); reads are [`views`] on a pool of their own.

pub mod backup;
mod checkpoint;
pub mod claims;
mod committer;
pub mod conn;
pub mod connection;
pub mod copy;
pub mod dialect;
pub mod error;
pub mod examine;
pub mod exchange;
pub mod faults;
mod figures;
mod guest;
mod lend;
pub mod limits;
mod link;
mod listener;
mod marks;
pub mod news;
pub mod owner;
mod readers;
pub mod row;
pub mod schema;
pub mod shift;
pub mod sql;
pub mod stats;
pub mod steps;
pub mod talk;
pub mod tx;
pub mod verbs;
pub mod views;
pub mod workflow_row;
pub mod writer;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use diesel::prelude::*;

pub use self::error::{StoreError, StoreResult};
pub use self::lend::Lend;
use self::limits::LimitsTable;
use self::link::Link;
use self::marks::Marks;
use self::owner::OwnerLock;
use self::readers::Readers;
use self::sql::Conn;
pub use self::tx::{Committed, Tx};
pub use self::writer::Seams;
use self::writer::{Observer, Writer};
use crate::config::Database;

/// The store. Cloning gives another handle to the same one; it closes with the last one.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    readers: Readers,
    limits: LimitsTable,
    marks: Marks,
    instance: Arc<str>,
    database: Arc<Database>,
    open: Arc<Mutex<Option<Open>>>,
}

/// What keeps the store open.
struct Open {
    writer: JoinHandle<()>,
    owner: Option<OwnerLock>,
}

impl Store {
    /// Opens a database, makes or updates its tables, and takes it into possession if it is a file.
    /// `observer` is told of every commit.
    ///
    /// # Errors
    /// When another process has the file, it cannot be opened, or it was made by a newer version.
    pub fn open(database: impl Into<Database>, readers: u32, observer: Observer) -> StoreResult<Self> {
        Self::open_with(database, readers, Seams::observed(observer))
    }

    /// As [`Self::open`], with all that the rest of the program has to do with each commit.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(database: impl Into<Database>, readers: u32, mut seams: Seams) -> StoreResult<Self> {
        let database = database.into();
        let owner = match &database {
            Database::Sqlite(path) => Some(OwnerLock::acquire(path)?),
            Database::Postgres(_) => seams.owner.take(),
        };
        let mut conn = connection::open(&database)?;
        connection::prepare(&database, &mut conn)?;
        connection::migrate(&mut conn)?;
        copy::refuse_half_a_copy(&mut conn)?;
        let instance: String = schema::meta::table
            .filter(schema::meta::name.eq("instance"))
            .select(schema::meta::value)
            .first(&mut conn)?;
        let (limits, marks) = (LimitsTable::default(), Marks::default());
        let link = Link::new(database.clone(), conn);
        let database = Arc::new(database);
        let readers = Readers::open(database.clone(), readers, seams.metrics.clone())?;
        let (writer, thread) = Writer::start(link, limits.clone(), marks.clone(), seams)?;
        let open = Arc::new(Mutex::new(Some(Open { writer: thread, owner })));
        Ok(Self { writer, readers, limits, marks, instance: instance.into(), database, open })
    }

    /// The name of this store: other than that of any other.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// What holds for the starts of each job type on this node.
    #[must_use]
    pub fn limits(&self) -> &LimitsTable {
        &self.limits
    }

    /// On another node jobs of a type that are not new have become ready.
    pub fn ready_again(&self, job_type: &str) {
        self.marks.forget(job_type);
    }

    /// Closes the store: what is in line is still written, then the file is free for another
    /// process. Writes that come later fail with [`StoreError::Closed`].
    pub async fn close(&self) {
        self.writer.stop().await;
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Open { writer, owner }) = open {
            let ended = tokio::task::spawn_blocking(move || {
                let ended = writer.join();
                drop(owner);
                ended
            });
            if !matches!(ended.await, Ok(Ok(()))) {
                log::error!("the writer's thread panicked");
            }
        }
    }

    /// Does a write and returns once it is on disk; see [`Writer::write`].
    ///
    /// # Errors
    /// As the verb says, or [`StoreError::Database`] when it may not have reached the disk.
    pub async fn write<T, F>(&self, verb: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        self.writer.write(verb).await
    }

    /// Reads, on a thread for blocking work. All that the view sees is of one moment.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the database fails or no connection is free for too long.
    pub async fn read<T, F>(&self, view: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        self.readers.read(view).await
    }
}
