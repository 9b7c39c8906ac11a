//! QR codes in pictures: a screenshot, or a photograph of somebody's screen.

use std::io::Cursor;

use image::imageops::{FilterType, resize};
use image::{GrayImage, ImageReader, Limits};
use manyhands_session::Link;
use rqrr::PreparedImage;

/// The longest side that is decoded, in pixels: telephones make 4,000 to 12,000.
const MAX_SIDE: u32 = 16_384;
/// The most memory that decoding takes, in bytes: 60 megapixels with four bytes each.
const MAX_MEMORY: u64 = 256 << 20;
/// What the text of a code that Manyhands makes begins with, in either case.
const SCHEME: &str = "manyhands:";
/// Longest sides at which a code is looked for besides the picture's own, in pixels. A photographed
/// screen has a grid of its own that hides the code's squares until the picture is made smaller.
const SMALLER: [u32; 2] = [1600, 800];

/// Why there is nothing to read, in words for the person who has the picture.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// Another kind of file.
    #[error("this is neither text nor a picture that can be read (PNG, JPEG or WebP)")]
    NoPicture,
    /// Cut, changed, or too large.
    #[error("this picture is damaged or too large; take another one, or copy the link as text")]
    Damaged,
    /// Nothing that looks like a code, or too little of it.
    #[error(
        "there is no code in this picture; it has to be whole, sharp and with its white margin"
    )]
    NoCode,
    /// A code that says something else.
    #[error("this is not a Manyhands code")]
    OtherCode,
}

/// What the code in a picture (PNG, JPEG or WebP) says.
///
/// # Errors
/// See [`Error`].
pub(crate) fn read(picture: &[u8]) -> Result<String, Error> {
    let whole = decode(picture)?;
    let longest = whole.width().max(whole.height());
    let smaller = SMALLER.into_iter().filter(|side| *side < longest);
    let smaller = smaller.flat_map(|side| codes(&shrunk(&whole, side)));
    let mut seen = false;
    for text in codes(&whole).into_iter().chain(smaller) {
        seen = true;
        if is_ours(&text) {
            return Ok(text);
        }
    }
    Err(if seen { Error::OtherCode } else { Error::NoCode })
}

/// A link in any form; a damaged one says more of itself than that it is another code.
fn is_ours(text: &str) -> bool {
    let scheme = text.get(..SCHEME.len());
    scheme.is_some_and(|s| s.eq_ignore_ascii_case(SCHEME)) || Link::parse(text).is_ok()
}

fn decode(picture: &[u8]) -> Result<GrayImage, Error> {
    let mut reader = ImageReader::new(Cursor::new(picture))
        .with_guessed_format()
        .map_err(|_| Error::NoPicture)?;
    if !reader.format().is_some_and(|format| format.reading_enabled()) {
        return Err(Error::NoPicture);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    Ok(reader.decode().map_err(|_| Error::Damaged)?.into_luma8())
}

/// The same picture with a longest side of so many pixels.
fn shrunk(picture: &GrayImage, side: u32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let longest = u64::from(width.max(height));
    let of = |length: u32| (u64::from(length) * u64::from(side) / longest).max(1) as u32;
    resize(picture, of(width), of(height), FilterType::Triangle)
}

/// The texts of all codes that are found in a picture.
fn codes(grey: &GrayImage) -> Vec<String> {
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    let pixels = grey.as_raw();
    let mut prepared = PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        pixels.get(y * width + x).copied().unwrap_or(u8::MAX)
    });
    let grids = prepared.detect_grids();
    grids.iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, ImageFormat, Luma};
    use proptest::prelude::*;
    use qrcode::{EcLevel, QrCode};

    use super::*;

    /// As long as a link with two addresses.
    const TEXT: &str = "MANYHANDS:AEACK2LSNFXGOIDFNZQWE3DFOMQG63TFEB2G64TFMFZGKZTPOJSWC3TEFZUXGYLTN5ZGO2LUNFXW4YLUNFWGKZDBNRWG63TH";

    /// A code as it is drawn: `scale` pixels for each of its squares, four squares of margin.
    fn drawn(text: &str, scale: u32) -> GrayImage {
        QrCode::with_error_correction_level(text, EcLevel::M)
            .unwrap()
            .render::<Luma<u8>>()
            .module_dimensions(scale, scale)
            .build()
    }

    fn written(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// A screen with a code, photographed: turned, from the side, in the middle of a grey wall, darker
    /// to one side, with noise and a screen's own grid.
    fn photographed(code: &GrayImage, degrees: f32, side: u32) -> GrayImage {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (half, of) = (side as f32 / 2.0, code.width() as f32);
        let mut noise = 1u32;
        GrayImage::from_fn(side, side, |x, y| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = (x as f32 / half - 1.0, y as f32 / half - 1.0);
            let far = 1.0 + 0.15 * x;
            let (u, v) = ((x * cos - y * sin) * far, (x * sin + y * cos) * far);
            let (u, v) = ((u / 0.7 + 1.0) * of / 2.0, (v / 0.7 + 1.0) * of / 2.0);
            let inside = (0.0..of).contains(&u) && (0.0..of).contains(&v);
            let ink = if inside { code.get_pixel(u as u32, v as u32).0[0] } else { 120 };
            let grid = if inside && ((u * 3.0) as u32).is_multiple_of(3) { 0.85 } else { 1.0 };
            let light = 0.75 - 0.2 * x;
            let noise = (noise >> 24) as f32 / 255.0 * 30.0;
            Luma([(f32::from(ink) * light * grid + noise).clamp(0.0, 255.0) as u8])
        })
    }

    #[test]
    fn what_is_drawn_is_read_in_every_format() {
        for scale in [2, 3, 4, 8, 16, 40] {
            for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
                let picture = written(&drawn(TEXT, scale), format);
                assert_eq!(read(&picture).as_deref(), Ok(TEXT), "{scale} {format:?}");
            }
        }
    }

    #[test]
    fn a_photograph_is_read_however_it_is_held() {
        let code = drawn(TEXT, 8);
        for side in [700, 1200, 3000] {
            for degrees in [0.0, 8.0, 30.0, 90.0, 135.0, 180.0, 275.0] {
                let picture = written(&photographed(&code, degrees, side), ImageFormat::Jpeg);
                assert_eq!(read(&picture).as_deref(), Ok(TEXT), "{side} {degrees}");
            }
        }
    }

    #[test]
    fn what_is_no_code_is_named() {
        let other = written(&drawn("https://example.org/menu", 4), ImageFormat::Png);
        assert_eq!(read(&other), Err(Error::OtherCode));
        let wall = written(&GrayImage::from_pixel(300, 200, Luma([90])), ImageFormat::Jpeg);
        assert_eq!(read(&wall), Err(Error::NoCode));
        let code = written(&drawn(TEXT, 4), ImageFormat::Png);
        assert_eq!(read(&code[..code.len() / 2]), Err(Error::Damaged));
        assert_eq!(read(b"\0\0\0\x24ftypheic\0\0\0\0mif1heic"), Err(Error::NoPicture));
        assert_eq!(read(&[]), Err(Error::NoPicture));
    }

    #[test]
    fn a_picture_that_says_it_is_immense_takes_no_memory() {
        let mut png = written(&drawn(TEXT, 2), ImageFormat::Png);
        // Width and height in IHDR; its check sum is then wrong, too, which is as good a refusal.
        png[16..24].fill(0x7f);
        assert_eq!(read(&png), Err(Error::Damaged));
    }

    proptest! {
        #[test]
        fn no_picture_ends_the_program(
            scale in 1u32..5,
            smears in prop::collection::vec((0u32..160, 0u32..160, 1u32..40, any::<u8>()), 0..40),
        ) {
            let mut picture = drawn(TEXT, scale);
            for (x, y, size, ink) in smears {
                for (x, y) in (x..x + size).flat_map(|x| (y..y + size).map(move |y| (x, y))) {
                    if let Some(pixel) = picture.get_pixel_mut_checked(x, y) {
                        pixel.0 = [ink];
                    }
                }
            }
            let _ = read(&written(&picture, ImageFormat::Png));
        }
    }
}
