//! A relay's ticket, and what a broadcaster shows it.

use super::*;
use crate::proof::{EXPORTER_LABEL, EXPORTER_LEN, Role, exporter_context};
use crate::{Cert, CertFields, Permit, PublicKey, Ticket, TicketError};

const PERMIT: [u8; 16] = [0x99; 16];

fn ticket(hints: &[&str]) -> Ticket {
    let hints = hints.iter().map(|hint| hint.parse().unwrap()).collect();
    Ticket { relay: *blake3::hash(b"SPKI of the relay").as_bytes(), permit: PERMIT.into(), hints }
}

#[test]
fn ticket_vectors_hold() {
    let all = ["192.0.2.7:4433", "[2001:db8::1]:65535"];
    let mut cases: Vec<Value> = [ticket(&all[..1]), ticket(&all)].iter().map(ticket_case).collect();
    let text = ticket(&all).to_text();
    let resealed = |at: usize, byte: u8| {
        let mut bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        bytes.truncate(bytes.len() - 4);
        bytes[at] = byte;
        let check = kdf::derive(kdf::TICKET, &[&bytes]);
        bytes.extend_from_slice(&check.expose()[..4]);
        data_encoding::BASE64URL_NOPAD.encode(&bytes)
    };
    let link = Link::open(channel_key(), Secret::new(S)).to_text();
    let refused = [
        (text[..text.len() - 1].to_owned(), "damaged"),
        (text.replacen('A', "B", 1), "damaged"),
        (resealed(49, 5), "damaged"),
        (resealed(0, 2), "newer"),
        (ticket(&[]).to_text(), "nowhere"),
        (link, "link"),
    ];
    for (text, why) in refused {
        let found = match Ticket::parse(&text).unwrap_err() {
            TicketError::Damaged(_) => "damaged",
            TicketError::NewerVersion => "newer",
            TicketError::Nowhere => "nowhere",
            TicketError::Link => "link",
        };
        assert_eq!(found, why, "{text}");
        cases.push(json!({ "text": text, "refused": why }));
    }
    settle("ticket.json", "A relay's tickets, and texts that must be refused.", cases.into());
}

fn ticket_case(ticket: &Ticket) -> Value {
    let text = ticket.to_text();
    let read = Ticket::parse(&text).unwrap();
    assert_eq!((read.relay, &read.hints), (ticket.relay, &ticket.hints));
    json!({
        "spki": hex(b"SPKI of the relay"), "relay": hex(ticket.relay),
        "permit": hex(ticket.permit.expose()),
        "hints": ticket.hints.iter().map(ToString::to_string).collect::<Vec<_>>(), "text": text,
    })
}

#[test]
fn permit_vectors_hold() {
    let (spki_d, spki_l) = (b"SPKI of the dialler".as_slice(), b"SPKI of the relay".as_slice());
    let fields = CertFields {
        private: false,
        veiled: false,
        retired: false,
        channel: channel_key(),
        broadcaster: PublicKey::from(broadcaster().verifying_key()),
        exchange: [0x77; 32],
        run: RUN,
        broadcast: 5,
        started_ms: 1_700_000_000_000,
        expires_ms: 1_700_000_060_000,
    };
    let cert = Cert::issue(&channel(), fields);
    let exported = [0x88; EXPORTER_LEN];
    let case = |shielded: bool| {
        let permit = Permit::sign(&broadcaster(), &cert, &PERMIT.into(), shielded, &exported);
        let bytes = permit.to_bytes();
        let read = Permit::parse(bytes.expose()).unwrap();
        assert_eq!(read.context(), Eid(RUN.0));
        assert_eq!(read.check(&PERMIT.into(), &exported, 1_700_000_000_000), Ok(()));
        json!({
            "spki_dialler": hex(spki_d), "spki_listener": hex(spki_l), "run": hex(RUN.0),
            "exporter_label": String::from_utf8_lossy(EXPORTER_LABEL),
            "exporter_context": hex(exporter_context(Role::Dialler, spki_d, spki_l, &Eid(RUN.0))),
            "exported": hex(exported), "broadcaster_seed": hex(BROADCASTER_SEED),
            "permit": hex(PERMIT), "shielded": shielded, "cert": hex(cert.bytes()),
            "bytes": hex(bytes.expose()),
        })
    };
    let about =
        "PERMIT. The exported value is given: in reality TLS makes it of label and context.";
    settle("permit.json", about, json!([case(false), case(true)]));
}
