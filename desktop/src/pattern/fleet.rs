//! Eight paper boats that pass a light on: each second every boat that has it gives it to one
//! that has not, so one becomes two, four, eight. This is what the program does, as a picture.
//!
//! Invariant: a light starts its way exactly on a second, in step with the flash and the beep.

use tiny_skia::{
    Color, FillRule, GradientStop, Paint, PathBuilder, PixmapMut, Point, RadialGradient, Rect,
    SpreadMode, Transform,
};

use super::scene::{Frame, fill, rgb};
use super::sea;

const BOATS: u8 = 8;
/// Seconds from one boat with a light to the next start: three to reach all eight, then they
/// shine, then the lights rise.
pub(super) const CYCLE: u64 = 6;
/// Part of a second that a light is on its way.
const FLIGHT: f32 = 0.6;

/// Draws boats and lights. The nearest layer of the sea comes after it.
pub(super) fn draw(canvas: &mut PixmapMut<'_>, frame: &Frame) {
    for boat in 0..BOATS {
        draw_boat(canvas, frame, boat);
    }
    for boat in 0..BOATS {
        draw_light(canvas, frame, boat);
    }
}

/// Who gave `boat` its light, and in which second of the cycle: boat 4 in the first, 2 and 6 in
/// the second, the odd ones in the third.
fn given(boat: u8) -> Option<(u8, u64)> {
    let step = match boat {
        0 => return None,
        _ if boat.is_multiple_of(4) => 1,
        _ if boat.is_multiple_of(2) => 2,
        _ => 3,
    };
    Some((boat & (boat - 1), step))
}

/// Whether the light has arrived at this boat and not yet left the sea.
fn is_lit(frame: &Frame, boat: u8) -> bool {
    let second = frame.second % CYCLE;
    match given(boat) {
        None => true,
        Some((_, step)) => {
            (second > step || second == step && frame.phase >= FLIGHT) && second < CYCLE - 1
        }
    }
}

fn mast(frame: &Frame, boat: u8) -> (f32, f32) {
    let x = frame.width * (f32::from(boat) + 0.5) / f32::from(BOATS);
    let (y, _) = sea::surface(frame, sea::BOATS_ON, x);
    (x, y - 25.0 * frame.unit)
}

fn draw_boat(canvas: &mut PixmapMut<'_>, frame: &Frame, boat: u8) {
    let x = frame.width * (f32::from(boat) + 0.5) / f32::from(BOATS);
    let (y, slope) = sea::surface(frame, sea::BOATS_ON, x);
    let size = frame.unit;
    let place = Transform::from_rotate(slope.atan().to_degrees() * 0.8)
        .post_scale(size, size)
        .post_translate(x, y);
    let (sail, fold, hull) = if is_lit(frame, boat) {
        (0xFF_FF_FF, 0xCF_F3_EC, 0x8F_E3_D6)
    } else {
        (0x7F_BF_B6, 0x62_A8_9F, 0x48_91_88)
    };
    let faces: [(u32, &[(f32, f32)]); 3] = [
        (sail, &[(0.0, -21.0), (0.0, -5.0), (-13.0, -5.0)]),
        (fold, &[(0.0, -21.0), (0.0, -5.0), (13.0, -5.0)]),
        (
            hull,
            &[(-25.0, -9.0), (-9.0, -5.0), (9.0, -5.0), (25.0, -9.0), (15.0, 7.0), (-15.0, 7.0)],
        ),
    ];
    for (colour, corners) in faces {
        let mut path = PathBuilder::new();
        for (index, &(x, y)) in corners.iter().enumerate() {
            if index == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        path.close();
        if let Some(path) = path.finish() {
            canvas.fill_path(&path, &fill(rgb(colour)), FillRule::Winding, place, None);
        }
    }
}

/// The light that boat has, is being given, or lets rise.
fn draw_light(canvas: &mut PixmapMut<'_>, frame: &Frame, boat: u8) {
    let second = frame.second % CYCLE;
    let (x, y) = mast(frame, boat);
    let rest = 1.0 + 0.5 * frame.beat();
    match given(boat) {
        None => glow(canvas, frame, (x, y), rest, 1.0),
        Some((giver, step)) if second == step && frame.phase < FLIGHT => {
            let way = ease(frame.phase / FLIGHT);
            let (from_x, from_y) = mast(frame, giver);
            let arc = (x - from_x).abs().min(frame.unit * 150.0) * 0.42 + 8.0 * frame.unit;
            let lift = arc * 4.0 * way * (1.0 - way);
            let at = (from_x + (x - from_x) * way, from_y + (y - from_y) * way - lift);
            glow(canvas, frame, at, 1.1, 1.0);
        }
        Some((_, step)) if second >= step && second < CYCLE - 1 => {
            glow(canvas, frame, (x, y), rest, 1.0);
        }
        Some(_) if second == CYCLE - 1 => {
            let rise = frame.phase * frame.phase * 70.0 * frame.unit;
            glow(canvas, frame, (x, y - rise), 1.0, 1.0 - ease(frame.phase));
        }
        Some(_) => {}
    }
}

fn ease(x: f32) -> f32 {
    x * x * (3.0 - 2.0 * x)
}

fn glow(canvas: &mut PixmapMut<'_>, frame: &Frame, (x, y): (f32, f32), size: f32, alpha: f32) {
    let radius = 15.0 * size * frame.unit;
    let light = |alpha: f32| Color::from_rgba(1.0, 0.93, 0.68, alpha).unwrap_or(Color::WHITE);
    let shader = RadialGradient::new(
        Point::from_xy(x, y),
        0.0,
        Point::from_xy(x, y),
        radius,
        vec![
            GradientStop::new(0.0, light(alpha)),
            GradientStop::new(0.24, light(alpha)),
            GradientStop::new(0.32, light(0.5 * alpha)),
            GradientStop::new(1.0, light(0.0)),
        ],
        SpreadMode::Pad,
        Transform::identity(),
    );
    let area = Rect::from_xywh(x - radius, y - radius, 2.0 * radius, 2.0 * radius);
    if let (Some(shader), Some(area)) = (shader, area) {
        let paint = Paint { shader, ..Paint::default() };
        canvas.fill_rect(area, &paint, Transform::identity(), None);
    }
}
