//! What the URLs of jobs may lead to, and which proxies are believed: `[net]`.

use std::net::IpAddr;

use ::config::Value;
use ipnet::IpNet;

use super::kinds;
use super::section::Section;

/// What is said in `[net]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetConfig {
    /// Addresses that are not public and that the URLs of jobs may lead to all the same.
    pub allow_private: Vec<IpNet>,
    /// The reverse proxies that are believed when they say where a request comes from.
    pub trusted_proxies: Vec<IpNet>,
}

/// Reads `[net]`.
pub(super) fn net(section: &mut Section<'_>) -> NetConfig {
    NetConfig {
        allow_private: section.get("allow_private", addresses).unwrap_or_default(),
        trusted_proxies: section.get("trusted_proxies", addresses).unwrap_or_default(),
    }
}

fn addresses(value: &Value) -> Result<Vec<IpNet>, String> {
    let texts = kinds::texts(|text| match address(text) {
        Some(_) => Ok(()),
        None => Err(format!("must be an address or a net such as 10.0.0.0/8, got {text:?}")),
    })(value)?;
    Ok(texts.iter().filter_map(|text| address(text)).collect())
}

fn address(text: &str) -> Option<IpNet> {
    text.parse::<IpAddr>().map(IpNet::from).ok().or_else(|| text.parse().ok())
}
