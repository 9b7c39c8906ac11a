//! Proofs.

use super::*;
use crate::Member;
use crate::proof::{EXPORTER_LABEL, EXPORTER_LEN, Hello, Proof, Role, exporter_context};

#[test]
fn proof_vectors_hold() {
    let (spki_d, spki_l) = (b"SPKI of the dialler".as_slice(), b"SPKI of the listener".as_slice());
    let hello = Hello { eid: EID, broadcast: 5 };
    let member = Member::new(&Link::open(channel_key(), Secret::new(S)), None);
    let case = |role, name: &str| {
        let exported = [0x88; EXPORTER_LEN];
        let proof = member.prove(&hello, &exported).unwrap();
        assert_eq!(Proof::parse(&proof.to_bytes()), Ok(proof));
        json!({
            "role": name, "spki_dialler": hex(spki_d), "spki_listener": hex(spki_l),
            "eid": hex(EID.0), "broadcast": 5, "hello": hex(hello.to_bytes()),
            "exporter_label": String::from_utf8_lossy(EXPORTER_LABEL),
            "exporter_context": hex(exporter_context(role, spki_d, spki_l, &EID)),
            "exported": hex(exported), "channel": hex(channel_key().0), "invite": hex(S),
            "proof": hex(proof.to_bytes()),
        })
    };
    let cases = json!([case(Role::Dialler, "dialler"), case(Role::Listener, "listener")]);
    let about = "PROOF. The exported value is given: in reality TLS makes it of label and context.";
    settle("proof.json", about, cases);
}
