//! ffprobe and ffmpeg: what is in a file, and its sound.

mod audio;
mod probe;

pub use audio::extract_audio;
pub use probe::{Probe, check_media, probe};
