//! The forms in which a person hands a link on: text that can be tapped or pasted, and a code for a
//! camera.

use manyhands_stream::Link;
use qrcode::{EcLevel, QrCode};

/// Misprints and glare that a code survives: 15 % of it, which leaves modules large enough for a
/// camera across a table.
const CORRECTION: EcLevel = EcLevel::M;

/// A link in the forms in which it is handed on. All of them are secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// One whole link, to be sent or copied.
    pub link: String,
    /// It can be tapped in a chat; else the words beside it have to say how to use it.
    pub tappable: bool,
    /// The code.
    pub code: Code,
}

/// A code for a camera: black squares on white. Around it stay four white squares on each side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Squares on a side.
    pub side: usize,
    /// Row by row, from the top left: whether a square is black.
    pub black: Vec<bool>,
}

impl Share {
    /// `host` is the web address that the program was built with, if there is one.
    #[must_use]
    pub fn new(link: &Link, host: Option<&str>) -> Option<Self> {
        let host = host.filter(|host| !host.is_empty());
        let text = host.map_or_else(|| link.to_uri(), |host| link.to_web(host));
        let code = Code::new(&link.to_qr())?;
        Some(Self { link: text, tappable: host.is_some(), code })
    }
}

impl Code {
    /// The code of a text; nothing if it does not fit into one.
    fn new(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, CORRECTION).ok()?;
        let black = code.to_colors().iter().map(|color| *color == qrcode::Color::Dark).collect();
        Some(Self { side: code.width(), black })
    }
}

#[cfg(test)]
mod tests {
    use manyhands_stream::{ChannelKey, MAX_HINTS, Secret};

    use super::*;

    fn link() -> Link {
        Link::open(ChannelKey([7; 32]), Secret::new([9; 16]))
    }

    #[test]
    fn what_is_sent_is_one_whole_link() {
        for host in [None, Some(""), Some("example.org")] {
            let share = Share::new(&link(), host).unwrap();
            assert_eq!(Link::parse(&share.link).unwrap().to_text(), link().to_text());
            assert_eq!(share.tappable, share.link.starts_with("https://example.org/#"));
            assert_eq!(!share.tappable, share.link.starts_with("manyhands:"));
        }
    }

    #[test]
    fn the_longest_link_fits_into_a_code() {
        let mut link = link();
        let address = "[2001:db8::1]:65535".parse().unwrap();
        link.hints = vec![address; MAX_HINTS];
        let code = Share::new(&link, None).unwrap().code;
        assert_eq!(code.black.len(), code.side * code.side);
        assert!(code.side <= 65, "{}", code.side);
        // Three corners have a finder pattern: a black frame of seven squares around a white one.
        let at = |x: usize, y: usize| code.black[y * code.side + x];
        for (x, y) in [(0, 0), (code.side - 7, 0), (0, code.side - 7)] {
            assert!((0..7).all(|i| at(x + i, y) && at(x, y + i)));
            assert!(!at(x + 1, y + 1) && at(x + 3, y + 3));
        }
    }
}
