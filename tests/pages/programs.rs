//! Programs that workers drive, and pages that do not show them.

use std::os::unix::fs::PermissionsExt;

use reqwest::StatusCode;

use crate::server::{Server, text};

#[tokio::test]
async fn nobody_waits_for_programs_whose_versions_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (program, asked) = (folder.path().join("yt-dlp"), folder.path().join("asked"));
    std::fs::write(&program, format!("#!/bin/sh\n: > '{}'\necho 2030.01.01\n", asked.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = Server::start(&format!("[tools.yt_dlp]\ncommand = '{}'\n", program.display()));
    for page in ["/", "/jobs", "/types", "/new", "/schedules/new"] {
        assert_eq!(server.get(page).await.status(), StatusCode::OK, "{page}");
        assert!(!asked.exists(), "{page} asked");
    }
    let job_type = server.get("/api/job-types/channel_download").await;
    assert!(text(job_type).await.contains("2030.01.01") && asked.exists());
}
