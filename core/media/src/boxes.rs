//! A walk over MP4 boxes in memory that we own, so that `mp4-atom` is only ever given single leaf
//! boxes: it descends into any nesting that a file claims (a thousand boxes in each other end its
//! stack) and fails a whole movie for one bad box that we have no use for.

use mp4_atom::{Atom, Buf, FourCC};

/// One box: its kind and what is inside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Box4<'a> {
    pub(crate) kind: [u8; 4],
    pub(crate) body: &'a [u8],
}

/// A box header as it stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: [u8; 4],
    /// Bytes of the header itself: 8 or 16.
    pub(crate) header: u64,
    /// Bytes of the body; `None` to the end of the file.
    pub(crate) body: Option<u64>,
}

/// Reads a header from the first 8 bytes (16 if the size says so). `None`: too few bytes, or a size
/// smaller than the header.
pub(crate) fn head(bytes: &[u8]) -> Option<Head> {
    let size = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    let kind: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
    let (header, total) = match size {
        0 => return Some(Head { kind, header: 8, body: None }),
        1 => (16, u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?)),
        size => (8, u64::from(size)),
    };
    Some(Head { kind, header, body: Some(total.checked_sub(header)?) })
}

/// The boxes that stand one after the other in `bytes`. Ends at the first that does not fit.
pub(crate) fn children(bytes: &[u8]) -> impl Iterator<Item = Box4<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let head = head(rest)?;
        let after = rest.get(head.header as usize..)?;
        let body = match head.body {
            None => after,
            Some(len) => after.get(..usize::try_from(len).ok()?)?,
        };
        rest = after.get(body.len()..)?;
        Some(Box4 { kind: head.kind, body })
    })
}

/// The first child of a kind.
pub(crate) fn child<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    children(bytes).find(|found| found.kind == *kind).map(|found| found.body)
}

/// Follows a path of kinds downwards, the first child at each step.
pub(crate) fn descend<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |inside, kind| child(inside, kind))
}

/// Reads the body of a leaf box.
pub(crate) fn leaf<T: Atom>(body: &[u8]) -> mp4_atom::Result<T> {
    let mut rest = body;
    T::decode_body(&mut rest).inspect(|_| debug_assert!(rest.remaining() <= body.len()))
}

/// A box's kind as a person may read it.
pub(crate) fn name(kind: [u8; 4]) -> String {
    if kind.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        FourCC::new(&kind).to_string()
    } else {
        format!("0x{:08x}", u32::from_be_bytes(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_walked_only_as_deep_as_asked() {
        let mut deep = Vec::new();
        for size in (1..=100_000u32).rev() {
            deep.extend_from_slice(&(size * 8).to_be_bytes());
            deep.extend_from_slice(b"moov");
        }
        assert!(descend(&deep, &[b"moov", b"moov"]).is_some());
        assert!(descend(&deep, &[b"moov", b"trak"]).is_none());
    }

    #[test]
    fn sizes_of_all_forms_are_read() {
        let long = [0, 0, 0, 1, b'm', b'd', b'a', b't', 0, 0, 0, 1, 0, 0, 0, 0];
        assert_eq!(head(&long).unwrap().body, Some((1 << 32) - 16));
        assert_eq!(head(&[0, 0, 0, 0, b'm', b'd', b'a', b't']).unwrap().body, None);
        assert_eq!(head(&[0, 0, 0, 7, b'm', b'd', b'a', b't']), None);
        assert_eq!(children(&[0, 0, 0, 9, b'f', b'r', b'e', b'e']).count(), 0);
    }
}
