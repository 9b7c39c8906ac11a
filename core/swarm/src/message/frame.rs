//! Variable-length integers as QUIC writes them (RFC 9000, section 16): the top two bits of the
//! first byte say how many bytes there are.

/// Appends `value`; values from 2⁶² on are written as the greatest that fits.
pub(super) fn write_varint(value: u64, out: &mut Vec<u8>) {
    let value = value.min((1 << 62) - 1);
    let (tag, bytes) = match value {
        0..0x40 => (0x00, 1),
        0x40..0x4000 => (0x40, 2),
        0x4000..0x4000_0000 => (0x80, 4),
        _ => (0xc0, 8),
    };
    let mut raw = value.to_be_bytes();
    let from = raw.len() - bytes;
    raw[from] |= tag;
    out.extend_from_slice(&raw[from..]);
}

/// The value at the front of `bytes` and what follows it.
pub(super) fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let first = *bytes.first()?;
    let (head, rest) = bytes.split_at_checked(1 << (first >> 6))?;
    let value = head.iter().fold(0u64, |sum, b| sum << 8 | u64::from(*b));
    Some((value & (u64::MAX >> (66 - 8 * head.len().min(8))), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_9000_read_and_write() {
        let examples: [(u64, &[u8]); 4] = [
            (37, &[0x25]),
            (15_293, &[0x7b, 0xbd]),
            (494_878_333, &[0x9d, 0x7f, 0x3e, 0x7d]),
            (151_288_809_941_952_652, &[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c]),
        ];
        for (value, bytes) in examples {
            let mut out = Vec::new();
            write_varint(value, &mut out);
            assert_eq!(out, bytes);
            assert_eq!(read_varint(bytes), Some((value, &[][..])));
            assert_eq!(read_varint(&bytes[..bytes.len() - 1]), None);
        }
    }
}
