//! The geometry of bar charts. They are drawn into boxes that are stretched to their place.

use crate::domain::Timestamp;
use crate::domain::status::Step;
use crate::store::views::throughput::{Throughputs, Whose};

/// The height of the box.
pub(super) const HEIGHT: i64 = 100;
/// The width of one bar with its gap.
pub(super) const PITCH: usize = 10;

/// A span of time, cut into steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub since: Timestamp,
    pub step_ms: i64,
    pub steps: usize,
}

/// What happened in one step, and how it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub step: Step,
    pub x: usize,
    /// From the top.
    pub failed_y: i64,
    pub failed_height: i64,
    pub completed_y: i64,
    pub completed_height: i64,
}

/// A chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bars {
    pub bars: Vec<Bar>,
    /// The highest bar's number.
    pub most: i64,
    pub width: usize,
}

/// A line without axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The points of an SVG polyline.
    pub points: String,
    /// The sum of all steps.
    pub sum: i64,
}

impl Span {
    /// The span of so many steps that ends now.
    pub(super) fn until(now: Timestamp, step_ms: i64, steps: usize) -> Self {
        let before = i64::try_from(steps).unwrap_or(i64::MAX) - 1;
        let since = (now.as_millis() / step_ms - before) * step_ms;
        Self { since: Timestamp::from_millis(since), step_ms, steps }
    }

    /// All its steps; those that are not given are empty.
    fn fill<'a>(&self, given: impl Iterator<Item = &'a Step>) -> Vec<Step> {
        let start = |i: usize| {
            Timestamp::from_millis(self.since.as_millis() + self.step_ms * i64::try_from(i).unwrap_or(0))
        };
        let empty = |i| Step { at: start(i), enqueued: 0, completed: 0, failed: 0 };
        let mut steps: Vec<Step> = (0..self.steps).map(empty).collect();
        for step in given {
            let place = (step.at.as_millis() - self.since.as_millis()) / self.step_ms;
            let Some(sum) = usize::try_from(place).ok().and_then(|place| steps.get_mut(place)) else {
                continue;
            };
            sum.enqueued += step.enqueued;
            sum.completed += step.completed;
            sum.failed += step.failed;
        }
        steps
    }

    /// The chart of all job types together.
    pub(super) fn bars(&self, all: &Throughputs) -> Bars {
        let of_types = all.iter().filter(|(whose, _)| matches!(whose, Whose::JobType(_)));
        let steps = self.fill(of_types.flat_map(|(_, steps)| steps));
        let most = steps.iter().map(|step| step.completed + step.failed).max().unwrap_or(0);
        // What is there is seen, however little of the whole it is.
        let scale = |n: i64| if n == 0 { 0 } else { (n * HEIGHT / most.max(1)).max(1) };
        let bar = |(i, step): (usize, Step)| {
            let failed_height = scale(step.failed);
            let completed_height = scale(step.completed).min(HEIGHT - failed_height);
            Bar {
                x: i * PITCH,
                failed_y: HEIGHT - failed_height,
                failed_height,
                completed_y: HEIGHT - failed_height - completed_height,
                completed_height,
                step,
            }
        };
        let bars = steps.into_iter().enumerate().map(bar).collect();
        Bars { bars, most, width: self.steps * PITCH }
    }

    /// The line of what came to an end for one of them.
    pub(super) fn line_of(&self, all: &Throughputs, whose: Whose) -> Line {
        self.line(all.get(&whose).map(Vec::as_slice).unwrap_or_default())
    }

    fn line(&self, steps: &[Step]) -> Line {
        let ended: Vec<i64> =
            self.fill(steps.iter()).iter().map(|step| step.completed + step.failed).collect();
        let most = ended.iter().copied().max().unwrap_or(0).max(1);
        let points: Vec<String> = ended
            .iter()
            .enumerate()
            .map(|(i, n)| format!("{},{}", i * PITCH, HEIGHT - n * HEIGHT / most))
            .collect();
        Line { points: points.join(" "), sum: ended.iter().sum() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(at: i64, completed: i64, failed: i64) -> Step {
        Step { at: Timestamp::from_millis(at), enqueued: 0, completed, failed }
    }

    #[test]
    fn bars_are_stacked_to_scale_and_small_ones_are_seen() {
        let span = Span::until(Timestamp::from_millis(35_999), 10_000, 3);
        assert_eq!(span.since, Timestamp::from_millis(10_000));
        let all = Throughputs::from([
            (Whose::JobType("a".into()), vec![step(0, 99, 0), step(10_000, 150, 1)]),
            (Whose::JobType("b".into()), vec![step(10_000, 49, 0), step(30_000, 1, 0)]),
            (Whose::Queue("a".into()), vec![step(0, 999, 0)]),
        ]);
        let chart = span.bars(&all);
        assert_eq!((chart.most, chart.width, chart.bars.len()), (200, 30, 3));
        let first = &chart.bars[0];
        assert_eq!((first.failed_y, first.failed_height), (99, 1));
        assert_eq!((first.completed_y, first.completed_height), (0, 99));
        assert_eq!(chart.bars[1].completed_height, 0);
        assert_eq!(chart.bars[2].completed_height, 1);
    }

    #[test]
    fn a_line_of_nothing_lies_on_the_ground() {
        let span = Span::until(Timestamp::from_millis(100_000), 10_000, 2);
        let line = |points: &str, sum| Line { points: points.into(), sum };
        assert_eq!(span.line(&[]), line("0,100 10,100", 0));
        assert_eq!(span.line(&[step(100_000, 3, 1)]), line("0,100 10,0", 4));
    }
}
