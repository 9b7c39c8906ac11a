//! The frame number in the picture, for programs: 48 large blocks in two rows along the lower
//! edge, 32 bits of number and 16 of checksum.
//!
//! Invariant: what [`blocks`] draws for a number, [`read_frame_number`] reads back from the
//! decoded luma plane after any scaling of the whole picture (the geometry is given in fractions
//! of it), down to blocks of about 6 by 3 pixels, and a picture without such a strip reads as
//! `None` (a false reading needs a 16-bit checksum to match by chance).

/// Blocks in a row; two rows carry 32 bits of number and 16 of checksum.
const COLUMNS: usize = 24;
/// Rows of blocks.
const ROWS: usize = 2;
/// Upper edge of the strip as a fraction of the picture's height: 28 lines of 360, so that a
/// block is 26 by 14 pixels at 640x360 and still 13 by 7 at half size.
const TOP: f32 = 332.0 / 360.0;
/// Least difference in luma between the lightest and the darkest block; drawn are about 200, and
/// noise of a flat picture stays below 20.
const LEAST_CONTRAST: u32 = 64;
/// Largest plane that is read (8K), which keeps all arithmetic on sizes far from overflow.
const MAX_SIDE: usize = 8192;

/// One block of the strip in pixels: left, top, right, bottom (exclusive), and whether it is lit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) right: usize,
    pub(super) bottom: usize,
    pub(super) lit: bool,
}

/// Reads the number of the test pattern's frame from a decoded 8-bit luma plane.
///
/// `luma` holds `height` lines of `width` pixels, `stride` bytes apart (the last line may be
/// short of its padding). The plane must show the whole picture, at any size. `None` when the
/// sizes don't fit the plane or when no valid strip is seen.
#[must_use]
pub fn read_frame_number(luma: &[u8], stride: usize, width: usize, height: usize) -> Option<u32> {
    let sides = 1..=MAX_SIDE;
    if !sides.contains(&width) || !sides.contains(&height) || stride < width {
        return None;
    }
    let mut means = [0_u32; COLUMNS * ROWS];
    for (index, mean) in means.iter_mut().enumerate() {
        *mean = mean_of_middle(luma, stride, place(index, width, height))?;
    }
    let low = *means.iter().min()?;
    let high = *means.iter().max()?;
    if high - low < LEAST_CONTRAST {
        return None;
    }
    let word = means.iter().fold(0_u64, |word, mean| word << 1 | u64::from(2 * mean > low + high));
    let number = u32::try_from(word >> 16).ok()?;
    (with_checksum(number) == word).then_some(number)
}

/// The strip for `number` in a picture of the given size. The most significant bit is the first
/// block of the upper row.
pub(super) fn blocks(number: u32, width: usize, height: usize) -> impl Iterator<Item = Block> {
    let word = with_checksum(number);
    (0..COLUMNS * ROWS).map(move |index| Block {
        lit: word >> (COLUMNS * ROWS - 1 - index) & 1 == 1,
        ..place(index, width, height)
    })
}

/// The line at which the strip begins.
pub(super) fn strip_top(height: usize) -> usize {
    (height as f32 * TOP).round() as usize
}

fn place(index: usize, width: usize, height: usize) -> Block {
    let (column, row) = (index % COLUMNS, index / COLUMNS);
    let line = |row: usize| {
        let top = height as f32 * TOP;
        (top + (height as f32 - top) * row as f32 / ROWS as f32).round() as usize
    };
    Block {
        left: column * width / COLUMNS,
        top: line(row),
        right: (column + 1) * width / COLUMNS,
        bottom: line(row + 1),
        lit: false,
    }
}

/// The mean of the block's middle half in each direction, away from the neighbours that scaling
/// and compression blend in.
fn mean_of_middle(luma: &[u8], stride: usize, block: Block) -> Option<u32> {
    let columns = middle(block.left, block.right);
    let (mut sum, mut count) = (0_u32, 0_u32);
    for line in middle(block.top, block.bottom) {
        let start = line.checked_mul(stride)?;
        let pixels = luma.get(start..)?.get(columns.clone())?;
        for &pixel in pixels {
            sum += u32::from(pixel);
            count += 1;
        }
    }
    sum.checked_div(count)
}

fn middle(from: usize, to: usize) -> std::ops::Range<usize> {
    let quarter = to.saturating_sub(from) / 4;
    from + quarter..to - quarter.min(to)
}

/// The number and, in the low 16 bits, its CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF).
/// With that start no number gives 48 equal blocks, so light and dark are always both seen.
fn with_checksum(number: u32) -> u64 {
    let mut crc = 0xFFFF_u16;
    for byte in number.to_be_bytes() {
        crc ^= u16::from(byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
        }
    }
    u64::from(number) << 16 | u64::from(crc)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(number: u32, width: usize, height: usize) -> Vec<u8> {
        let mut luma = vec![90; width * height];
        for block in blocks(number, width, height) {
            for line in block.top..block.bottom {
                luma[line * width + block.left..line * width + block.right].fill(if block.lit {
                    230
                } else {
                    20
                });
            }
        }
        luma
    }

    #[test]
    fn a_drawn_number_is_read_at_every_size() {
        for (width, height) in
            [(1920, 1080), (1280, 720), (640, 360), (320, 180), (160, 90), (361, 203)]
        {
            for number in [0, 1, 0xFFFF_FFFF, 0x8000_0001, 0x1234_5678, 86_400 * 30] {
                let luma = drawn(number, width, height);
                assert_eq!(
                    read_frame_number(&luma, width, width, height),
                    Some(number),
                    "{width}x{height}"
                );
            }
        }
    }

    #[test]
    fn one_wrong_block_is_noticed() {
        let good = drawn(4711, 640, 360);
        for block in blocks(4711, 640, 360) {
            let mut luma = good.clone();
            for line in block.top..block.bottom {
                luma[line * 640 + block.left..line * 640 + block.right].fill(if block.lit {
                    20
                } else {
                    230
                });
            }
            assert_eq!(read_frame_number(&luma, 640, 640, 360), None);
        }
    }

    #[test]
    fn planes_that_are_no_pattern_read_as_none() {
        assert_eq!(read_frame_number(&[128; 640 * 360], 640, 640, 360), None);
        assert_eq!(read_frame_number(&[128; 100], 640, 640, 360), None);
        assert_eq!(read_frame_number(&[], 0, 0, 0), None);
        assert_eq!(read_frame_number(&[1, 2, 3], 1, 3, 1), None);
        assert_eq!(read_frame_number(&[0; 9], usize::MAX, 3, usize::MAX), None);
        assert_eq!(read_frame_number(&[0; 9], usize::MAX, 24, 180), None);
        for side in 1..40 {
            assert_eq!(read_frame_number(&vec![7; side * side], side, side, side), None);
        }
    }
}
