//! The sealed part of a head: title, names of tracks and codec configuration, for viewers only.
//!
//! CBOR with integer keys; keys that are not known are skipped, so that later versions can add.

use minicbor::{Decode, Encode};

/// What viewers read in a head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeadSealed {
    /// The broadcast's title.
    #[n(0)]
    pub title: String,
    /// What viewers need to know of each track.
    #[n(1)]
    pub tracks: Vec<TrackSealed>,
}

/// What viewers need to know of a track.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TrackSealed {
    /// Its number, as in the public part.
    #[n(0)]
    pub track: u8,
    /// A name for people ("720p", "English"); may be empty.
    #[n(1)]
    pub name: String,
    /// The sample entry's four characters: `avc1`, `mp4a`, `Opus`.
    #[n(2)]
    pub codec: String,
    /// Ticks a second of the track's times.
    #[n(3)]
    pub timescale: u32,
    /// Codec configuration as the media layer defines it; the keyframe chunks carry the one that counts.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub config: Vec<u8>,
}

impl HeadSealed {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Writing into a vector can't fail: the encoder's error type is `Infallible`.
        minicbor::to_vec(self).unwrap_or_default()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        minicbor::decode(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unknown_keys_are_skipped() {
        let mut out = Vec::new();
        let mut e = minicbor::Encoder::new(&mut out);
        e.map(3).unwrap().u8(0).unwrap().str("T").unwrap();
        e.u8(9).unwrap().array(2).unwrap().u8(1).unwrap().str("x").unwrap();
        e.u8(1).unwrap().array(0).unwrap();
        let read = HeadSealed::from_bytes(&out).unwrap();
        assert_eq!(read, HeadSealed { title: "T".into(), tracks: vec![] });
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(title in ".{0,60}", config: Vec<u8>, track: u8) {
            let (name, codec) = ("720p".to_owned(), "avc1".to_owned());
            let track = TrackSealed { track, name, codec, timescale: 90_000, config };
            let sealed = HeadSealed { title, tracks: vec![track.clone(), track] };
            prop_assert_eq!(HeadSealed::from_bytes(&sealed.to_bytes()), Some(sealed));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = HeadSealed::from_bytes(&bytes);
        }
    }
}
