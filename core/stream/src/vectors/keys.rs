//! Key derivation, signatures, members' keys, links.

use super::*;
use crate::sign::{self, Context};
use crate::{EpochKeys, LinkError, MemberSecret, PublicKey};

#[test]
fn kdf_vectors_hold() {
    let day = 19_675u32.to_le_bytes().to_vec();
    let contexts: [(&str, Vec<Vec<u8>>); 12] = [
        (kdf::MEMBER, vec![channel_key().0.to_vec(), S.to_vec()]),
        (kdf::MEMBER_SIGN, vec![vec![7; 32], EID.0.to_vec()]),
        (kdf::MEMBER_WRAP, vec![vec![7; 32], EID.0.to_vec()]),
        (kdf::COMMIT, vec![E.to_vec(), RUN.0.to_vec()]),
        (kdf::PAST, vec![E.to_vec(), RUN.0.to_vec()]),
        (kdf::HEAD, vec![E.to_vec(), RUN.0.to_vec()]),
        (kdf::CONTENT, vec![E.to_vec(), RUN.0.to_vec(), 300u32.to_le_bytes().to_vec(), vec![1]]),
        (kdf::LAN, vec![channel_key().0.to_vec(), vec![7; 8], 472_222u32.to_le_bytes().to_vec()]),
        (kdf::MEET, vec![channel_key().0.to_vec(), S.to_vec()]),
        (kdf::DHT_SEAL, vec![channel_key().0.to_vec(), vec![7; 32], day]),
        (kdf::DHT_PREFIX, vec![vec![7; 32], vec![8; 32]]),
        (kdf::TICKET, vec![vec![9; 57]]),
    ];
    let case = |(context, inputs): (&str, Vec<Vec<u8>>)| {
        let slices: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        let out = kdf::derive(context, &slices);
        let full = format!("manyhands 1 {context}");
        json!({ "context": full, "inputs": hexes(&inputs), "output": hex(out.expose()) })
    };
    let cases = contexts.into_iter().map(case).collect();
    settle("kdf.json", "BLAKE3 derive_key(context, inputs joined), 32 bytes.", cases);
}

#[test]
fn signature_vectors_hold() {
    let key = broadcaster();
    let public = PublicKey::from(key.verifying_key());
    let all = [Context::Cert, Context::Head, Context::Piece, Context::Proof, Context::Permit];
    let case = |context: Context| {
        let name = format!("{context:?}").to_lowercase();
        let signature = sign::sign(&key, context, &[b"message"]);
        let others = all.into_iter().filter(|other| *other != context);
        for other in others.clone() {
            assert!(!public.verify(other, &[b"message"], &signature));
        }
        let signed = [format!("manyhands 1 {name}\0").as_bytes(), b"message"].concat();
        json!({
            "seed": hex(BROADCASTER_SEED), "public": hex(public.0), "context": name,
            "message": hex(b"message"), "signed": hex(signed), "signature": hex(signature),
            "must_fail_as": others.map(|o| format!("{o:?}").to_lowercase()).collect::<Vec<_>>(),
        })
    };
    let cases = all.into_iter().map(case).collect();
    let about = "Ed25519 (strict verification) over \"manyhands 1 \" + context + NUL + message.";
    settle("signature.json", about, cases);
}

#[test]
fn member_vectors_hold() {
    let member = MemberSecret::open(&channel_key(), &Secret::new(S));
    let seed = kdf::derive(kdf::MEMBER_SIGN, &[member.secret().expose(), &EID.0]);
    let keys = EpochKeys::new(300, Secret::new(E));
    let case = json!({
        "channel": hex(channel_key().0), "invite": hex(S), "eid": hex(EID.0),
        "M": hex(member.secret().expose()), "seed": hex(seed.expose()),
        "P": hex(member.key(&EID).0), "W": hex(member.wrap_key(&EID).expose()),
        "E": hex(E), "run": hex(RUN.0), "epoch": 300, "track": 1,
        "commit": hex(keys.commit(&RUN)), "past": hex(keys.past_key(&RUN).expose()),
        "head": hex(keys.head_key(&RUN).expose()),
        "content": hex(keys.content_key(&RUN, 1).expose()),
    });
    settle("member.json", "An open invitation's keys, and an epoch's.", json!([case]));
}

#[test]
fn link_vectors_hold() {
    let mut link = Link::open(channel_key(), Secret::new(S));
    let plain = link_case(&link);
    link.hints = vec!["192.0.2.7:4433".parse().unwrap(), "[2001:db8::1]:65535".parse().unwrap()];
    let hints = link_case(&link);
    (link.personal, link.veiled, link.relays_only) = (true, true, true);
    let mut cases = vec![plain, hints, link_case(&link)];
    let text = link.to_text();
    let resealed = |at: usize, byte: u8| {
        let mut bytes = link.to_bytes().expose().clone();
        bytes.truncate(bytes.len() - 4);
        bytes[at] = byte;
        let check = blake3::hash(&bytes);
        bytes.extend_from_slice(&check.as_bytes()[..4]);
        data_encoding::BASE64URL_NOPAD.encode(&bytes)
    };
    let refused = [
        (text[..text.len() - 1].to_owned(), "damaged"),
        (text.replacen('A', "B", 1), "damaged"),
        ("https://example.org/".to_owned(), "damaged"),
        (resealed(50, 5), "damaged"),
        (resealed(0, 2), "newer"),
        (resealed(1, 8), "newer"),
    ];
    for (text, why) in refused {
        let newer = matches!(Link::parse(&text), Err(LinkError::NewerVersion));
        assert!(Link::parse(&text).is_err() && newer == (why == "newer"), "{text}");
        cases.push(json!({ "text": text, "refused": why }));
    }
    settle("link.json", "Links in all their forms, and texts that must be refused.", cases.into());
}

fn link_case(link: &Link) -> Value {
    let forms = [link.to_text(), link.to_uri(), link.to_web("example.org"), link.to_qr()];
    for form in &forms {
        assert_eq!(Link::parse(form).unwrap().to_bytes().expose(), link.to_bytes().expose());
    }
    let [text, uri, web, qr] = forms;
    json!({
        "personal": link.personal, "veiled": link.veiled, "relays_only": link.relays_only,
        "channel": hex(link.channel.0), "invite": hex(link.secret.expose()),
        "hints": link.hints.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "bytes": hex(link.to_bytes().expose()), "text": text, "uri": uri, "web": web, "qr": qr,
        "invite_id": link.invite_id(),
    })
}
