//! The server, and the worker that it runs.

use std::path::PathBuf;
use std::time::Duration;

use callboard::Callboard;
use callboard::config::Config;
use callboard::domain::Backoff;
use callboard::http::server::{self, Setup};
use callboard::workers::{Context, Failure, RunResult, Worker, typed};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SLOTS;
use super::diary::Diary;

/// Names the folder of a server.
pub const FOLDER: &str = "CALLBOARD_TORTURE_FOLDER";
/// What [`server`] is called by the test program.
pub const SERVER: &str = "steps::worker::server";
/// The job type.
pub const BOOK: &str = "book";
/// The signal that it waits for.
pub const SIGNAL: &str = "go";
/// Where the diaries are, in the folder of the server.
pub const DIARIES: &str = "diaries";

#[test]
#[ignore = "no test: the server that the torture starts and kills"]
fn server() {
    let Some(dir) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let retry = Backoff { base_delay_secs: 0.02, multiplier: 1.0, max_delay_secs: 0.02, jitter: 0.0 };
    let mut config = Config { data_dir: dir.join("data"), retry, ..Config::default() };
    config.defaults.concurrency = SLOTS;
    config.defaults.max_crashes = 1000;
    config.defaults.max_retries = 1000;
    let writer = Writer { diaries: dir.join(DIARIES) };
    actix_rt::System::new().block_on(async {
        let (listeners, addresses) = server::listen("127.0.0.1:0").unwrap();
        let board = Callboard::builder(config).worker(typed(writer)).start().await.unwrap();
        let _http = server::serve(listeners, &board, Setup::default()).unwrap();
        println!("http://{}", addresses[0]);
        std::future::pending::<()>().await;
    });
}

/// Writes a book, a chapter in each step; in the middle it may wait for a word.
struct Writer {
    diaries: PathBuf,
}

/// What a book is to be.
#[derive(Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Book {
    /// How many steps there are.
    pub chapters: u32,
    /// How long the signal is waited for; absent: it is not.
    pub patience_secs: Option<f64>,
    /// Whether each attempt fails behind a chapter, the first one behind the first.
    pub fails: bool,
}

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Written {
    /// What the steps gave, in their order.
    pub chapters: Vec<String>,
    /// What the signal brought.
    pub heard: Option<Value>,
}

impl Worker for Writer {
    const JOB_TYPE: &'static str = BOOK;
    const DESCRIPTION: &'static str = "Writes a book, and notes what it does in a diary.";
    type Args = Book;
    type Output = Written;

    async fn run(&self, ctx: Context, args: Book) -> RunResult<Written> {
        let diary = Diary::open(&self.diaries, ctx.job.id, ctx.attempt());
        diary.note("start", "");
        let written = write(&ctx, &args, &diary).await;
        diary.note("end", "");
        written
    }
}

async fn write(ctx: &Context, args: &Book, diary: &Diary) -> RunResult<Written> {
    let (mut chapters, mut heard) = (Vec::new(), None);
    for n in 0..args.chapters {
        if let Some(patience) = args.patience_secs.filter(|_| n == args.chapters / 2) {
            heard = ctx.wait_for_signal(SIGNAL, Duration::from_secs_f64(patience)).await?;
            diary.note("heard", &serde_json::to_string(&heard).unwrap());
        }
        chapters.push(ctx.step(&chapter_name(n), || chapter(ctx, diary, n)).await?);
        if args.fails && n + 1 == ctx.attempt() {
            return Err(Failure::retry("out of ink"));
        }
    }
    Ok(Written { chapters, heard })
}

/// What the step of a chapter is called.
pub fn chapter_name(n: u32) -> String {
    format!("chapter-{n}")
}

async fn chapter(ctx: &Context, diary: &Diary, n: u32) -> RunResult<String> {
    diary.note("begins", &chapter_name(n));
    // The work, which a kill may come into.
    tokio::time::sleep(Duration::from_millis(fastrand::u64(..15))).await;
    let text = format!("{n} of {} by {}", ctx.job.id, ctx.attempt());
    diary.note("did", &format!("{} {text}", chapter_name(n)));
    Ok(text)
}
