//! Schedules for `callboard check`.

use toml::Value;

use super::super::schedules::ScheduleConfig;
use super::super::section::key_text;
use super::{Page, number, timeout};
use crate::domain::{Json, NewJob};

impl Page<'_> {
    pub(super) fn schedule(&mut self, name: &str, schedule: &ScheduleConfig) {
        let path = format!("schedules.{}", key_text(name));
        let spec = &schedule.spec;
        self.table(&path);
        self.optional("cron", spec.timing.cron().map(|cron| cron.as_str()));
        self.optional("every_secs", spec.timing.every_secs().map(number));
        self.line("timezone", spec.timing.timezone());
        self.line("misfire", spec.misfire.as_str());
        self.line("overlap", spec.overlap.as_str());
        self.line("paused", schedule.paused);
        self.job(&spec.job);
        if let Some(backoff) = &spec.job.backoff {
            self.retry(&format!("{path}.backoff"), backoff, "[retry]");
        }
    }

    fn job(&mut self, job: &NewJob) {
        self.line("job_type", job.job_type.as_str());
        self.json("args", Some(&job.args));
        self.optional("key", job.key.as_deref());
        self.line("queue", job.queue.as_str());
        self.optional("target_id", job.target_id.as_deref());
        self.line("priority", i64::from(job.priority));
        self.optional("max_retries", job.max_retries.map(i64::from));
        self.optional("timeout_secs", job.timeout_secs.map(timeout));
        self.line("tags", job.tags.clone());
        self.json("metadata", Some(&job.metadata));
        let unique = job.unique.as_ref().and_then(|unique| Json::of(unique).ok());
        self.json("unique", unique.as_ref());
    }

    fn json(&mut self, key: &str, json: Option<&Json>) {
        self.optional(key, json.and_then(|json| json.parse::<Value>().ok()));
    }
}
