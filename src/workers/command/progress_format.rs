//! The progress of programs that know nothing of callboard.

use super::message::Step;
use crate::config::ProgressFormat;
use crate::logs::{LineBreak, LineSplitter};

/// The longest line that is looked at.
const MAX_LINE: usize = 8 * 1024;

/// Reads a program's output for its progress.
pub(super) struct ProgressReader {
    stdout: LineSplitter,
    stderr: LineSplitter,
    format: ProgressFormat,
    last_percent: Option<f64>,
    ffmpeg: Ffmpeg,
}

#[derive(Default)]
struct Ffmpeg {
    done_ms: u64,
    total_ms: Option<u64>,
}

impl ProgressReader {
    pub fn new(format: ProgressFormat) -> Self {
        let lines = || LineSplitter::new(LineBreak::NewlineOrReturn, MAX_LINE);
        Self { stdout: lines(), stderr: lines(), format, last_percent: None, ffmpeg: Ffmpeg::default() }
    }

    /// Takes standard output; the newest step that it holds.
    pub fn stdout(&mut self, bytes: &[u8]) -> Option<Step> {
        let mut newest = None;
        let Self { stdout, format, last_percent, ffmpeg, .. } = self;
        stdout.push(bytes, |line| {
            let step = match format {
                ProgressFormat::Ffmpeg => ffmpeg.stdout_line(line),
                ProgressFormat::Percent => percent_step(line, last_percent),
            };
            newest = step.or(newest.take());
        });
        newest
    }

    /// Takes standard error; the newest step that it holds.
    pub fn stderr(&mut self, bytes: &[u8]) -> Option<Step> {
        let mut newest = None;
        let Self { stderr, format, last_percent, ffmpeg, .. } = self;
        stderr.push(bytes, |line| match format {
            ProgressFormat::Ffmpeg => ffmpeg.stderr_line(line),
            ProgressFormat::Percent => newest = percent_step(line, last_percent).or(newest.take()),
        });
        newest
    }
}

impl Ffmpeg {
    /// `out_time_ms` is in microseconds too, whatever its name says.
    fn stdout_line(&mut self, line: &str) -> Option<Step> {
        match line.trim().split_once('=')? {
            ("out_time_us" | "out_time_ms", value) => {
                self.done_ms = value.parse::<u64>().map_or(self.done_ms, |us| us / 1000);
                None
            }
            ("progress", _) => {
                #[allow(clippy::cast_precision_loss)]
                let (processed, total) = (self.done_ms as f64, self.total_ms.map(|ms| ms as f64));
                Some(Step { processed, total, ..Step::default() })
            }
            _ => None,
        }
    }

    /// With several inputs the first one's duration counts.
    fn stderr_line(&mut self, line: &str) {
        if self.total_ms.is_none()
            && let Some((_, rest)) = line.split_once("Duration: ")
        {
            self.total_ms = rest.split(',').next().and_then(clock_ms).filter(|ms| *ms > 0);
        }
    }
}

/// `HH:MM:SS.xx` in milliseconds.
fn clock_ms(text: &str) -> Option<u64> {
    let mut parts = text.trim().splitn(3, ':');
    let hours: u64 = parts.next()?.parse().ok()?;
    let minutes: u64 = parts.next()?.parse().ok()?;
    let (secs, fraction) = parts.next()?.split_once('.')?;
    let secs: u64 = secs.parse().ok()?;
    let millis: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(((hours * 60 + minutes) * 60 + secs) * 1000 + millis)
}

/// A step, if the line holds a percentage that is another than the last one.
fn percent_step(line: &str, last: &mut Option<f64>) -> Option<Step> {
    let percent = last_percentage(line)?;
    if last.replace(percent) == Some(percent) {
        return None;
    }
    Some(Step { percent: Some(percent), processed: percent.floor(), total: Some(100.0), message: None })
}

fn last_percentage(line: &str) -> Option<f64> {
    line.match_indices('%').rev().find_map(|(at, _)| {
        let before = line[..at].trim_end();
        let digits = before.bytes().rev().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let number: f64 = before[before.len() - digits..].parse().ok()?;
        (0.0..=100.0).contains(&number).then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ffmpeg_blocks() {
        let mut reader = ProgressReader::new(ProgressFormat::Ffmpeg);
        assert_eq!(reader.stderr(b"  Duration: 00:01:02.50, start: 0.000000, bitrate: 1 kb/s\n"), None);
        let step = reader.stdout(b"frame=1\nout_time_us=31250000\nout_time=x\nprogress=continue\n").unwrap();
        assert_eq!((step.processed, step.total), (31_250.0, Some(62_500.0)));
        let step = reader.stdout(b"out_time_us=N/A\nout_time_ms=62500000\nprogress=end\n").unwrap();
        assert_eq!(step.processed, 62_500.0);
        let mut reader = ProgressReader::new(ProgressFormat::Ffmpeg);
        reader.stderr(b"Duration: N/A, bitrate: N/A\n");
        assert_eq!(reader.stdout(b"out_time_us=5000\nprogress=end\n").unwrap().total, None);
    }

    #[test]
    fn percentages() {
        assert_eq!(last_percentage("10% of 3 files, 42.5 % done"), Some(42.5));
        assert_eq!(last_percentage("é7%"), Some(7.0));
        for none in ["", "%", "x%", "400%", "1.2.3%", "100"] {
            assert_eq!(last_percentage(none), None, "{none}");
        }
        let mut reader = ProgressReader::new(ProgressFormat::Percent);
        assert_eq!(reader.stderr(b"\r 1%\r 2%\r").unwrap().percent, Some(2.0));
        assert_eq!(reader.stdout(b"2%\n"), None);
    }

    #[test]
    fn clocks() {
        assert_eq!(clock_ms("01:00:00.05"), Some(3_600_050));
        assert_eq!(clock_ms("00:00:00.1234"), Some(123));
        assert_eq!(clock_ms("N/A"), None);
    }
}
