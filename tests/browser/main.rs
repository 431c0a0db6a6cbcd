//! The web pages in a real browser: a headless Chromium that is driven over WebDriver.

mod access;
mod browser;
mod hostile;
mod journey;
mod keyboard;
mod lists;
mod server;
