//! The web pages in a real browser: a headless Chromium that is driven over WebDriver.

mod access;
mod base_path;
mod browser;
mod journey;
mod keyboard;
mod languages;
mod lists;
mod plain;
mod screenshots;
mod server;
