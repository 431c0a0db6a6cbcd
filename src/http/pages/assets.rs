//! Styles, scripts and pictures, in the binary.

use std::fmt::Write;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Path, ServiceConfig};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::super::problem::Problem;
use super::super::reply::Reply;
use super::super::resource;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// One hash for all files: modules name each other by relative paths, so a change of one has to
/// change the addresses of all.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut sum = Sha256::new();
    for name in Files::iter() {
        sum.update(name.as_bytes());
        sum.update(Files::get(&name).map(|file| file.metadata.sha256_hash()).unwrap_or_default());
    }
    sum.finalize().iter().take(6).fold(String::new(), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    })
});

/// Where the files are.
pub(super) fn place() -> String {
    format!("/static/{}", *VERSION)
}

/// Mounts the files.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/static/{version}/{name:.*}").get(file).mount(config);
}

async fn file(path: Path<(String, String)>) -> Reply {
    let (version, name) = path.into_inner();
    let found = Files::get(&name).filter(|_| version == *VERSION);
    let file = found.ok_or_else(|| Problem::not_found("such file in this version; reload the page"))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind(&name)))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(file.data))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
