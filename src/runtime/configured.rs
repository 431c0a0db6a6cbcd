//! The workers that come with callboard and those that the configuration declares.

use std::sync::Arc;

use futures_util::future::join_all;

use super::options::{Options, types};
use super::prepare::KnownTypes;
use crate::config::{CommandConfig, Config, RunConfig, UrlConfig};
use crate::domain::Clock;
use crate::domain::nearest::nearest;
use crate::error::{Error, FieldFault};
use crate::workers::analyze_scenes::AnalyzeScenes;
use crate::workers::apply_plan::ApplyPlan;
use crate::workers::chat::Chat;
use crate::workers::generate_content::GenerateContent;
use crate::workers::prompt::Prompts;
use crate::workers::quality_check::QualityCheck;
use crate::workers::stash::Stash;
use crate::workers::subprocess::Instance;
use crate::workers::sync_all::SyncAll;
use crate::workers::text_files::TextFiles;
use crate::workers::{
    AnyWorker, Availability, CommandSpec, CommandWorker, ProgramHost, Registry, ToolInfo, UrlSpec, UrlWorker,
    builtin, media, typed,
};

/// All of them.
///
/// # Errors
/// [`Error::Invalid`] with every declared job type that cannot be.
pub fn registry(
    config: &Config,
    options: &Options,
    instance: Instance,
    clock: &Clock,
) -> Result<Registry, Error> {
    let host = ProgramHost { instance, work_root: options.work_dir(), kill_after: options.kill_after };
    let host = Arc::new(host);
    let mut registry = builtin();
    for worker in services(config, clock) {
        registry.add(worker).map_err(Error::Conflict)?;
    }
    let mut faults = Vec::new();
    for worker in media::workers(config, &host) {
        registry.add(worker).map_err(Error::Conflict)?;
    }
    for (name, said) in &config.job_types {
        let Some(run) = &said.run else { continue };
        let description = said.description.clone().unwrap_or_default();
        let (worker, wrong) = match run {
            RunConfig::Command(command) => command_worker(name, description, command, &host),
            RunConfig::Url(url) => url_worker(name, description, url, clock),
        };
        let key = |field: &str| format!("job_types.{name}.{field}");
        faults.extend(wrong.into_iter().map(|(field, message)| FieldFault::new(key(field), message)));
        if let Err(message) = registry.add(worker) {
            faults.push(FieldFault::new(format!("job_types.{name}"), message));
        }
    }
    let elsewhere = config.faktory_bind.is_some();
    for name in config.job_types.keys().filter(|name| !elsewhere && registry.get(name).is_none()) {
        let near = nearest(name, registry.iter().map(|(known, _)| known)).join(", ");
        let hint = if near.is_empty() { String::new() } else { format!(" (did you mean {near}?)") };
        log::warn!(
            "job_types.{name} has neither a command nor a url, and no built-in worker has that name{hint}"
        );
    }
    if faults.is_empty() { Ok(registry) } else { Err(Error::Invalid(faults)) }
}

/// The built-in workers that speak HTTP, and those that go with them.
fn services(config: &Config, clock: &Clock) -> Vec<Arc<dyn AnyWorker>> {
    let files = TextFiles::new(config.texts.clone()).with_downloads(config.downloads_dir());
    let chat = Chat::new(config.llm.clone(), clock.clone());
    let prompts = Prompts::new(config.prompts.clone());
    let stash = Arc::new(Stash::new(config.stash.clone(), clock.clone()));
    vec![
        typed(GenerateContent::new(chat, prompts, files.clone())),
        typed(QualityCheck::new(files)),
        typed(SyncAll::new(stash.clone())),
        typed(AnalyzeScenes),
        typed(ApplyPlan::new(stash)),
    ]
}

/// Looks at what the configuration declares, without starting anything; what is wrong, a line each.
///
/// # Errors
/// What is wrong.
pub fn check_workers(config: &Config) -> Result<(), Vec<String>> {
    let (options, clock) = (Options::of(config), Clock::system());
    let checked = registry(config, &options, Instance::new("check"), &clock)
        .and_then(|registry| check_schedules(config, &options, &registry));
    match checked {
        Ok(()) => Ok(()),
        Err(Error::Invalid(faults)) => {
            Err(faults.into_iter().map(|f| format!("{} {}", f.field, f.message)).collect())
        }
        Err(other) => Err(vec![other.to_string()]),
    }
}

/// What was found of a worker, without starting anything.
#[derive(Clone, Debug)]
pub struct ExaminedWorker {
    /// Its job type.
    pub name: String,
    /// Why it cannot run here, if it cannot.
    pub unavailable: Option<String>,
    /// The programs that it drives.
    pub tools: Vec<ToolInfo>,
}

/// Looks at all workers that the configuration leads to, by name.
///
/// # Errors
/// [`Error::Invalid`] with every declared job type that cannot be.
pub async fn examine_workers(config: &Config) -> Result<Vec<ExaminedWorker>, Error> {
    let registry = registry(config, &Options::of(config), Instance::new("doctor"), &Clock::system())?;
    let examined = registry.iter().map(|(name, worker)| async move {
        let unavailable = match worker.availability() {
            Availability::Available => None,
            Availability::Unavailable(reason) => Some(reason),
        };
        ExaminedWorker { name: name.to_owned(), unavailable, tools: worker.tools().await }
    });
    Ok(join_all(examined).await)
}

/// Looks at the jobs of the declared schedules: their types must be known here, if only as switched
/// off, and their args fit.
///
/// # Errors
/// [`Error::Invalid`] with all that is wrong.
pub fn check_schedules(config: &Config, options: &Options, registry: &Registry) -> Result<(), Error> {
    let mut all_on = config.clone();
    all_on.job_types.values_mut().for_each(|job_type| job_type.enabled = true);
    let types = types(&all_on, registry);
    let known = KnownTypes { types: &types, any: options.accept_unknown_job_types };
    let faults = config.schedules.iter().flat_map(|(name, schedule)| {
        let key = move |field: String| format!("schedules.{name}.{field}");
        known.faults(&schedule.spec.job).into_iter().map(move |(f, m)| FieldFault::new(key(f), m))
    });
    let faults: Vec<FieldFault> = faults.collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

type Checked = (Arc<dyn AnyWorker>, Vec<(&'static str, String)>);

fn command_worker(
    name: &str,
    description: String,
    config: &CommandConfig,
    host: &Arc<ProgramHost>,
) -> Checked {
    let spec = CommandSpec {
        description,
        cwd: config.cwd.clone(),
        env: config.env.clone(),
        progress: config.progress,
        ..CommandSpec::new(name, config.argv.clone())
    };
    let faults = spec.faults();
    (Arc::new(CommandWorker::new(spec, host.clone())), faults)
}

fn url_worker(name: &str, description: String, config: &UrlConfig, clock: &Clock) -> Checked {
    let spec = UrlSpec {
        description,
        secret_env: config.secret_env.clone(),
        ..UrlSpec::new(name, config.url.clone())
    };
    let faults = spec.faults();
    (Arc::new(UrlWorker::new(spec, clock.clone())), faults)
}
