//! The forms in which a link travels between people: bare text, `manyhands:`, `https` with the text
//! in the fragment (which browsers don't send), and upper case for QR codes.
//!
//! Reading is kind: white space around and inside, either form after either prefix, upper-case scheme.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};

use crate::{Link, LinkError, Secret};

/// A longer text is no link: the longest has 175 characters, plus the address of a web page.
const MAX_TEXT_LEN: usize = 4096;
const SCHEME: &str = "manyhands:";

impl Link {
    /// Reads any of the forms.
    ///
    /// # Errors
    /// See [`LinkError`].
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        if text.len() > MAX_TEXT_LEN {
            return Err(LinkError::Damaged("it is too long"));
        }
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let text = Secret::new(text);
        let core = core_of(text.expose())?;
        if core.is_empty() {
            return Err(LinkError::Damaged("it is empty"));
        }
        let plain = decode(BASE64URL_NOPAD.decode(core.trim_end_matches('=').as_bytes()));
        match plain {
            Err(LinkError::Damaged(_)) => {
                let upper = Secret::new(core.to_ascii_uppercase());
                let upper = decode(BASE32_NOPAD.decode(upper.expose().as_bytes()));
                if let Err(LinkError::Damaged(_)) = upper { plain } else { upper }
            }
            decided => decided,
        }
    }

    /// The bare text: Base64url, no padding.
    pub fn to_text(&self) -> String {
        BASE64URL_NOPAD.encode(self.to_bytes().expose())
    }

    /// `manyhands:TEXT`.
    pub fn to_uri(&self) -> String {
        format!("{SCHEME}{}", self.to_text())
    }

    /// `https://HOST/#TEXT`.
    pub fn to_web(&self, host: &str) -> String {
        format!("https://{host}/#{}", self.to_text())
    }

    /// `MANYHANDS:BASE32`, all in the alphabet of a QR code's dense mode.
    pub fn to_qr(&self) -> String {
        format!("MANYHANDS:{}", BASE32_NOPAD.encode(self.to_bytes().expose()))
    }
}

/// The encoded part: after `#`, after the scheme, or the whole.
fn core_of(text: &str) -> Result<&str, LinkError> {
    if strip_prefix(text, "https://").or_else(|| strip_prefix(text, "http://")).is_some() {
        let (_, fragment) =
            text.split_once('#').ok_or(LinkError::Damaged("the part after # is missing"))?;
        return Ok(fragment);
    }
    let core = strip_prefix(text, SCHEME).unwrap_or(text);
    Ok(core.strip_prefix("//").unwrap_or(core).trim_end_matches('/'))
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn decode(bytes: Result<Vec<u8>, data_encoding::DecodeError>) -> Result<Link, LinkError> {
    match bytes {
        Ok(bytes) => Link::from_bytes(Secret::new(bytes).expose()),
        Err(_) => Err(LinkError::Damaged("a part of it is missing or was changed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChannelKey;
    use proptest::prelude::*;

    fn link() -> Link {
        let mut link = Link::open(ChannelKey([0xa5; 32]), Secret::new([0x5a; 16]));
        link.hints = vec!["192.0.2.7:4433".parse().unwrap(), "[2001:db8::1]:9".parse().unwrap()];
        link
    }

    fn same(a: &Link, b: &Link) -> bool {
        a.to_bytes().expose() == b.to_bytes().expose()
    }

    #[test]
    fn every_form_reads_back() {
        let link = link();
        let text = link.to_text();
        let forms = [
            text.clone(),
            format!("  \n{text}\r\n"),
            format!("{text}=="),
            link.to_uri(),
            format!("manyhands://{text}"),
            format!("manyhands://{text}/"),
            link.to_web("example.org"),
            format!("https://example.org/some/page?x=1#{text}"),
            link.to_qr(),
            link.to_qr().replace("MANYHANDS:", ""),
            link.to_qr().to_lowercase(),
            format!("HTTPS://EXAMPLE.ORG/#{}", link.to_qr().replace("MANYHANDS:", "")),
        ];
        for form in forms {
            assert!(same(&Link::parse(&form).unwrap(), &link), "{form}");
        }
        assert_eq!(Link::open(link.channel, link.secret.clone()).to_bytes().expose().len(), 55);
    }

    #[test]
    fn a_cut_or_mistyped_link_is_damaged() {
        let text = link().to_text();
        for len in 0..text.len() {
            assert!(matches!(Link::parse(&text[..len]), Err(LinkError::Damaged(_))), "{len}");
        }
        for at in 0..text.len() {
            let mut typed = text.clone().into_bytes();
            typed[at] = if typed[at] == b'A' { b'B' } else { b'A' };
            let typed = String::from_utf8(typed).unwrap();
            assert!(matches!(Link::parse(&typed), Err(LinkError::Damaged(_))), "{at}");
        }
        for text in ["", " ", "#", "manyhands:", "https://example.org/", "héllo", "—"] {
            assert!(matches!(Link::parse(text), Err(LinkError::Damaged(_))), "{text}");
        }
    }

    fn resealed(change: impl Fn(&mut Vec<u8>)) -> Result<Link, LinkError> {
        let mut bytes = link().to_bytes().expose().clone();
        bytes.truncate(bytes.len() - 4);
        change(&mut bytes);
        let check = blake3::hash(&bytes);
        bytes.extend_from_slice(&check.as_bytes()[..4]);
        Link::parse(&BASE64URL_NOPAD.encode(&bytes))
    }

    #[test]
    fn a_newer_version_or_flag_says_so_and_is_never_ignored() {
        assert_eq!(resealed(|b| b[0] = 2).unwrap_err(), LinkError::NewerVersion);
        assert_eq!(resealed(|b| b[1] = 8).unwrap_err(), LinkError::NewerVersion);
        assert!(matches!(resealed(|b| b[0] = 0), Err(LinkError::Damaged(_))));
        assert!(matches!(resealed(|b| b[50] = 5), Err(LinkError::Damaged(_))));
        assert!(matches!(resealed(|b| b.push(0)), Err(LinkError::Damaged(_))));
        let all = resealed(|b| b[1] = 7).unwrap();
        assert!(all.personal && all.veiled && all.relays_only);
    }

    #[test]
    fn messages_are_one_line_and_say_what_to_do() {
        for error in [LinkError::Damaged("it is empty"), LinkError::NewerVersion] {
            let message = error.to_string();
            assert!(!message.contains('\n'));
            assert!(message.contains("again"));
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_link() {
        assert_eq!(format!("{:?}", link()), "Link(…)");
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
            let _ = Link::parse(&text);
            let _ = Link::parse(&format!("https://{text}"));
            let _ = Link::parse(&format!("manyhands:{text}"));
        }

        #[test]
        fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Link::from_bytes(&bytes);
            bytes.insert(0, 1);
            let check = blake3::hash(&bytes);
            bytes.extend_from_slice(&check.as_bytes()[..4]);
            let _ = Link::from_bytes(&bytes);
        }

        #[test]
        fn links_survive_every_form(a: [u8; 32], s: [u8; 16], flags in 0u8..8,
                                    ports in proptest::collection::vec(any::<(bool, u16)>(), 0..=4)) {
            let mut link = Link::open(ChannelKey(a), Secret::new(s));
            (link.personal, link.veiled, link.relays_only) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
            link.hints = ports.iter().map(|(v6, port)| {
                let ip: std::net::IpAddr = if *v6 { [7u8; 16].into() } else { [7u8; 4].into() };
                (ip, *port).into()
            }).collect();
            for form in [link.to_text(), link.to_uri(), link.to_web("h"), link.to_qr()] {
                let read = Link::parse(&form).unwrap();
                prop_assert!(same(&read, &link));
                prop_assert_eq!(&read.hints, &link.hints);
            }
        }
    }
}
