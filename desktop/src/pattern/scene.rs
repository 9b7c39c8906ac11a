//! The picture of one frame: a bright clock over a sea at dusk, a sun that flashes on each second,
//! boats that pass a light on, the frame number in digits and in blocks.
//!
//! Invariant: [`Scene::draw`] is a pure function of the frame number and the clock's text. What
//! never changes is drawn once; a frame copies it and adds what moves.

use tiny_skia::{
    Color, FillRule, GradientStop, LineCap, LinearGradient, Paint, Path, PathBuilder, Pixmap,
    PixmapMut, Point, RadialGradient, Rect, Shader, SpreadMode, Stroke, Transform,
};

use super::lettering::{self, Setting};
use super::{code, fleet, sea};

/// Most characters of the clock that are drawn: `12:34:56.7` has ten.
const CLOCK_CHARACTERS: usize = 12;
/// Seconds for which the sun shows the flash, from the first frame of a second on.
const FLASH: f32 = 0.1;
/// Where the sun stands in a picture of 640x360.
const SUN: (f32, f32) = (546.0, 118.0);
const SUN_RADIUS: f32 = 34.0;
/// Radius of its halo, in radii of the sun. The halo is the dearest thing to draw, so its steady
/// part stands in the backdrop.
const HALO: f32 = 2.6;

/// What a frame is drawn from: its size and its time.
pub(super) struct Frame {
    pub(super) width: f32,
    pub(super) height: f32,
    /// One unit of a 640x360 drawing, in pixels.
    pub(super) unit: f32,
    /// First line of the strip of blocks.
    pub(super) strip_top: f32,
    /// Seconds since frame 0.
    pub(super) time: f64,
    /// Whole seconds since frame 0.
    pub(super) second: u64,
    /// The part of the current second that has passed, from 0 to below 1.
    pub(super) phase: f32,
}

impl Frame {
    /// A height of the 640x360 drawing in this picture.
    pub(super) fn line(&self, y: f32) -> f32 {
        y * self.height / 360.0
    }

    /// 1 on the second, fading to 0 within the first half of it.
    pub(super) fn beat(&self) -> f32 {
        let left = (1.0 - 2.0 * self.phase).max(0.0);
        left * left
    }

    fn sun(&self) -> (f32, f32) {
        (self.width * SUN.0 / 640.0, self.line(SUN.1))
    }
}

/// The drawing board for one size of picture.
pub(super) struct Scene {
    width: u32,
    height: u32,
    fps: u32,
    backdrop: Pixmap,
    canvas: Pixmap,
}

impl Scene {
    /// `None` when the size is zero or too large for a picture.
    pub(super) fn new(width: u32, height: u32, fps: u32) -> Option<Self> {
        let mut scene = Self {
            width,
            height,
            fps,
            backdrop: Pixmap::new(width, height)?,
            canvas: Pixmap::new(width, height)?,
        };
        let frame = scene.frame(0);
        draw_backdrop(&mut scene.backdrop.as_mut(), &frame);
        Some(scene)
    }

    /// Draws frame `number` and returns it as RGBA, 4 bytes a pixel, lines without padding.
    pub(super) fn draw(&mut self, number: u32, clock: &str) -> &[u8] {
        let frame = self.frame(number);
        self.canvas.data_mut().copy_from_slice(self.backdrop.data());
        let mut canvas = self.canvas.as_mut();
        draw_sun(&mut canvas, &frame);
        draw_words(&mut canvas, &frame, clock, number);
        sea::draw_layer(&mut canvas, &frame, 0);
        sea::draw_layer(&mut canvas, &frame, 1);
        sea::draw_glitter(&mut canvas, &frame, frame.sun().0);
        sea::draw_layer(&mut canvas, &frame, sea::BOATS_ON);
        fleet::draw(&mut canvas, &frame);
        sea::draw_layer(&mut canvas, &frame, 3);
        draw_strip(&mut canvas, number);
        self.canvas.data()
    }

    fn frame(&self, number: u32) -> Frame {
        let (width, height) = (self.width as f32, self.height as f32);
        let fps = self.fps.max(1);
        Frame {
            width,
            height,
            unit: (width / 640.0).min(height / 360.0),
            strip_top: code::strip_top(self.height as usize) as f32,
            time: f64::from(number) / f64::from(fps),
            second: u64::from(number / fps),
            phase: (number % fps) as f32 / fps as f32,
        }
    }
}

/// A paint of one colour.
pub(super) fn fill(colour: Color) -> Paint<'static> {
    Paint { shader: Shader::SolidColor(colour), anti_alias: true, ..Paint::default() }
}

/// A colour from 0xRRGGBB.
pub(super) fn rgb(colour: u32) -> Color {
    let [_, red, green, blue] = colour.to_be_bytes();
    Color::from_rgba8(red, green, blue, 255)
}

fn draw_backdrop(canvas: &mut PixmapMut<'_>, frame: &Frame) {
    let horizon = frame.line(215.0);
    let sky = LinearGradient::new(
        Point::from_xy(0.0, 0.0),
        Point::from_xy(0.0, horizon),
        vec![
            GradientStop::new(0.0, rgb(0x04_26_24)),
            GradientStop::new(0.5, rgb(0x0B_4F_49)),
            GradientStop::new(1.0, rgb(0x3F_A8_9A)),
        ],
        SpreadMode::Pad,
        Transform::identity(),
    );
    if let (Some(shader), Some(area)) = (sky, Rect::from_xywh(0.0, 0.0, frame.width, frame.height))
    {
        let paint = Paint { shader, ..Paint::default() };
        canvas.fill_rect(area, &paint, Transform::identity(), None);
    }
    let unit = frame.unit;
    halo(canvas, frame.sun(), SUN_RADIUS * unit * HALO, 0.22);
    let title =
        Setting { left: 34.0 * unit, top: 24.0 * unit, height: 25.0 * unit, pen: 3.4 * unit };
    lettering::write(canvas, "Manyhands", title, &fill(rgb(0x8F_E3_D6)));
}

/// The sun: a halo and a disc that flash on the second, and a ring that closes within it.
fn draw_sun(canvas: &mut PixmapMut<'_>, frame: &Frame) {
    let (x, y) = frame.sun();
    let radius = SUN_RADIUS * frame.unit;
    let flash = frame.phase < FLASH;
    let beat = frame.beat();
    if beat > 0.0 {
        halo(canvas, (x, y), radius * HALO, 0.5 * beat);
    }
    let disc = if flash { rgb(0xFF_FF_FF) } else { rgb(0x8F_E3_D6) };
    if let Some(path) = PathBuilder::from_circle(x, y, radius) {
        canvas.fill_path(&path, &fill(disc), FillRule::Winding, Transform::identity(), None);
    }
    let ring = Stroke { width: 3.0 * frame.unit, line_cap: LineCap::Round, ..Stroke::default() };
    if let Some(path) = sweep((x, y), radius + 8.0 * frame.unit, frame.phase) {
        canvas.stroke_path(&path, &fill(rgb(0xF4_FB_FA)), &ring, Transform::identity(), None);
    }
}

fn halo(canvas: &mut PixmapMut<'_>, (x, y): (f32, f32), radius: f32, alpha: f32) {
    let light = |alpha: f32| Color::from_rgba(0.78, 1.0, 0.95, alpha).unwrap_or(Color::WHITE);
    let shader = RadialGradient::new(
        Point::from_xy(x, y),
        0.0,
        Point::from_xy(x, y),
        radius,
        vec![GradientStop::new(0.35, light(alpha)), GradientStop::new(1.0, light(0.0))],
        SpreadMode::Pad,
        Transform::identity(),
    );
    let area = Rect::from_ltrb(x - radius, y - radius, x + radius, y + radius);
    if let (Some(shader), Some(area)) = (shader, area) {
        let paint = Paint { shader, ..Paint::default() };
        canvas.fill_rect(area, &paint, Transform::identity(), None);
    }
}

/// An arc clockwise from the top, `part` of a full turn.
fn sweep((x, y): (f32, f32), radius: f32, part: f32) -> Option<Path> {
    let steps = (part * 60.0).ceil();
    let mut path = PathBuilder::new();
    path.move_to(x, y - radius);
    for step in 1..=steps as u32 {
        let turn = part * step as f32 / steps * std::f32::consts::TAU;
        path.line_to(x + radius * turn.sin(), y - radius * turn.cos());
    }
    path.finish()
}

/// The clock, its tenths in another colour, and the frame number in digits.
fn draw_words(canvas: &mut PixmapMut<'_>, frame: &Frame, clock: &str, number: u32) {
    let unit = frame.unit;
    let (white, mint) = (fill(rgb(0xFF_FF_FF)), fill(rgb(0x8F_E3_D6)));
    let clock: String = clock.chars().take(CLOCK_CHARACTERS).collect();
    let (seconds, tenths) = clock.split_at(clock.find('.').unwrap_or(clock.len()));
    let large =
        Setting { left: 34.0 * unit, top: 90.0 * unit, height: 62.0 * unit, pen: 7.5 * unit };
    let end = lettering::write(canvas, seconds, large, &white);
    let rest = Setting { left: end + 13.7 * unit, ..large };
    lettering::write(canvas, tenths, rest, &mint);

    let small = Setting { left: 0.0, top: 28.0 * unit, height: 15.0 * unit, pen: 2.0 * unit };
    let words = format!("frame {number:06}");
    let left = frame.width - 32.0 * unit - lettering::width(&words, small);
    lettering::write(canvas, &words, Setting { left, ..small }, &white);
}

fn draw_strip(canvas: &mut PixmapMut<'_>, number: u32) {
    let (width, height) = (canvas.width() as usize, canvas.height() as usize);
    for block in code::blocks(number, width, height) {
        let colour = if block.lit { rgb(0xC9_F5_EE) } else { rgb(0x02_12_11) };
        let sides = [block.left, block.top, block.right, block.bottom].map(|side| side as f32);
        if let Some(area) = Rect::from_ltrb(sides[0], sides[1], sides[2], sides[3]) {
            let paint = Paint { anti_alias: false, ..fill(colour) };
            canvas.fill_rect(area, &paint, Transform::identity(), None);
        }
    }
}
