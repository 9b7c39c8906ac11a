//! The moving sea: four layers of waves, and boats that float on them.
//!
//! Invariant: everything is a pure function of time in seconds, so that the same frame number
//! always gives the same picture.

use std::f64::consts::TAU;

use tiny_skia::{Color, FillRule, PathBuilder, PixmapMut, Transform};

use super::scene::{Frame, fill, rgb};

/// One layer: where it stands, how it moves, what it looks like. Lengths are in units of a
/// 640x360 picture.
struct Layer {
    base: f32,
    height: f32,
    length: f32,
    /// Wave lengths per second; the sign is the direction.
    speed: f64,
    colour: u32,
}

const LAYERS: [Layer; 4] = [
    Layer { base: 212.0, height: 2.0, length: 150.0, speed: -0.12, colour: 0x2A_93_86 },
    Layer { base: 236.0, height: 4.5, length: 230.0, speed: 0.16, colour: 0x1A_7A_6F },
    Layer { base: 270.0, height: 6.5, length: 310.0, speed: -0.18, colour: 0x10_60_58 },
    Layer { base: 304.0, height: 7.5, length: 400.0, speed: 0.2, colour: 0x0B_4F_49 },
];

/// The layer on which boats float: those behind it are drawn first, those in front hide hulls.
pub(super) const BOATS_ON: usize = 2;

/// Draws one layer down to the strip of blocks.
pub(super) fn draw_layer(canvas: &mut PixmapMut<'_>, frame: &Frame, layer: usize) {
    let Some(Layer { colour, .. }) = LAYERS.get(layer) else { return };
    let floor = frame.strip_top;
    let mut path = PathBuilder::new();
    path.move_to(0.0, floor);
    let steps = 64_u8;
    for step in 0..=steps {
        let x = frame.width * f32::from(step) / f32::from(steps);
        path.line_to(x, surface(frame, layer, x).0);
    }
    path.line_to(frame.width, floor);
    path.close();
    if let Some(path) = path.finish() {
        let paint = fill(rgb(*colour));
        canvas.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
    }
}

/// Height of the surface at `x` and its slope, in pixels.
pub(super) fn surface(frame: &Frame, layer: usize, x: f32) -> (f32, f32) {
    let Some(wave) = LAYERS.get(layer) else { return (0.0, 0.0) };
    let turn = |speed: f64| ((frame.time * speed).fract() * TAU) as f32;
    let along = x / (wave.length * frame.unit) * TAU as f32;
    let (long, short) = (along + turn(wave.speed), 2.3 * along + turn(-1.7 * wave.speed));
    let rise = wave.height * frame.unit;
    let y = frame.line(wave.base) + rise * (long.sin() + 0.35 * short.sin());
    let slope = rise * (long.cos() + 0.8 * short.cos()) * TAU as f32 / (wave.length * frame.unit);
    (y, slope)
}

/// The path of light under the sun: short dashes that shimmer.
pub(super) fn draw_glitter(canvas: &mut PixmapMut<'_>, frame: &Frame, sun_x: f32) {
    let mut dashes = PathBuilder::new();
    for row in 0..14_u8 {
        let row = f32::from(row);
        let sway = ((frame.time * 0.45 + f64::from(row) * 0.37).fract() * TAU) as f32;
        let reach = (30.0 - row * 0.8) * (0.55 + 0.45 * sway.cos()) * frame.unit;
        let x = sun_x + 9.0 * frame.unit * (sway * 2.0 + row).sin();
        let y = frame.line(211.0 + row * 4.6 + 1.5 * sway.sin());
        let half = 1.1 * frame.unit;
        dashes.move_to(x - reach, y);
        dashes.line_to(x, y - half);
        dashes.line_to(x + reach, y);
        dashes.line_to(x, y + half);
        dashes.close();
    }
    if let Some(path) = dashes.finish() {
        let glow =
            Color::from_rgba(0.82, 1.0, 0.95, 0.5 + 0.4 * frame.beat()).unwrap_or(Color::WHITE);
        canvas.fill_path(&path, &fill(glow), FillRule::Winding, Transform::identity(), None);
    }
}
