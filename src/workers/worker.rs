//! The trait that a worker implements, and the shape in which the runtime calls it.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, ready};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Context, Failure, RunResult};
use crate::domain::Json;

/// Runs the jobs of one type, as async code. Args and result are typed.
///
/// The future may be dropped at any await when the attempt's time is up or the server goes down
/// and the worker did not heed its token.
pub trait Worker: Send + Sync + 'static {
    /// The job type.
    const JOB_TYPE: &'static str;
    /// One sentence for people.
    const DESCRIPTION: &'static str;
    /// Whether jobs of one target never run at once, unless the configuration names another
    /// `concurrency_key`.
    const ONE_PER_TARGET: bool = false;
    /// What the job's args are read as. Its JSON Schema is shown by `/api/job-types`.
    type Args: DeserializeOwned + JsonSchema + Send;
    /// What is kept as the job's result.
    type Output: Serialize + Send;

    /// Runs one attempt.
    ///
    /// # Errors
    /// See [`Failure`]; `?` on any error asks for a retry.
    fn run(&self, ctx: Context, args: Self::Args) -> impl Future<Output = RunResult<Self::Output>> + Send;

    /// Looks at args before a job is stored, as far as that goes without asking anybody; what is
    /// wrong, as (field, message) with fields such as `args.url`.
    fn check(&self, _args: &Self::Args) -> Vec<(String, String)> {
        Vec::new()
    }

    /// What a job with these args works on, unless whoever enqueued it has said so.
    fn target(&self, _args: &Self::Args) -> Option<String> {
        None
    }

    /// Whether it can run here: its tool is installed, say.
    fn availability(&self) -> Availability {
        Availability::Available
    }

    /// The programs that it drives, with their versions.
    fn tools(&self) -> BoxFuture<'_, Vec<ToolInfo>> {
        ready(Vec::new()).boxed()
    }
}

/// Like [`Worker`], for code that blocks. Each attempt has a thread of its own.
pub trait BlockingWorker: Send + Sync + 'static {
    /// The job type.
    const JOB_TYPE: &'static str;
    /// One sentence for people.
    const DESCRIPTION: &'static str;
    /// What the job's args are read as.
    type Args: DeserializeOwned + JsonSchema + Send;
    /// What is kept as the job's result.
    type Output: Serialize + Send;

    /// Runs one attempt. Look at `ctx.is_cancelled()` now and then: a blocking worker cannot be
    /// stopped from outside.
    ///
    /// # Errors
    /// See [`Failure`]; `?` on any error asks for a retry.
    fn run(&self, ctx: &Context, args: Self::Args) -> RunResult<Self::Output>;

    /// Whether it can run here.
    fn availability(&self) -> Availability {
        Availability::Available
    }
}

/// Whether a worker can do its work on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Yes.
    Available,
    /// No, and this is what to do about it.
    Unavailable(String),
}

/// A program that a worker drives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ToolInfo {
    /// Its name.
    pub name: String,
    /// Its version as it says it; `None`: it is not there, or does not say.
    pub version: Option<String>,
    /// If it is not there: what to install or to set.
    pub missing: Option<String>,
}

/// What there is to know about a worker.
#[derive(Clone, Debug)]
pub struct WorkerInfo {
    /// The job type.
    pub job_type: String,
    /// One sentence for people.
    pub description: String,
    /// JSON Schema of the args.
    pub args_schema: serde_json::Value,
}

/// The result of an attempt on its way to the runtime.
pub type Running = Pin<Box<dyn Future<Output = RunResult<Option<Json>>> + Send>>;

/// How the runtime starts an attempt.
pub enum Start {
    /// Async code, polled by the job threads.
    Future(Running),
    /// Blocking code, for a thread of its own.
    Blocking(Box<dyn FnOnce() -> RunResult<Option<Json>> + Send>),
}

/// A worker without its types: what the registry holds and the runtime calls.
pub trait AnyWorker: Send + Sync {
    /// What there is to know about it.
    fn info(&self) -> WorkerInfo;

    /// Whether it can run here.
    fn availability(&self) -> Availability;

    /// Looks at args before a job is stored; what is wrong, as (field, message) with fields such as
    /// `args.url`.
    fn check_args(&self, args: &Json) -> Vec<(String, String)>;

    /// What a job with these args works on, unless whoever enqueued it has said so.
    fn target(&self, _args: &Json) -> Option<String> {
        None
    }

    /// Whether jobs of one target never run at once, unless the configuration says otherwise.
    fn one_per_target(&self) -> bool {
        false
    }

    /// The programs that it drives, with their versions.
    fn tools(&self) -> BoxFuture<'_, Vec<ToolInfo>> {
        ready(Vec::new()).boxed()
    }

    /// Begins an attempt.
    fn start(self: Arc<Self>, ctx: Context) -> Start;
}

/// Makes a [`Worker`] fit for the registry.
pub fn typed<W: Worker>(worker: W) -> Arc<dyn AnyWorker> {
    Arc::new(Typed(worker))
}

/// Makes a [`BlockingWorker`] fit for the registry.
pub fn blocking<W: BlockingWorker>(worker: W) -> Arc<dyn AnyWorker> {
    Arc::new(Blocking(worker))
}

struct Typed<W>(W);
struct Blocking<W>(W);

impl<W: Worker> AnyWorker for Typed<W> {
    fn info(&self) -> WorkerInfo {
        info::<W::Args>(W::JOB_TYPE, W::DESCRIPTION)
    }

    fn availability(&self) -> Availability {
        self.0.availability()
    }

    fn check_args(&self, args: &Json) -> Vec<(String, String)> {
        read(args).map_or_else(|fault| vec![fault], |args| self.0.check(&args))
    }

    fn target(&self, args: &Json) -> Option<String> {
        read(args).ok().and_then(|args| self.0.target(&args))
    }

    fn one_per_target(&self) -> bool {
        W::ONE_PER_TARGET
    }

    fn tools(&self) -> BoxFuture<'_, Vec<ToolInfo>> {
        self.0.tools()
    }

    fn start(self: Arc<Self>, ctx: Context) -> Start {
        Start::Future(Box::pin(async move {
            let args = read(&ctx.job.args).map_err(wrong_args)?;
            // The job may have been stored by an earlier version, or under another configuration.
            if let Some(fault) = self.0.check(&args).into_iter().next() {
                return Err(wrong_args(fault));
            }
            written(&self.0.run(ctx, args).await?)
        }))
    }
}

impl<W: BlockingWorker> AnyWorker for Blocking<W> {
    fn info(&self) -> WorkerInfo {
        info::<W::Args>(W::JOB_TYPE, W::DESCRIPTION)
    }

    fn availability(&self) -> Availability {
        self.0.availability()
    }

    fn check_args(&self, args: &Json) -> Vec<(String, String)> {
        read::<W::Args>(args).err().into_iter().collect()
    }

    fn start(self: Arc<Self>, ctx: Context) -> Start {
        Start::Blocking(Box::new(move || {
            let args = read(&ctx.job.args).map_err(wrong_args)?;
            written(&self.0.run(&ctx, args)?)
        }))
    }
}

fn info<Args: JsonSchema>(job_type: &str, description: &str) -> WorkerInfo {
    WorkerInfo {
        job_type: job_type.to_owned(),
        description: description.to_owned(),
        args_schema: schemars::schema_for!(Args).to_value(),
    }
}

/// Reads args, naming the field that does not fit.
fn read<T: DeserializeOwned>(args: &Json) -> Result<T, (String, String)> {
    let mut d = serde_json::Deserializer::from_str(args.as_str());
    serde_path_to_error::deserialize(&mut d).map_err(|e| {
        let path = e.path().to_string();
        let field = if path == "." { "args".to_owned() } else { format!("args.{path}") };
        let text = e.inner().to_string();
        let text = text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]);
        (field, text.to_owned())
    })
}

fn wrong_args((field, message): (String, String)) -> Failure {
    Failure::Fatal(format!("{field}: {message}"))
}

fn written<T: Serialize>(output: &T) -> RunResult<Option<Json>> {
    let json =
        Json::of(output).map_err(|e| Failure::fatal(format!("the result cannot be written as JSON: {e}")))?;
    Ok((json.as_str() != "null").then_some(json))
}

/// A worker made of a closure, for tests and small programs.
pub struct FromFn<F, Fut, A> {
    job_type: String,
    run: F,
    kinds: PhantomData<fn(A) -> Fut>,
}

/// Makes a worker of an async closure that takes the context and typed args.
///
/// ```
/// use callboard::workers::{worker::from_fn, AnyWorker, Context, Failure};
/// let double = from_fn("double", |_ctx: Context, n: Vec<i64>| async move {
///     Ok::<_, Failure>(n.iter().map(|n| n * 2).collect::<Vec<_>>())
/// });
/// assert_eq!(double.info().job_type, "double");
/// ```
pub fn from_fn<F, Fut, A, T>(job_type: &str, run: F) -> Arc<dyn AnyWorker>
where
    F: Fn(Context, A) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = RunResult<T>> + Send + 'static,
    A: DeserializeOwned + JsonSchema + Send + 'static,
    T: Serialize + Send + 'static,
{
    Arc::new(FromFn { job_type: job_type.to_owned(), run, kinds: PhantomData })
}

impl<F, Fut, A, T> AnyWorker for FromFn<F, Fut, A>
where
    F: Fn(Context, A) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = RunResult<T>> + Send + 'static,
    A: DeserializeOwned + JsonSchema + Send + 'static,
    T: Serialize + Send + 'static,
{
    fn info(&self) -> WorkerInfo {
        info::<A>(&self.job_type, "")
    }

    fn availability(&self) -> Availability {
        Availability::Available
    }

    fn check_args(&self, args: &Json) -> Vec<(String, String)> {
        read::<A>(args).err().into_iter().collect()
    }

    fn start(self: Arc<Self>, ctx: Context) -> Start {
        Start::Future(Box::pin(async move {
            let args = read(&ctx.job.args).map_err(wrong_args)?;
            written(&(self.run)(ctx, args).await?)
        }))
    }
}
