//! Lettering without a font file: the few glyphs of the pattern as strokes of lines and arcs.
//!
//! A font would bring a licence of its own into the program for some twenty characters. Glyphs
//! are drawn with a round pen in a box of height 1 (0 = top of a capital, 1 = baseline), so they
//! are sharp at every size. A character without a glyph takes the room of a space.

use tiny_skia::{LineCap, LineJoin, Paint, Path, PathBuilder, PixmapMut, Stroke, Transform};

use Part::{Arc, Dot, Line};

/// One movement of the pen.
enum Part {
    /// Through these points.
    Line(&'static [(f32, f32)]),
    /// Part of an ellipse: centre, radii, angles in degrees (0 = right, 90 = down).
    Arc(f32, f32, f32, f32, f32, f32),
    /// A point as large as the pen.
    Dot(f32, f32),
}

/// How a line of text is set: where its left end and the top of its capitals are, their height
/// and the pen's width, all in pixels.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) height: f32,
    pub(super) pen: f32,
}

/// Draws `text` and returns the x at which it ends.
pub(super) fn write(
    canvas: &mut PixmapMut<'_>,
    text: &str,
    setting: Setting,
    paint: &Paint<'_>,
) -> f32 {
    let Setting { left, top, height, pen } = setting;
    let stroke = Stroke {
        width: pen / height,
        line_cap: LineCap::Round,
        line_join: LineJoin::Round,
        ..Stroke::default()
    };
    let mut x = left;
    for character in text.chars() {
        let (width, parts) = glyph(character);
        if let Some(path) = outline(parts) {
            let place = Transform::from_row(height, 0.0, 0.0, height, x, top);
            canvas.stroke_path(&path, paint, &stroke, place, None);
        }
        x += advance(width, setting);
    }
    x - gap(setting)
}

/// The width of `text` in pixels at this setting.
pub(super) fn width(text: &str, setting: Setting) -> f32 {
    let sum: f32 = text.chars().map(|c| advance(glyph(c).0, setting)).sum();
    (sum - gap(setting)).max(0.0)
}

fn advance(width: f32, setting: Setting) -> f32 {
    width * setting.height + gap(setting)
}

fn gap(setting: Setting) -> f32 {
    setting.pen + 0.1 * setting.height
}

fn outline(parts: &[Part]) -> Option<Path> {
    let mut pen = PathBuilder::new();
    for part in parts {
        match *part {
            Line(points) => {
                for (index, &(x, y)) in points.iter().enumerate() {
                    if index == 0 { pen.move_to(x, y) } else { pen.line_to(x, y) }
                }
            }
            Arc(cx, cy, rx, ry, from, to) => arc(&mut pen, (cx, cy), (rx, ry), (from, to)),
            Dot(x, y) => {
                pen.move_to(x, y);
                pen.line_to(x + 0.001, y);
            }
        }
    }
    pen.finish()
}

/// Steps of 10 degrees: under a quarter pixel from the true arc at the largest size drawn.
fn arc(pen: &mut PathBuilder, centre: (f32, f32), radii: (f32, f32), (from, to): (f32, f32)) {
    let steps = ((to - from).abs() / 10.0).ceil().max(1.0);
    for step in 0..=steps as u32 {
        let angle = (from + (to - from) * step as f32 / steps).to_radians();
        let (x, y) = (centre.0 + radii.0 * angle.cos(), centre.1 + radii.1 * angle.sin());
        if step == 0 { pen.move_to(x, y) } else { pen.line_to(x, y) }
    }
}

/// Width of the box and the strokes in it. All digits are equally wide, so that counting numbers
/// don't dance.
fn glyph(character: char) -> (f32, &'static [Part]) {
    match character {
        '0' => (
            0.6,
            &[
                Arc(0.3, 0.3, 0.3, 0.3, 180.0, 360.0),
                Line(&[(0.6, 0.3), (0.6, 0.7)]),
                Arc(0.3, 0.7, 0.3, 0.3, 0.0, 180.0),
                Line(&[(0.0, 0.7), (0.0, 0.3)]),
            ],
        ),
        '1' => (0.6, &[Line(&[(0.1, 0.22), (0.36, 0.0), (0.36, 1.0)])]),
        '2' => (
            0.6,
            &[
                Arc(0.3, 0.3, 0.28, 0.3, 190.0, 398.0),
                Line(&[(0.52, 0.485), (0.02, 1.0), (0.6, 1.0)]),
            ],
        ),
        '3' => (
            0.6,
            &[Arc(0.29, 0.25, 0.25, 0.25, 200.0, 450.0), Arc(0.29, 0.75, 0.29, 0.25, 270.0, 515.0)],
        ),
        '4' => (0.6, &[Line(&[(0.44, 1.0), (0.44, 0.0), (0.0, 0.7), (0.6, 0.7)])]),
        '5' => (
            0.6,
            &[
                Line(&[(0.54, 0.0), (0.1, 0.0), (0.06, 0.44)]),
                Arc(0.28, 0.69, 0.3, 0.31, 222.0, 510.0),
            ],
        ),
        '6' => (0.6, &[Arc(0.3, 0.7, 0.3, 0.3, 0.0, 360.0), Line(&[(0.03, 0.58), (0.42, 0.0)])]),
        '7' => (0.6, &[Line(&[(0.0, 0.0), (0.58, 0.0), (0.2, 1.0)])]),
        '8' => {
            (0.6, &[Arc(0.3, 0.24, 0.24, 0.24, 0.0, 360.0), Arc(0.3, 0.74, 0.29, 0.26, 0.0, 360.0)])
        }
        '9' => (0.6, &[Arc(0.3, 0.3, 0.3, 0.3, 0.0, 360.0), Line(&[(0.57, 0.42), (0.18, 1.0)])]),
        ':' => (0.12, &[Dot(0.06, 0.26), Dot(0.06, 0.78)]),
        '.' => (0.08, &[Dot(0.04, 1.0)]),
        '-' => (0.34, &[Line(&[(0.0, 0.6), (0.34, 0.6)])]),
        _ => letter(character),
    }
}

fn letter(character: char) -> (f32, &'static [Part]) {
    match character {
        'M' => (0.8, &[Line(&[(0.0, 1.0), (0.0, 0.0), (0.4, 0.62), (0.8, 0.0), (0.8, 1.0)])]),
        'a' => {
            (0.56, &[Arc(0.28, 0.68, 0.28, 0.32, 0.0, 360.0), Line(&[(0.56, 0.36), (0.56, 1.0)])])
        }
        'd' => {
            (0.56, &[Arc(0.28, 0.68, 0.28, 0.32, 0.0, 360.0), Line(&[(0.56, -0.04), (0.56, 1.0)])])
        }
        'e' => {
            (0.56, &[Line(&[(0.0, 0.68), (0.56, 0.68)]), Arc(0.28, 0.68, 0.28, 0.32, 360.0, 45.0)])
        }
        'f' => (
            0.36,
            &[
                Arc(0.36, 0.18, 0.22, 0.2, 280.0, 180.0),
                Line(&[(0.14, 0.18), (0.14, 1.0)]),
                Line(&[(0.0, 0.38), (0.34, 0.38)]),
            ],
        ),
        'h' => (
            0.5,
            &[
                Line(&[(0.0, -0.04), (0.0, 1.0)]),
                Arc(0.25, 0.61, 0.25, 0.25, 180.0, 360.0),
                Line(&[(0.5, 0.61), (0.5, 1.0)]),
            ],
        ),
        'm' => (
            0.8,
            &[
                Line(&[(0.0, 0.36), (0.0, 1.0)]),
                Arc(0.2, 0.56, 0.2, 0.2, 180.0, 360.0),
                Line(&[(0.4, 0.56), (0.4, 1.0)]),
                Arc(0.6, 0.56, 0.2, 0.2, 180.0, 360.0),
                Line(&[(0.8, 0.56), (0.8, 1.0)]),
            ],
        ),
        'n' => (
            0.5,
            &[
                Line(&[(0.0, 0.36), (0.0, 1.0)]),
                Arc(0.25, 0.61, 0.25, 0.25, 180.0, 360.0),
                Line(&[(0.5, 0.61), (0.5, 1.0)]),
            ],
        ),
        'r' => {
            (0.3, &[Line(&[(0.0, 0.36), (0.0, 1.0)]), Arc(0.26, 0.62, 0.26, 0.26, 180.0, 290.0)])
        }
        's' => (
            0.44,
            &[Arc(0.22, 0.52, 0.2, 0.16, 335.0, 120.0), Arc(0.22, 0.84, 0.22, 0.16, 270.0, 520.0)],
        ),
        'y' => (
            0.52,
            &[Line(&[(0.0, 0.36), (0.27, 0.98)]), Line(&[(0.52, 0.36), (0.2, 1.12), (0.06, 1.3)])],
        ),
        _ => (0.3, &[]),
    }
}
