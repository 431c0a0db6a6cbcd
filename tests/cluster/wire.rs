//! What stands between nodes and the database, and stops at a moment that a test chooses.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the database says once a statement within a transaction is done.
const WITHIN: &[u8] = b"Z\0\0\0\x05T";
/// What it says once a statement outside of one is done.
const OUTSIDE: &[u8] = b"Z\0\0\0\x05I";
/// What it says when a job was stored, by itself or with others.
const STORED: [&[u8]; 2] = [b"INSERT 0 1\0", b"COPY 1\0"];
/// What the last answer before a commit has in it; the counters are written by then.
const LAST: &[u8] = b"pg_current_xact_id";

/// Passes bytes on.
pub struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    plan: Mutex<Plan>,
    /// What became of the plan.
    done: watch::Sender<Done>,
}

/// What is to happen.
#[derive(Clone, Copy)]
enum Plan {
    Nothing,
    /// The next connection that stores a row stops in the middle of its transaction.
    Hold,
    /// After so many statements, all connections end.
    Cut(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Done {
    Nothing,
    Holds,
    /// All connections that there were by then have ended.
    Cut,
}

impl Wire {
    /// One to this port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared =
            Arc::new(Shared { plan: Mutex::new(Plan::Nothing), done: watch::channel(Done::Nothing).0 });
        let of_all = shared.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                tokio::spawn(pass(client, server, of_all.clone()));
            }
        });
        Self { address, shared }
    }

    /// Where the database seems to be.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address)
    }

    /// Has the next connection that stores a job stand still before its transaction ends, as if its node had
    /// been stopped.
    pub fn hold_the_next_that_stores_a_job(&self) {
        self.begin(Plan::Hold);
    }

    /// Waits until one stands still.
    pub async fn holds(&self) {
        self.shared.done.subscribe().wait_for(|done| *done == Done::Holds).await.unwrap();
    }

    /// Ends what stands still.
    pub fn let_go(&self) {
        self.shared.done.send_replace(Done::Cut);
    }

    /// Ends all connections after so many statements.
    pub fn cut_after(&self, statements: usize) {
        self.begin(Plan::Cut(statements));
    }

    /// Whether it has come to that.
    pub fn has_cut(&self) -> bool {
        *self.shared.done.borrow() == Done::Cut
    }

    fn begin(&self, plan: Plan) {
        self.shared.done.send_replace(Done::Nothing);
        *self.shared.plan.lock().unwrap() = plan;
    }
}

impl Shared {
    /// What follows from what the database has said, on a connection that has stored a job in its transaction.
    fn look(&self, said: &[u8], stored: &mut bool) -> Done {
        let count = |what: &[u8]| said.windows(what.len()).filter(|window| *window == what).count();
        let mut plan = self.plan.lock().unwrap();
        match &mut *plan {
            Plan::Nothing => return Done::Nothing,
            Plan::Hold => {
                *stored |= STORED.iter().any(|what| count(what) > 0);
                *stored &= count(OUTSIDE) == 0;
                if !*stored || count(LAST) == 0 {
                    return Done::Nothing;
                }
            }
            Plan::Cut(left) => {
                *left = left.saturating_sub(count(WITHIN) + count(OUTSIDE));
                if *left > 0 {
                    return Done::Nothing;
                }
            }
        }
        match std::mem::replace(&mut *plan, Plan::Nothing) {
            Plan::Hold => Done::Holds,
            _ => Done::Cut,
        }
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, shared: Arc<Shared>) {
    let mut done = shared.done.subscribe();
    let (mut asked, mut said) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut stored = false;
    loop {
        tokio::select! {
            Ok(n) = client.read(&mut asked) => {
                if n == 0 || server.write_all(&asked[..n]).await.is_err() {
                    return;
                }
            }
            Ok(n) = server.read(&mut said) => {
                match shared.look(&said[..n], &mut stored) {
                    Done::Nothing => {}
                    Done::Holds => {
                        shared.done.send_replace(Done::Holds);
                        // Neither side hears anything, and neither is told that the other has gone.
                        let _ = done.wait_for(|done| *done == Done::Cut).await;
                        return;
                    }
                    Done::Cut => {
                        shared.done.send_replace(Done::Cut);
                        return;
                    }
                }
                if n == 0 || client.write_all(&said[..n]).await.is_err() {
                    return;
                }
            }
            Ok(()) = done.changed() => {
                if *done.borrow_and_update() == Done::Cut {
                    return;
                }
            }
            else => return,
        }
    }
}
