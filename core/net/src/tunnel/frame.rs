//! Datagrams in a stream of bytes: `len u16 | datagram`, little-endian, from 1 to 1,500 bytes.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::MAX_DATAGRAM;

/// The length in front.
const HEADER: usize = 2;

/// Bytes that are no frames: the connection is of no use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} bytes")]
pub(super) struct NoFrame(usize);

/// Puts a datagram behind others; what no frame can hold is left out.
pub(super) fn put(frames: &mut BytesMut, datagram: &[u8]) {
    if let (1..=MAX_DATAGRAM, Ok(len)) = (datagram.len(), u16::try_from(datagram.len())) {
        frames.put_u16_le(len);
        frames.put_slice(datagram);
    }
}

/// Takes the first datagram out, once all of it is there.
pub(super) fn take(bytes: &mut BytesMut) -> Result<Option<Bytes>, NoFrame> {
    let Some(header) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let len = usize::from(u16::from_le_bytes(*header));
    if !(1..=MAX_DATAGRAM).contains(&len) {
        return Err(NoFrame(len));
    }
    if bytes.len() < HEADER + len {
        return Ok(None);
    }
    bytes.advance(HEADER);
    Ok(Some(bytes.split_to(len).freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(datagrams: &[&[u8]]) -> BytesMut {
        let mut frames = BytesMut::new();
        datagrams.iter().for_each(|datagram| put(&mut frames, datagram));
        frames
    }

    #[test]
    fn datagrams_come_out_as_they_went_in_wherever_the_stream_is_cut() {
        let largest = [7; MAX_DATAGRAM];
        let datagrams: [&[u8]; 3] = [b"one", &largest, b"3"];
        let all = framed(&datagrams);
        for step in [1, 2, 3, 700, all.len()] {
            let (mut bytes, mut out) = (BytesMut::new(), Vec::new());
            for part in all.chunks(step) {
                bytes.put_slice(part);
                while let Some(datagram) = take(&mut bytes).unwrap() {
                    out.push(datagram);
                }
            }
            assert_eq!(out, datagrams, "in steps of {step}");
            assert!(bytes.is_empty());
        }
    }

    #[test]
    fn a_frame_of_no_bytes_or_too_many_is_none_before_any_of_it_has_come() {
        for len in [0, MAX_DATAGRAM as u16 + 1, u16::MAX] {
            let mut bytes = BytesMut::from(&len.to_le_bytes()[..]);
            assert_eq!(take(&mut bytes), Err(NoFrame(usize::from(len))));
        }
        let mut http = BytesMut::from(&b"GET / HTTP/1.1\r\n"[..]);
        assert!(take(&mut http).is_err());
    }

    #[test]
    fn what_no_frame_can_hold_is_left_out() {
        assert!(framed(&[&[], &[0; MAX_DATAGRAM + 1]]).is_empty());
    }
}
