//! A relay's ticket: what the keeper of a relay gives to a broadcaster. A ticket is a secret.
//!
//! `ver u8 | BLAKE3(SPKI) 32 | permit 16 | n u8 | n × hint | check 4`, as Base64url. The check has a
//! context of its own, so that nobody takes a link for a ticket; like a link's it protects nothing.

use std::fmt;
use std::net::SocketAddr;

use data_encoding::BASE64URL_NOPAD;

use crate::format::Reader;
use crate::{FormatError, Link, Secret, hint, kdf};

const CHECK_LEN: usize = 4;
/// A longer text is no ticket: the longest has 175 characters.
const MAX_TEXT_LEN: usize = 4096;

/// Leave to put a relay to work.
#[derive(Clone)]
pub struct Ticket {
    /// BLAKE3 of the relay's DER SubjectPublicKeyInfo: nobody else is believed at its addresses.
    pub relay: [u8; 32],
    /// What the relay wants to be shown.
    pub permit: Secret<[u8; 16]>,
    /// Where it can be dialled, at most [`MAX_HINTS`](crate::MAX_HINTS); further ones are not written.
    pub hints: Vec<SocketAddr>,
}

/// Why a ticket can't be used, in words for the person who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Cut, mistyped, or not a ticket at all.
    #[error(
        "this ticket is damaged: {0}. Copy the whole ticket again, or ask the relay's keeper for it"
    )]
    Damaged(&'static str),
    /// It is a link.
    #[error(
        "this is a link to watch by, not a relay's ticket. Ask the relay's keeper for a ticket"
    )]
    Link,
    /// It names no address.
    #[error(
        "this ticket names no address. Ask the relay's keeper to start it with --public ADDR:PORT"
    )]
    Nowhere,
    /// Made by a newer version of the program.
    #[error(
        "this ticket was made by a newer version of Manyhands. Update the program and try again"
    )]
    NewerVersion,
}

impl Ticket {
    /// The text: Base64url, no padding.
    pub fn to_text(&self) -> String {
        let mut out = Vec::with_capacity(160);
        out.push(1);
        out.extend_from_slice(&self.relay);
        out.extend_from_slice(self.permit.expose());
        hint::write(&mut out, &self.hints);
        let check = check(&out);
        out.extend_from_slice(&check);
        BASE64URL_NOPAD.encode(Secret::new(out).expose())
    }

    /// Reads a ticket's text; white space doesn't count.
    ///
    /// # Errors
    /// See [`TicketError`].
    pub fn parse(text: &str) -> Result<Self, TicketError> {
        if text.len() > MAX_TEXT_LEN {
            return Err(TicketError::Damaged("it is too long"));
        }
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let text = Secret::new(text);
        if text.expose().is_empty() {
            return Err(TicketError::Damaged("it is empty"));
        }
        read_text(text.expose()).map_err(|error| {
            let is_link = Link::parse(text.expose()).is_ok();
            if is_link { TicketError::Link } else { error }
        })
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(…)")
    }
}

fn read_text(text: &str) -> Result<Ticket, TicketError> {
    const CHANGED: TicketError = TicketError::Damaged("a part of it is missing or was changed");
    let bytes = BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes());
    let bytes = Secret::new(bytes.map_err(|_| CHANGED)?);
    let (body, sum) = bytes.expose().split_last_chunk::<CHECK_LEN>().ok_or(CHANGED)?;
    if check(body) != *sum {
        return Err(CHANGED);
    }
    let ticket = read_body(body).map_err(|error| match error {
        FormatError::Version(_) => TicketError::NewerVersion,
        _ => TicketError::Damaged("its content is not that of a ticket"),
    })?;
    if ticket.hints.is_empty() { Err(TicketError::Nowhere) } else { Ok(ticket) }
}

fn read_body(body: &[u8]) -> Result<Ticket, FormatError> {
    let mut r = Reader::new(body);
    r.version()?;
    let (relay, permit) = (r.array()?, Secret::new(r.array()?));
    let hints = hint::read(&mut r)?;
    r.end()?;
    Ok(Ticket { relay, permit, hints })
}

fn check(body: &[u8]) -> [u8; CHECK_LEN] {
    *kdf::expand(kdf::TICKET, &[body]).expose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChannelKey;
    use proptest::prelude::*;

    fn ticket() -> Ticket {
        let hints = vec!["192.0.2.7:4433".parse().unwrap(), "[2001:db8::1]:9".parse().unwrap()];
        Ticket { relay: [0xa5; 32], permit: Secret::new([0x5a; 16]), hints }
    }

    fn same(a: &Ticket, b: &Ticket) -> bool {
        a.relay == b.relay && a.permit.expose() == b.permit.expose() && a.hints == b.hints
    }

    #[test]
    fn a_ticket_reads_back_however_it_was_wrapped() {
        let text = ticket().to_text();
        let (front, back) = text.split_at(40);
        for form in [text.clone(), format!(" {front}\r\n{back}\n"), format!("{text}==")] {
            assert!(same(&Ticket::parse(&form).unwrap(), &ticket()), "{form}");
        }
    }

    #[test]
    fn a_cut_or_mistyped_ticket_is_damaged() {
        let text = ticket().to_text();
        for len in 0..text.len() {
            assert!(matches!(Ticket::parse(&text[..len]), Err(TicketError::Damaged(_))), "{len}");
        }
        for at in 0..text.len() {
            let mut typed = text.clone().into_bytes();
            typed[at] = if typed[at] == b'A' { b'B' } else { b'A' };
            let typed = String::from_utf8(typed).unwrap();
            assert!(matches!(Ticket::parse(&typed), Err(TicketError::Damaged(_))), "{at}");
        }
    }

    #[test]
    fn a_link_is_no_ticket_and_a_ticket_no_link() {
        let link = Link::open(ChannelKey([1; 32]), Secret::new([2; 16]));
        for text in [link.to_text(), link.to_uri(), link.to_qr()] {
            assert_eq!(Ticket::parse(&text).unwrap_err(), TicketError::Link);
        }
        assert!(matches!(Link::parse(&ticket().to_text()), Err(crate::LinkError::Damaged(_))));
    }

    #[test]
    fn a_newer_ticket_and_one_without_an_address_say_so() {
        let newer = {
            let mut body = BASE64URL_NOPAD.decode(ticket().to_text().as_bytes()).unwrap();
            body.truncate(body.len() - CHECK_LEN);
            body[0] = 2;
            let check = check(&body);
            body.extend_from_slice(&check);
            BASE64URL_NOPAD.encode(&body)
        };
        assert_eq!(Ticket::parse(&newer).unwrap_err(), TicketError::NewerVersion);
        let nowhere = Ticket { hints: Vec::new(), ..ticket() };
        assert_eq!(Ticket::parse(&nowhere.to_text()).unwrap_err(), TicketError::Nowhere);
    }

    #[test]
    fn messages_are_one_line_and_debug_shows_nothing() {
        let all = [
            TicketError::Damaged("it is empty"),
            TicketError::Link,
            TicketError::Nowhere,
            TicketError::NewerVersion,
        ];
        assert!(all.iter().all(|error| !error.to_string().contains('\n')));
        assert_eq!(format!("{:?}", ticket()), "Ticket(…)");
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
            let _ = Ticket::parse(&text);
        }

        #[test]
        fn arbitrary_bodies_never_panic(mut body in proptest::collection::vec(any::<u8>(), 0..200)) {
            body.insert(0, 1);
            let check = check(&body);
            body.extend_from_slice(&check);
            let _ = Ticket::parse(&BASE64URL_NOPAD.encode(&body));
        }
    }
}
