"""A second, independent reading of the formats: checks every vector with Python's own libraries.

Written from docs/protocol.md, not from the Rust code. Needs `cryptography` and `blake3`:
    python3 tests/vectors/check.py
"""

import base64
import hashlib
import json
import pathlib
import struct

from blake3 import blake3
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

HERE = pathlib.Path(__file__).parent
un = bytes.fromhex


def cases(name):
    return json.loads((HERE / name).read_text())["cases"]


def kdf(context, *inputs):
    return blake3(b"".join(inputs), derive_key_context="manyhands 1 " + context).digest()


def b3(data):
    return blake3(data).digest()


def public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def signed(context, message):
    return b"manyhands 1 " + context.encode() + b"\0" + message


def sign(seed, context, message):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(signed(context, message))


def verify(key, context, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed(context, message))
        return True
    except InvalidSignature:
        return False


def hchacha20(key, nonce):
    mask = 0xFFFFFFFF
    x = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for p, q, r, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[p] = (x[p] + x[q]) & mask
            v = x[r] ^ x[p]
            x[r] = ((v << n) | (v >> (32 - n))) & mask

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<8I", *x[:4], *x[12:])


def xopen(key, aad, sealed):
    subkey = hchacha20(key, sealed[:16])
    return ChaCha20Poly1305(subkey).decrypt(bytes(4) + sealed[16:24], sealed[24:], aad)


def opens(key, nonce, sealed, aad):
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, sealed, aad)
    except InvalidTag:
        return None


def check_kdf():
    for c in cases("kdf.json"):
        material = b"".join(map(un, c["inputs"]))
        assert blake3(material, derive_key_context=c["context"]).hexdigest() == c["output"]


def check_signature():
    for c in cases("signature.json"):
        message, signature, key = un(c["message"]), un(c["signature"]), un(c["public"])
        assert public(un(c["seed"])) == key and signed(c["context"], message) == un(c["signed"])
        assert sign(un(c["seed"]), c["context"], message) == signature
        assert not any(verify(key, other, message, signature) for other in c["must_fail_as"])


def check_member():
    for c in cases("member.json"):
        m = kdf("member", un(c["channel"]), un(c["invite"]))
        eid, e, run = un(c["eid"]), un(c["E"]), un(c["run"])
        assert m == un(c["M"]) and kdf("member sign", m, eid) == un(c["seed"])
        assert public(un(c["seed"])) == un(c["P"]) and kdf("member wrap", m, eid) == un(c["W"])
        for name in ("commit", "past", "head"):
            assert kdf(name, e, run) == un(c[name])
        assert kdf("content", e, run, struct.pack("<IB", c["epoch"], c["track"])) == un(c["content"])


def hint(text):
    ip, port = text.rsplit(":", 1)
    import ipaddress
    ip = ipaddress.ip_address(ip.strip("[]"))
    return bytes([ip.version]) + ip.packed + struct.pack("<H", int(port))


def check_link():
    for c in cases("link.json"):
        if "refused" in c:
            text = c["text"]
            try:
                raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            except ValueError:
                raw = b""
            sound = len(raw) > 4 and b3(raw[:-4])[:4] == raw[-4:]
            newer = sound and (raw[0] > 1 or raw[1] > 7)
            assert newer == (c["refused"] == "newer") and (newer or not sound or raw[50] > 4)
            continue
        flags = c["personal"] | c["veiled"] << 1 | c["relays_only"] << 2
        body = bytes([1, flags]) + un(c["channel"]) + un(c["invite"]) + bytes([len(c["hints"])])
        body += b"".join(map(hint, c["hints"]))
        raw = body + b3(body)[:4]
        text = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        assert raw == un(c["bytes"]) and text == c["text"]
        assert c["uri"] == "manyhands:" + text and c["web"] == "https://example.org/#" + text
        assert c["qr"] == "MANYHANDS:" + base64.b32encode(raw).decode().rstrip("=")
        assert c["invite_id"] == b3(un(c["invite"]))[:4].hex()


def check_cert():
    key = None
    for c in cases("cert.json"):
        raw = un(c["bytes"])
        if "refused" in c:
            started, expires = struct.unpack_from("<QQ", raw, 122)
            assert expires - started > 86_400_000 or not verify(key, "cert", raw[:138], raw[138:])
            continue
        key = public(un(c["channel_seed"]))
        flags = c["private"] | c["veiled"] << 1 | c["retired"] << 2
        times = (c["broadcast"], int(c["started_ms"]), int(c["expires_ms"]))
        body = bytes([1, flags]) + key + un(c["B"]) + un(c["X"]) + un(c["run"])
        body += struct.pack("<QQQ", *times)
        assert raw == body + sign(un(c["channel_seed"]), "cert", body) and len(raw) == 202


def check_roster():
    good, bad = cases("roster.json")
    raw = un(good["bytes"])
    run, eid, e, epoch = un(good["run"]), un(good["eid"]), un(good["E"]), good["epoch"]
    n = struct.unpack_from("<H", raw, 73)[0]
    entries = [(raw[75 + 80 * i:107 + 80 * i], raw[107 + 80 * i:155 + 80 * i]) for i in range(n)]
    at = 75 + 80 * n
    r = struct.unpack_from("<H", raw, at)[0]
    tags = [raw[at + 2 + 8 * i:at + 10 + 8 * i] for i in range(r)]
    past = raw[at + 2 + 8 * r:]
    assert raw[:73] == (bytes([1]) + run + struct.pack("<I", epoch) + eid
                        + struct.pack("<I", good["rev"]) + kdf("commit", e, run))
    assert entries == sorted(entries) and n == 16 and r % 8 == 0 and len(past) == 1192
    assert [(un(x["P"]), un(x["wrap"])) for x in good["entries"]] == entries
    assert b3(raw).hex() == good["hash"]
    table, channel = dict(entries), un(good["channel"])

    def keys(invite):
        m = kdf("member", channel, un(invite))
        return public(kdf("member sign", m, eid)), kdf("member wrap", m, eid)

    for kind, expected in (("member_invites", e), ("keyless_invites", None)):
        for invite in good[kind]:
            p, w = keys(invite)
            aad = run + struct.pack("<I", epoch) + eid + p
            assert opens(w, bytes(12), table[p], aad) == expected
    for invite in good["revoked_invites"]:
        p, _ = keys(invite)
        assert p not in table and p[:8] in tags
    plain = xopen(kdf("past", e, run), b"", past)
    places = b"".join(struct.pack("<I", x["epoch"]) + un(x["E"]) for x in good["past"])
    assert plain == places.ljust(32 * 36, b"\0")
    raw = un(bad["bytes"])
    assert raw[75:107] > raw[155:187]


def check_head():
    good, bad = cases("head.json")
    raw, run = un(good["bytes"]), un(good["run"])
    body = bytes([1]) + run + struct.pack("<QQBIQ", good["head_no"], good["issued_ms"],
                                          good["state"], good["epoch"], good["epoch_from_ms"])
    body += un(good["roster"]) + bytes([len(good["tracks"])])
    body += b"".join(struct.pack("<BBHHI", track, k | parity << 7, *rest)
                     for track, k, parity, *rest in good["tracks"])
    plain = un(good["sealed_plain"])
    body += struct.pack("<H", len(plain) + 40)
    assert raw[:len(body)] == body and len(raw) == len(body) + len(plain) + 40 + 64
    assert xopen(kdf("head", un(good["E"]), run), body, raw[len(body):-64]) == plain
    key = public(un(good["B_seed"]))
    assert verify(key, "head", raw[:-64], raw[-64:])
    raw = un(bad["bytes"])
    assert not verify(key, "head", raw[:-64], raw[-64:])


def seal(e, run, epoch, track, chunk, flags, plaintext):
    ck = kdf("content", e, run, struct.pack("<IB", epoch, track))
    nonce = struct.pack("<IQ", 0, chunk)
    aad = run + struct.pack("<IBIBI", epoch, track, chunk, flags, len(plaintext))
    sealed = ChaCha20Poly1305(ck).encrypt(nonce, plaintext, aad)
    return struct.pack("<BI", flags, len(plaintext)) + sealed, ck, nonce, aad


def check_chunk():
    for c in cases("chunk.json"):
        name = (un(c["E"]), un(c["run"]), c["epoch"], c["track"], c["chunk"])
        sealed, ck, nonce, aad = seal(*name, c["flags"], un(c["plaintext"]))
        assert (sealed, ck, nonce, aad) == tuple(un(c[x]) for x in ("sealed", "CK", "nonce", "aad"))
        wrong = un(c["does_not_open"])
        changed = aad[:-5] + wrong[:1] + aad[-4:]
        assert opens(ck, nonce, wrong[5:], changed) is None


def pieces_of(c, sealed):
    k = c["K"]
    part_len = -(-len(sealed) // k)
    padded = sealed.ljust(part_len * k, b"\0")
    parts = [padded[i * part_len:(i + 1) * part_len] for i in range(k)]
    parity = bytes(part_len)
    for part in parts:
        parity = bytes(a ^ b for a, b in zip(parity, part))
    count = min(16, -(-part_len // 16384))
    size = -(-part_len // count)
    for substream, part in enumerate(parts + [parity]):
        cut = [part[i:i + size] for i in range(0, part_len, size)]
        for number, data in enumerate(cut):
            yield struct.pack("<BBBBIIHH", c["track"], substream << 4 | c["flags"],
                              number << 4 | len(cut) - 1, c["epoch"] % 256, c["chunk"],
                              c["capture_ms"], c["next_due_ms"], len(data)), data


def check_piece():
    for c in cases("piece.json"):
        plaintext = bytes((31 * i + 1) % 256 for i in range(c["plaintext_len"]))
        name = (un(c["E"]), un(c["run"]), c["epoch"], c["track"], c["chunk"], c["flags"])
        sealed = seal(*name, plaintext)[0]
        assert b3(sealed).hex() == c["sealed_hash"]
        made = list(pieces_of(c, sealed))
        assert len(made) == len(c["pieces"])
        for (header, data), shown in zip(made, c["pieces"]):
            assert header == un(shown["header"]) and b3(data) == un(shown["data_hash"])
            assert data == un(shown.get("data", data.hex()))
            message = un(c["run"]) + header + b3(data)
            assert sign(un(c["B_seed"]), "piece", message) == un(shown["signature"])


def check_proof():
    for c in cases("proof.json"):
        eid, role = un(c["eid"]), {"dialler": 0, "listener": 1}[c["role"]]
        context = bytes([role]) + b3(un(c["spki_dialler"])) + b3(un(c["spki_listener"])) + eid
        assert context == un(c["exporter_context"])
        assert un(c["hello"]) == eid + struct.pack("<Q", c["broadcast"])
        seed = kdf("member sign", kdf("member", un(c["channel"]), un(c["invite"])), eid)
        assert un(c["proof"]) == public(seed) + sign(seed, "proof", un(c["exported"]))


def check_ticket():
    for c in cases("ticket.json"):
        text = c["text"]
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
        sound = len(raw) > 4 and kdf("ticket", raw[:-4])[:4] == raw[-4:]
        if "refused" in c:
            why = c["refused"]
            assert (sound and raw[0] > 1) == (why == "newer")
            assert (sound and raw[0] == 1 and raw[49] == 0) == (why == "nowhere")
            link = len(raw) > 4 and b3(raw[:-4])[:4] == raw[-4:]
            assert link == (why == "link") and (why != "damaged" or not sound or raw[49] > 4)
            continue
        body = b"\x01" + b3(un(c["spki"])) + un(c["permit"]) + bytes([len(c["hints"])])
        body += b"".join(map(hint, c["hints"]))
        assert sound and raw[:-4] == body and b3(un(c["spki"])) == un(c["relay"])


def check_permit():
    for c in cases("permit.json"):
        run, flags, cert = un(c["run"]), bytes([c["shielded"]]), un(c["cert"])
        context = b"\0" + b3(un(c["spki_dialler"])) + b3(un(c["spki_listener"])) + run
        assert context == un(c["exporter_context"]) and cert[98:114] == run
        assert cert[34:66] == public(un(c["broadcaster_seed"]))
        signature = sign(un(c["broadcaster_seed"]), "permit", un(c["exported"]) + flags)
        assert un(c["bytes"]) == un(c["permit"]) + flags + cert + signature


def check_lan():
    for c in cases("lan.json"):
        mark, hour = un(c["mark"]), struct.pack("<I", c["hour"])
        assert len(mark) == 16 and mark[8:] == kdf("lan", un(c["channel"]), mark[:8], hour)[:8]


# Ed25519's curve (RFC 8032, section 5.1), for what a library doesn't offer: other scalars than
# those that follow from a seed.
Q = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, Q) % Q


def decompress(raw):
    sign, y = raw[31] >> 7, int.from_bytes(raw, "little") % 2**255
    square = (y * y - 1) * pow(D * y * y + 1, -1, Q) % Q
    x = pow(square, (Q + 3) // 8, Q)
    if x * x % Q != square:
        x = x * pow(2, (Q - 1) // 4, Q) % Q
    assert x * x % Q == square
    return (x if x & 1 == sign else Q - x), y


def compress(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def add(a, b):
    product = D * a[0] * b[0] * a[1] * b[1] % Q
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, Q)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, Q)
    return x % Q, y % Q


def times(scalar, point):
    total = (0, 1)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


BASE = decompress((4 * pow(5, -1, Q) % Q).to_bytes(32, "little"))


def sha512(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER


def entry(text, node):
    version, ip, port = struct.unpack("<B%dsH" % (len(hint(text)) - 3), hint(text))
    return bytes([version]) + ip.ljust(16, b"\0") + struct.pack("<H", port) + un(node)


def check_meeting():
    for c in cases("meeting.json"):
        channel, day = un(c["channel"]), struct.pack("<I", c["day"])
        secret = kdf("meet", channel, un(c["invite"]))
        wide = blake3(channel + secret + day, derive_key_context="manyhands 1 dht blind")
        f = int.from_bytes(wide.digest(64), "little") % ORDER
        assert secret == un(c["L"]) and f.to_bytes(32, "little") == un(c["f"])
        place = compress(times(f, decompress(channel)))
        assert place == un(c["place"]) and kdf("dht seal", channel, secret, day) == un(c["key"])
        plain = bytes([1, c["status"]]) + struct.pack("<QQ", c["issued_ms"], c["started_ms"])
        plain += bytes([len(c["entries"])]) + b"".join(entry(*e) for e in c["entries"])
        plain = plain.ljust(896, b"\0")
        value = un(c["value"])
        assert plain == un(c["plain"]) and xopen(un(c["key"]), b"", value) == plain
        assert c["seq"] == c["issued_ms"] // 1000 and c["day"] == c["seq"] // 86_400
        expanded = hashlib.sha512(un(c["channel_seed"])).digest()
        low = bytes([expanded[0] & 248]) + expanded[1:31] + bytes([expanded[31] & 63 | 64])
        a = int.from_bytes(low, "little") * f % ORDER
        message = b"3:seqi%de1:v%d:" % (c["seq"], len(value)) + value
        r = sha512(kdf("dht prefix", expanded[32:], un(c["f"])), message)
        point = compress(times(r, BASE))
        s = (r + sha512(point, place, message) * a) % ORDER
        assert point + s.to_bytes(32, "little") == un(c["signature"])
        Ed25519PublicKey.from_public_bytes(place).verify(un(c["signature"]), message)


if __name__ == "__main__":
    for check in (check_kdf, check_signature, check_member, check_link, check_cert, check_roster,
                  check_head, check_chunk, check_piece, check_proof, check_ticket, check_permit,
                  check_lan, check_meeting):
        check()
        print(check.__name__, "ok")
