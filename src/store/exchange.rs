//! How nodes that share a store tell each other things: one thread that tells and one that hears,
//! each with a connection of its own. Nothing is told within a transaction that writes: PostgreSQL
//! lets only one such transaction commit at a time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use sha2::{Digest, Sha256};

use super::connection;
use super::error::{StoreError, StoreResult};
use super::listener::Listener;
use super::news::{self, Item, News};
use super::sql::{self, Conn, binds, statement};
use crate::config::{Database, Postgres};

/// More items than these may not wait; then events are given up.
const MAX_WAITING: usize = 50_000;
/// Between two tries to reach the database.
const AGAIN: Duration = Duration::from_secs(1);
/// How long the one that hears waits before it makes sure that somebody is there.
const PATIENCE: Duration = Duration::from_secs(10);
/// For so long other nodes that were seen are not looked for again.
const SEEN: Duration = Duration::from_secs(1);

// All of them in one round trip.
statement!(
    Tell,
    "SELECT pg_notify(?, payload) FROM json_array_elements_text(CAST(? AS JSON)) AS told(payload)"
);

// A node that is lost may only have been stopped for a while, and listens still.
statement!(
    Nodes,
    "SELECT count(*) FROM nodes WHERE state <> 'stopped' \
     AND heartbeat_at > (SELECT max(heartbeat_at) FROM nodes) - 600000"
);

/// What is heard of other nodes.
pub enum Heard {
    /// It is heard what they tell from now on; something may have been missed before.
    Tuned,
    /// What they tell.
    News(Box<News>),
}

/// Tells other nodes. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Post(Arc<Line>);

#[derive(Default)]
struct Line {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    items: Vec<Item>,
    ended: bool,
}

impl Post {
    /// Tells something, soon. Never waits.
    pub fn tell(&self, items: Vec<Item>) {
        let mut waiting = self.waiting();
        waiting.items.extend(items);
        if waiting.items.len() > MAX_WAITING {
            let all = waiting.items.len();
            waiting.items.retain(|item| !matches!(item, Item::Event(_) | Item::Gap(_)));
            let lost = (all - waiting.items.len()) as u64;
            waiting.items.push(Item::Gap(lost));
        }
        drop(waiting);
        self.0.more.notify_one();
    }

    /// Tells what is left, and no more.
    pub fn end(&self) {
        self.waiting().ended = true;
        self.0.more.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that there is to tell, once there is something; `None` at the end.
    fn next(&self) -> Option<Vec<Item>> {
        let mut waiting = self.waiting();
        while waiting.items.is_empty() && !waiting.ended {
            waiting = self.0.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let items = std::mem::take(&mut waiting.items);
        (!items.is_empty()).then_some(items)
    }
}

/// Begins to exchange news with the other nodes of a store. `hear` is called on a thread of its own,
/// and returns false once nobody wants to hear more.
///
/// # Errors
/// When a thread cannot be started.
pub fn begin(at: &Postgres, hear: impl Fn(Heard) -> bool + Send + 'static) -> StoreResult<Post> {
    let post = Post(Arc::default());
    // The sign of this process: who hears itself takes no notice.
    let me = fastrand::u64(1..);
    let channel = channel(&at.schema);
    spawn("callboard-tell", {
        let (post, at, channel) = (post.clone(), at.clone(), channel.clone());
        move || tell_all(&post, &at, &channel, me)
    })?;
    spawn("callboard-hear", {
        let at = at.clone();
        move || hear_all(&at, &channel, me, &hear)
    })?;
    Ok(post)
}

/// Tells all nodes, once the transaction that a caller's connection is in commits, that something is
/// to be taken in. The sign is nobody's, so that the nodes of the caller's process hear it too.
pub(super) fn tell_of_arrivals(conn: &mut Conn, schema: &str) -> StoreResult<()> {
    let payloads = texts(&news::pack(0, vec![Item::Arrivals]));
    sql::run::<Tell>(conn, binds![&channel(schema), &payloads])?;
    Ok(())
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> StoreResult<()> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(work);
    thread.map(|_| ()).map_err(|e| StoreError::Database(format!("cannot start the thread {name}: {e}")))
}

/// Channels are of a whole database; each schema has its own.
fn channel(schema: &str) -> String {
    let hash = Sha256::digest(schema.as_bytes());
    let hex: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("callboard_{hex}")
}

fn tell_all(post: &Post, at: &Postgres, channel: &str, me: u64) {
    let mut teller = Teller { at: at.clone(), conn: None, company: None };
    while let Some(items) = post.next() {
        let Some(somebody) = insist(post, &mut teller, Teller::has_company) else { return };
        if !somebody {
            continue;
        }
        let payloads = texts(&news::pack(me, items));
        let told = insist(post, &mut teller, |teller| {
            sql::run::<Tell>(teller.conn()?, binds![channel, &payloads])?;
            Ok(())
        });
        if told.is_none() {
            return;
        }
    }
}

/// Tries again until it is done; `None`: nothing more is to be told.
fn insist<T>(
    post: &Post,
    teller: &mut Teller,
    mut act: impl FnMut(&mut Teller) -> StoreResult<T>,
) -> Option<T> {
    loop {
        match act(teller) {
            Ok(done) => return Some(done),
            Err(e) => log::debug!("other nodes are not told: {e}"),
        }
        teller.conn = None;
        if post.waiting().ended {
            return None;
        }
        std::thread::sleep(AGAIN);
    }
}

/// The connection that tells.
struct Teller {
    at: Postgres,
    conn: Option<Conn>,
    /// When other nodes were seen last.
    company: Option<Instant>,
}

impl Teller {
    fn conn(&mut self) -> StoreResult<&mut Conn> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => {
                let mut fresh = connection::open(&Database::Postgres(self.at.clone()))?;
                // Nothing of it is to be kept.
                fresh.batch_execute("SET synchronous_commit = off")?;
                fresh
            }
        };
        Ok(self.conn.insert(conn))
    }

    /// Whether there is another node, to whom what is in line now is news: one that is not there yet looks at everything
    /// when it begins to listen, and by then it can be seen.
    fn has_company(&mut self) -> StoreResult<bool> {
        if self.company.is_none_or(|at| at.elapsed() > SEEN) {
            let nodes: Vec<i64> = sql::load::<Nodes, BigInt, _>(self.conn()?, &[])?;
            self.company = nodes.first().is_some_and(|n| *n > 1).then(Instant::now);
        }
        Ok(self.company.is_some())
    }
}

/// Texts as one value.
fn texts(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}

fn hear_all(at: &Postgres, channel: &str, me: u64, hear: &impl Fn(Heard) -> bool) {
    loop {
        let wanted = match Listener::open(at, channel) {
            Ok(mut listener) => hear(Heard::Tuned) && hear_until_lost(&mut listener, me, hear),
            // Asked even so, or it would go on for ever after the end of the program's use.
            Err(e) => {
                log::debug!("other nodes are not heard: {e}");
                hear(Heard::News(Box::default()))
            }
        };
        if !wanted {
            return;
        }
        std::thread::sleep(AGAIN);
    }
}

/// Whether more is wanted.
fn hear_until_lost(listener: &mut Listener, me: u64, hear: &impl Fn(Heard) -> bool) -> bool {
    loop {
        let payloads = match listener.wait(PATIENCE) {
            Ok(payloads) => payloads,
            Err(e) => {
                log::debug!("other nodes are not heard any more: {e}");
                return true;
            }
        };
        let others = payloads.iter().filter(|payload| !news::is_from(payload, me));
        let mut wanted = !payloads.is_empty() || hear(Heard::News(Box::default()));
        for news in others.filter_map(|payload| news::read(payload)) {
            wanted &= hear(Heard::News(Box::new(news)));
        }
        if !wanted {
            return false;
        }
    }
}
