//! The worker that runs a program.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, io};

use serde_json::{Map, Value, json};

use super::interpreter::Interpreter;
use super::template::Template;
use super::verdict;
use crate::config::ProgressFormat;
use crate::domain::{Job, Json, Node};
use crate::workers::job_document::{job_document, job_document_for_file};
use crate::workers::subprocess::{Ended, Instance, Subprocess, WorkDir, find_program};
use crate::workers::worker::Start;
use crate::workers::{AnyWorker, Availability, Context, Failure, RunResult, WorkerInfo};

/// What every program gets of the server's environment.
const ALWAYS_PASSED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// A program that runs the jobs of a type, as it is configured.
#[derive(Clone, Debug)]
pub struct CommandSpec {
    /// The job type.
    pub job_type: String,
    /// One sentence for people; empty: made from the command.
    pub description: String,
    /// The program and its arguments, with placeholders in the arguments.
    pub command: Vec<String>,
    /// Where it runs, instead of in a fresh folder.
    pub cwd: Option<PathBuf>,
    /// More variables of its environment: names, to be passed on from the server's, or `NAME=value`.
    pub env: Vec<String>,
    /// How it says how far it is, if it does not speak to callboard.
    pub progress: Option<ProgressFormat>,
}

impl CommandSpec {
    /// A command with nothing but its program and arguments.
    #[must_use]
    pub fn new(job_type: impl Into<String>, command: Vec<String>) -> Self {
        let (job_type, description) = (job_type.into(), String::new());
        Self { job_type, description, command, cwd: None, env: Vec::new(), progress: None }
    }

    /// What is wrong with it, for those who check a configuration: sentences about the key `command`
    /// or `env`, in this order.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        match self.command.first().map(String::as_str) {
            None | Some("") => faults.push(("command", "must name a program".to_owned())),
            Some(program) if Template::parse(program).has_slots() => {
                faults.push(("command", "the program itself must not be taken from the job".to_owned()));
            }
            Some(_) => {}
        }
        if self.command.iter().any(|part| part.contains('\0')) {
            faults.push(("command", "must not contain NUL".to_owned()));
        }
        for entry in self.env.iter().filter(|entry| entry.is_empty() || entry.starts_with('=')) {
            faults.push(("env", format!("{entry:?} has no name")));
        }
        faults
    }
}

/// What all programs of a server have in common.
#[derive(Clone, Debug)]
pub struct ProgramHost {
    /// Whose programs they are.
    pub instance: Instance,
    /// The folder in which each attempt gets its own: `work` in the data folder.
    pub work_root: PathBuf,
    /// How long a program may take to end after SIGTERM.
    pub kill_after: Duration,
}

/// Runs a program for each job of a type.
pub struct CommandWorker {
    spec: CommandSpec,
    args: Vec<Template>,
    host: Arc<ProgramHost>,
}

impl CommandWorker {
    /// Puts one together.
    #[must_use]
    pub fn new(spec: CommandSpec, host: Arc<ProgramHost>) -> Self {
        let args = spec.command.iter().skip(1).map(|text| Template::parse(text)).collect();
        Self { spec, args, host }
    }

    /// The paths such as `args.url` that the command needs and these args do not have.
    #[must_use]
    pub fn missing_args(&self, args: &Json) -> Vec<String> {
        let missing = |path: &&str| args.at_path(path).is_none_or(|value| value.as_str() == "null");
        self.arg_paths().into_iter().filter(missing).map(|path| format!("args.{path}")).collect()
    }

    fn program(&self) -> &str {
        self.spec.command.first().map_or("", String::as_str)
    }

    fn arg_paths(&self) -> BTreeSet<&str> {
        self.args.iter().flat_map(Template::arg_paths).collect()
    }

    async fn run(&self, ctx: Context) -> RunResult<Option<Json>> {
        if ctx.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let program = find_program(self.program()).map_err(Failure::Fatal)?;
        let args = self.filled_args(&ctx.job)?;
        let folder = AttemptFolder::create(&self.host, &ctx, self.spec.cwd.clone())?;
        let subprocess = Subprocess {
            program,
            args,
            cwd: folder.cwd.clone(),
            env: self.environment(&ctx, &folder),
            stdin: folder.document.clone(),
            folder: folder.dir.path().to_owned(),
            claim: (self.host.instance.clone(), ctx.job.id, ctx.job.attempt),
            kill_after: self.host.kill_after,
        };
        let mut interpreter = Interpreter::new(ctx.clone(), self.spec.progress);
        // A program outlives the process that was stopped: none begins that another node may run too.
        if !ctx.services.is_held() {
            return Err(Failure::Cancelled);
        }
        let ended = subprocess.run(&ctx.cancel, &mut interpreter).await;
        interpreter.finish();
        // There may be much to delete in it.
        let _ = tokio::task::spawn_blocking(move || drop(folder)).await;
        let ended = ended.map_err(|e| verdict::not_run(self.program(), &e))?;
        let jobs = interpreter.jobs();
        let result = self.judge(&ctx, &ended, interpreter)?;
        make(&ctx, jobs).await?;
        Ok(result)
    }

    fn judge(&self, ctx: &Context, ended: &Ended, mut heard: Interpreter) -> RunResult<Option<Json>> {
        if ended.left_behind > 0 {
            let count = ended.left_behind;
            ctx.log.warn(format_args!("{} left {count} processes behind; they were ended", self.program()));
        } else if ended.killed {
            ctx.log.warn(format_args!("{} did not end when asked to and was killed", self.program()));
        }
        if ended.cancelled {
            return Err(Failure::Cancelled);
        }
        if let Some(failure) = verdict::failure(self.program(), ended.status, &heard.stderr_tail()) {
            return Err(failure);
        }
        heard.snooze().map_or_else(|| Ok(heard.result()), |after| Err(Failure::Snooze(after)))
    }

    fn filled_args(&self, job: &Job) -> RunResult<Vec<String>> {
        let filled = self.args.iter().map(|template| template.fill(job)).collect::<Result<_, _>>();
        filled.map_err(|name| {
            Failure::fatal(format_args!("{name} is missing: the command of {} needs it", self.spec.job_type))
        })
    }

    fn environment(&self, ctx: &Context, folder: &AttemptFolder) -> Vec<(String, OsString)> {
        let job = &ctx.job;
        let passed = |name: &str| env::var_os(name).map(|value| (name.to_owned(), value));
        let listed = self.spec.env.iter().filter_map(|entry| match entry.split_once('=') {
            Some((name, value)) => Some((name.to_owned(), value.into())),
            None => passed(entry),
        });
        let own = [
            ("CALLBOARD_JOB_ID", job.id.to_string().into()),
            ("CALLBOARD_ATTEMPT", job.attempt.to_string().into()),
            ("CALLBOARD_JOB_FILE", folder.job_file.clone().into()),
        ];
        let trace = ctx.trace().into_iter().flat_map(|trace| {
            let state = trace.tracestate.as_ref().map(|state| ("TRACESTATE", OsString::from(state)));
            [("TRACEPARENT", OsString::from(&trace.traceparent))].into_iter().chain(state)
        });
        let own = own.into_iter().chain(trace).map(|(name, value)| (name.to_owned(), value));
        ALWAYS_PASSED.into_iter().filter_map(passed).chain(listed).chain(own).collect()
    }
}

impl AnyWorker for CommandWorker {
    fn info(&self) -> WorkerInfo {
        let description = match self.spec.description.as_str() {
            "" => format!("Runs {}.", self.program()),
            text => text.to_owned(),
        };
        WorkerInfo {
            job_type: self.spec.job_type.clone(),
            description,
            args_schema: schema(&self.arg_paths()),
        }
    }

    fn availability(&self) -> Availability {
        find_program(self.program()).map_or_else(Availability::Unavailable, |_| Availability::Available)
    }

    /// Nothing is refused: a job that lacks an argument fails for good when it runs, and says so.
    fn check_args(&self, _args: &Json) -> Vec<(String, String)> {
        Vec::new()
    }

    fn start(self: Arc<Self>, ctx: Context) -> Start {
        Start::Future(Box::pin(async move { self.run(ctx).await }))
    }
}

/// Makes the jobs that a program named: in the workflow of its own job, or else as children of that.
async fn make(ctx: &Context, jobs: Vec<Node>) -> RunResult<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    if ctx.job.workflow_id.is_some() {
        return ctx.add_jobs(jobs).await.map(|_| ());
    }
    if let Some(job) = jobs.iter().find(|job| !job.after.is_empty()) {
        let what = format!("{:?} depends on other jobs by name, but this job is in no workflow", job.name);
        return Err(Failure::Fatal(what));
    }
    ctx.enqueue(jobs.into_iter().map(|node| node.job).collect()).await.map(|_| ())
}

/// The folder of an attempt: the file with the job, and the empty folder that the program runs in.
struct AttemptFolder {
    dir: WorkDir,
    document: Vec<u8>,
    job_file: PathBuf,
    cwd: PathBuf,
}

impl AttemptFolder {
    fn create(host: &ProgramHost, ctx: &Context, cwd: Option<PathBuf>) -> RunResult<Self> {
        let document = job_document(ctx)?.into_bytes();
        let failed = |e: io::Error| {
            let root = host.work_root.display();
            Failure::retry(format_args!("cannot make a folder for the job in {root}: {e}"))
        };
        let dir = WorkDir::create(&host.work_root, ctx.job.id, ctx.job.attempt).map_err(failed)?;
        let job_file = dir.path().join("job.json");
        fs::write(&job_file, job_document_for_file(ctx)?).map_err(failed)?;
        let cwd = match cwd {
            Some(cwd) if cwd.is_dir() => cwd,
            Some(cwd) => {
                let text = format!("the folder {} is not there; make it or correct cwd", cwd.display());
                return Err(Failure::Fatal(text));
            }
            None => dir.path().join("cwd"),
        };
        fs::create_dir_all(&cwd).map_err(failed)?;
        Ok(Self { dir, document, job_file, cwd })
    }
}

/// The schema that follows from the placeholders: what the command needs must be there.
fn schema(paths: &BTreeSet<&str>) -> Value {
    let fields: BTreeSet<&str> = paths.iter().filter_map(|path| path.split('.').next()).collect();
    if fields.is_empty() || fields.iter().any(|field| field.parse::<usize>().is_ok()) {
        return json!({});
    }
    let properties: Map<String, Value> =
        fields.iter().map(|field| ((*field).to_owned(), json!({}))).collect();
    json!({"type": "object", "properties": properties, "required": fields})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(command: &[&str]) -> CommandSpec {
        CommandSpec::new("t", command.iter().map(|s| (*s).to_owned()).collect())
    }

    #[test]
    fn faults_are_named_with_their_key() {
        assert_eq!(spec(&["sh", "{args.x}"]).faults(), []);
        assert_eq!(spec(&[]).faults()[0].0, "command");
        assert!(spec(&["{args.x}"]).faults()[0].1.contains("taken from the job"));
        let wrong_env = CommandSpec { env: vec!["A".into(), "=b".into()], ..spec(&["sh"]) };
        assert_eq!(wrong_env.faults(), [("env", "\"=b\" has no name".to_owned())]);
    }

    #[test]
    fn schema_asks_for_what_the_command_needs() {
        let schema = schema(&BTreeSet::from(["url", "video.id", "video.name"]));
        assert_eq!(schema["required"], json!(["url", "video"]));
        assert_eq!(super::schema(&BTreeSet::from(["0"])), json!({}));
    }
}
