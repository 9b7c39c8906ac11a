//! Draws a run: what the origin sends against the audience, the spread of latency and of stalls,
//! and how the audience fares over time. Plain SVG, dark and light by the reader's own scheme.

use crate::report::{Curve, Report};
use std::fmt::Write;

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 240.0;
/// Room for the words around a panel.
const LEFT: f64 = 56.0;
const TOP: f64 = 34.0;
const RIGHT: f64 = 16.0;
const BOTTOM: f64 = 42.0;

struct Panel<'a> {
    title: &'a str,
    across: &'a str,
    curve: Curve,
    /// The vertical axis reaches at least this far.
    least: f64,
    percent: bool,
}

/// The whole picture.
#[must_use]
pub fn svg(report: &Report) -> String {
    let curves = &report.curves;
    let panel = |title, across, curve: &Curve, least, percent| Panel {
        title,
        across,
        curve: curve.clone(),
        least,
        percent,
    };
    let shown = |c: &Curve, factor: f64| c.iter().map(|(x, y)| (x * factor, *y)).collect::<Curve>();
    let panels = [
        panel(
            "Origin egress, times the stream",
            "viewers",
            &by_audience(&curves.egress),
            2.0,
            false,
        ),
        panel("Viewers whose picture stands", "seconds", &curves.standing, 0.05, true),
        panel("Latency: viewing not above", "milliseconds", &curves.latency, 1.0, true),
        panel(
            "Stalled: viewers not above",
            "% of their time",
            &shown(&curves.stall, 100.0),
            1.0,
            true,
        ),
    ];
    let mut out = String::new();
    let (wide, high) = (2.0 * WIDTH, 2.0 * HEIGHT + 28.0);
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" \
         font-family=\"system-ui,sans-serif\" font-size=\"12\"><style>:root{{color-scheme:light \
         dark}}text{{fill:#333}}.l{{stroke:#1769aa;fill:none;stroke-width:1.8}}.a{{stroke:#999;\
         stroke-width:.7}}@media(prefers-color-scheme:dark){{text{{fill:#ddd}}.l{{stroke:#7cc4ff}}}}\
         </style><text x=\"12\" y=\"19\" font-weight=\"bold\">{}: {} viewers, seed {}, \u{3c1} = {:.2}</text>",
        escaped(&report.name),
        report.viewers,
        report.seed,
        report.slot_ratio_true
    );
    for (at, panel) in panels.iter().enumerate() {
        let x = WIDTH * (at % 2) as f64;
        let y = 28.0 + HEIGHT * (at / 2) as f64;
        let _ = write!(out, "<g transform=\"translate({x} {y})\">");
        draw(&mut out, panel);
        out.push_str("</g>");
    }
    out.push_str("</svg>\n");
    out
}

/// The mean over equal steps of the audience, so that a long steady time is one point.
fn by_audience(curve: &Curve) -> Curve {
    let most = curve.iter().map(|(x, _)| *x).fold(1.0, f64::max);
    let step = |x: f64| (x / most * 40.0).round() as usize;
    let mut sums = vec![(0.0, 0.0, 0.0); 41];
    for (x, y) in curve.iter().filter(|(x, _)| *x > 0.0) {
        if let Some(sum) = sums.get_mut(step(*x)) {
            *sum = (sum.0 + x, sum.1 + y, sum.2 + 1.0);
        }
    }
    let some = sums.into_iter().filter(|s| s.2 > 0.0);
    some.map(|(x, y, n)| (x / n, y / n)).collect()
}

fn draw(out: &mut String, panel: &Panel) {
    let right = round_up(panel.curve.iter().map(|(x, _)| *x).fold(0.0, f64::max));
    let top = round_up(panel.curve.iter().map(|(_, y)| *y).fold(panel.least, f64::max));
    let across = |x: f64| LEFT + x / right * (WIDTH - LEFT - RIGHT);
    let up = |y: f64| HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM);
    let _ = write!(out, "<text x=\"{LEFT}\" y=\"22\">{}</text>", panel.title);
    for tick in 0..=4 {
        let part = f64::from(tick) / 4.0;
        let (x, y) = (across(part * right), up(part * top));
        let value = if panel.percent { 100.0 * part * top } else { part * top };
        let unit = if panel.percent { " %" } else { "" };
        let _ = write!(
            out,
            "<path class=\"a\" d=\"M{LEFT} {y:.1}H{}\"/><text x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\">{}{unit}</text><text x=\"{x:.1}\" y=\"{}\" \
             text-anchor=\"middle\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            y + 4.0,
            short(value),
            HEIGHT - BOTTOM + 16.0,
            short(part * right)
        );
    }
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    let _ = write!(
        out,
        "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text><path class=\"l\" d=\"",
        HEIGHT - 8.0,
        panel.across
    );
    for (at, (x, y)) in panel.curve.iter().enumerate() {
        let pen = if at == 0 { 'M' } else { 'L' };
        let _ = write!(out, "{pen}{:.1} {:.1}", across(*x), up(*y));
    }
    out.push_str("\"/>");
}

/// The next of 1, 2, 4, 6, 8 times a power of ten.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0];
    steps.iter().map(|s| s * power).find(|s| *s >= value * 0.999_999).unwrap_or(10.0 * power)
}

fn short(value: f64) -> String {
    let digits = if value >= 10.0 || value == 0.0 { 0 } else { 2 };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number_that_holds_every_value() {
        for (value, end) in [(0.0, 1.0), (1.0, 1.0), (1.1, 2.0), (0.051, 0.06), (8_100.0, 10_000.0)]
        {
            assert!((round_up(value) - end).abs() < 1e-9 * end, "{value}: {}", round_up(value));
        }
        assert_eq!(
            [short(0.25), short(1.5), short(400.0), short(0.0)],
            ["0.25", "1.5", "400", "0"]
        );
    }
}
