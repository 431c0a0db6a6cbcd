//! A picture of a soak: a strip for each thing that was measured, over the same time.

use super::sample::{MEASURES, Measure, Sample};

const WIDTH: f64 = 900.0;
/// The height of a strip with its name.
const STRIP: f64 = 90.0;
/// What of it is the curve.
const CURVE: f64 = 56.0;
const LEFT: f64 = 16.0;
/// The longest time, in seconds, so that nothing is divided by none.
const SHORTEST: f64 = 1.0;

/// Draws it as SVG.
pub(super) fn svg(samples: &[Sample]) -> String {
    let end = samples.last().map_or(SHORTEST, |sample| sample.secs.max(SHORTEST));
    #[allow(clippy::cast_precision_loss)]
    let height = STRIP * MEASURES.len() as f64 + 24.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (measure, top) in MEASURES.iter().zip((0..).map(|n| f64::from(n) * STRIP)) {
        text += &strip(samples, measure, top, end);
    }
    text += &format!(
        "<text x=\"{LEFT}\" y=\"{y}\" fill=\"#555\">0</text>\
         <text x=\"{x}\" y=\"{y}\" fill=\"#555\" text-anchor=\"end\">{minutes:.0} min</text>\n</svg>\n",
        y = height - 8.0,
        x = WIDTH - LEFT,
        minutes = end / 60.0
    );
    text
}

/// One curve from zero to the highest value, with its name and that value.
fn strip(samples: &[Sample], Measure { name, unit, of, .. }: &Measure, top: f64, end: f64) -> String {
    let highest = samples.iter().map(of).fold(0.0, f64::max);
    let base = top + STRIP - 4.0;
    let points: Vec<String> = samples
        .iter()
        .map(|sample| {
            let x = LEFT + sample.secs / end * (WIDTH - 2.0 * LEFT);
            let share = if highest > 0.0 { of(sample) / highest } else { 0.0 };
            format!("{x:.1},{:.1}", base - share * CURVE)
        })
        .collect();
    format!(
        "<text x=\"{LEFT}\" y=\"{y}\" fill=\"#111\">{name}</text>\
         <text x=\"{right}\" y=\"{y}\" fill=\"#555\" text-anchor=\"end\">at most {highest:.1} {unit}</text>\
         <path d=\"M{LEFT} {base}H{right}\" stroke=\"#ccc\"/>\
         <polyline points=\"{points}\" fill=\"none\" stroke=\"#1f6283\" stroke-width=\"1.5\"/>\n",
        y = top + 20.0,
        right = WIDTH - LEFT,
        points = points.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::of;
    use super::*;

    #[test]
    fn a_strip_for_each_measure_and_a_point_for_each_look() {
        let picture = svg(&[of(10.0, 1.0), of(20.0, 2.0), of(30.0, 0.0)]);
        assert_eq!(picture.matches("<polyline").count(), MEASURES.len());
        let points = picture.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(points.split(' ').count(), 3, "{points}");
        // The last look is at the right end and shows nothing.
        assert!(points.ends_with("884.0,86.0"), "{points}");
        assert!(svg(&[]).contains("</svg>"));
    }
}
