//! What workers call over the network and where they read and write, as text.

use super::{MASK, Page, days, number, secs, without_secrets};
use crate::config::{
    Config, LlmConfig, NetConfig, PromptConfig, StashConfig, TelemetryConfig, TextsConfig, TlsConfig,
};

impl Page<'_> {
    pub(super) fn services(&mut self, config: &Config) {
        self.telemetry(&config.telemetry);
        self.net(&config.net);
        self.texts(&config.texts);
        self.llm(&config.llm);
        self.stash(&config.stash);
        for (name, prompt) in &config.prompts {
            self.prompt(name, prompt);
        }
    }

    pub(super) fn tls(&mut self, tls: Option<&TlsConfig>) {
        let Some(tls) = tls else { return self.push(format_args!("\n# tls: off")) };
        self.table("tls");
        self.line("certificate", tls.certificate.display().to_string());
        self.line("key", tls.key.display().to_string());
        self.line("faktory", tls.faktory);
        self.line("hsts_secs", secs(tls.hsts));
    }

    fn telemetry(&mut self, telemetry: &TelemetryConfig) {
        self.table("telemetry");
        self.optional("otlp_endpoint", telemetry.otlp_endpoint.as_ref().map(without_secrets));
        let masked = telemetry.otlp_headers.iter().map(|(name, _)| format!("{name}={MASK}"));
        let masked = masked.collect::<Vec<_>>().join(",");
        self.optional("otlp_headers", (!masked.is_empty()).then_some(masked));
        self.line("service_name", telemetry.service_name.as_str());
    }

    fn net(&mut self, net: &NetConfig) {
        self.table("net");
        let texts = |nets: &[ipnet::IpNet]| nets.iter().map(ToString::to_string).collect::<Vec<_>>();
        self.line("allow_private", texts(&net.allow_private));
        self.line("trusted_proxies", texts(&net.trusted_proxies));
    }

    fn texts(&mut self, texts: &TextsConfig) {
        self.table("texts");
        self.line("roots", texts.roots.iter().map(|root| root.display().to_string()).collect::<Vec<_>>());
        self.optional("output_root", texts.output_root.as_ref().map(|root| root.display().to_string()));
    }

    fn llm(&mut self, llm: &LlmConfig) {
        self.table("llm");
        self.optional("base_url", llm.base_url.as_ref().map(without_secrets));
        self.optional("api_key_env", llm.api_key_env.as_deref());
        self.optional("api_key_file", llm.api_key_file.as_ref().map(|path| path.display().to_string()));
        self.optional("model", llm.model.as_deref());
        self.optional("temperature", llm.temperature.map(number));
        self.optional("max_output_tokens", llm.max_output_tokens.map(i64::from));
        self.line("token_limit_field", llm.token_limit_field.as_str());
        self.line("stream", llm.stream);
        self.line("include_usage", llm.include_usage);
        self.optional("response_format", llm.response_format.as_deref());
        self.line("idle_timeout_secs", secs(llm.idle_timeout));
        self.line("max_retries", i64::from(llm.max_retries));
        self.line("max_input_chars", i64::from(llm.max_input_chars));
        self.optional("max_tokens_per_job", llm.max_tokens_per_job.map(i64::from));
    }

    fn stash(&mut self, stash: &StashConfig) {
        self.table("stash");
        self.optional("url", stash.url.as_ref().map(without_secrets));
        self.optional("api_key_env", stash.api_key_env.as_deref());
        self.optional("api_key_file", stash.api_key_file.as_ref().map(|path| path.display().to_string()));
        self.line("page_size", i64::from(stash.page_size));
        self.line("timeout_secs", secs(stash.timeout));
        self.line("max_retries", i64::from(stash.max_retries));
        self.line("full_every_days", days(stash.full_every));
    }

    fn prompt(&mut self, name: &str, prompt: &PromptConfig) {
        self.table(&format!("prompts.{}", super::key_text(name)));
        self.optional("system", prompt.system.as_deref());
        self.line("text", prompt.text.as_str());
    }
}
