//! Links that are cut, mistyped, of a newer version, or lead nowhere.

use std::fs;
use std::process::Command;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use manyhands_lab::LabError;

use super::Checks;
use crate::crowd::ORIGIN;
use crate::stage::listen;

const DAMAGED: i32 = 3;
/// The fields of a link that are changed here (`docs/protocol.md`, LINK).
const VERSION_AT: usize = 0;
const FLAGS_AT: usize = 1;
/// Bytes of BLAKE3 over all before, at the end.
const CHECK: usize = 4;
/// As much of a link as nobody else's text has.
const RECOGNISED: usize = 12;

/// A PNG of one grey pixel, in Base64.
const GREY: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

pub(super) fn check(checks: &mut Checks<'_>) -> Result<(), LabError> {
    let path = checks.stage.link_file(ORIGIN);
    let link = fs::read_to_string(&path).map_err(LabError::io("read the link"))?;
    let link = link.trim();
    let cut = link.get(..link.len() - 6).unwrap_or_default().to_owned();
    let links = [
        ("link.cut", cut, "damaged"),
        ("link.mistyped", mistyped(link), "damaged"),
        ("link.other_text", "https://example.org/watch?v=1".into(), "damaged"),
        ("link.empty", String::new(), "damaged"),
        ("link.newer_version", changed(link, VERSION_AT, 2)?, "newer version"),
        ("link.newer_flag", changed(link, FLAGS_AT, 0x80)?, "newer version"),
    ];
    for (name, text, words) in links {
        let file = checks.stage.file(&format!("{name}.txt"));
        fs::write(&file, &text).map_err(LabError::io("write a link"))?;
        checks.refused(name, watch(checks, &format!("@{}", file.display())), (DAMAGED, words))?;
        let said = fs::read_to_string(checks.stage.file(&format!("{name}.err")));
        let start = text.get(..RECOGNISED).filter(|_| text.len() > RECOGNISED);
        let told = start.is_some_and(|start| said.is_ok_and(|said| said.contains(start)));
        let fault = told.then(|| "a link is a secret, and its text is on standard error".into());
        checks.check(&format!("{name}.is_not_told"), fault);
    }
    let picture = BASE64.decode(GREY.as_bytes()).map_err(|e| LabError::Program(e.to_string()))?;
    let cut = picture.get(..picture.len() / 2).unwrap_or_default();
    let pictures = [
        ("link.picture", picture.as_slice(), "no code"),
        ("link.cut_picture", cut, "damaged"),
        ("link.other_file", &[0, 159, 146, 150], "neither text nor a picture"),
    ];
    for (name, bytes, words) in pictures {
        let file = checks.stage.file(name);
        fs::write(&file, bytes).map_err(LabError::io("write a picture"))?;
        checks.refused(name, watch(checks, &format!("@{}", file.display())), (DAMAGED, words))?;
    }
    checks.refused("link.endless", watch(checks, "@/dev/zero"), (DAMAGED, "damaged"))?;
    let mut missing = checks.stage.program("watch");
    missing.args(listen(0));
    checks.refused("link.missing", missing, (2, "no link"))?;
    let mut show = checks.stage.bare_program();
    show.args(["link", "show", "--json", "@"]).arg(checks.stage.file("link.cut.txt"));
    // `@` and the name are one argument; apart, the second is too many.
    checks.refused("link.usage", show, (2, ""))?;
    leads_nowhere(checks, link)
}

/// Nobody is at the addresses that it names.
fn leads_nowhere(checks: &mut Checks<'_>, link: &str) -> Result<(), LabError> {
    let mut bytes = decode(link)?;
    // The last two bytes before the check are the last hint's port.
    let at = bytes.len().saturating_sub(CHECK + 2);
    let port = crate::stage::free_udp_port()?.to_le_bytes();
    for (place, byte) in bytes.iter_mut().skip(at).zip(port) {
        *place = byte;
    }
    let file = checks.stage.file("nowhere.txt");
    fs::write(&file, sealed(bytes)).map_err(LabError::io("write a link"))?;
    let mut command = watch(checks, &format!("@{}", file.display()));
    command.args(["--timeout", "3"]);
    checks.refused("link.nobody_there", command, (4, "reached"))
}

fn watch(checks: &Checks<'_>, link: &str) -> Command {
    let mut command = checks.stage.program("watch");
    command.arg(link).args(listen(0));
    command
}

/// One letter in the middle is another one.
fn mistyped(link: &str) -> String {
    let middle = link.len() / 2;
    let other = |c: char| if c == 'a' { 'b' } else { 'a' };
    link.char_indices().map(|(at, c)| if at == middle { other(c) } else { c }).collect()
}

/// A link with one byte changed whose check is right.
fn changed(link: &str, at: usize, value: u8) -> Result<String, LabError> {
    let mut bytes = decode(link)?;
    if let Some(byte) = bytes.get_mut(at) {
        *byte = value;
    }
    Ok(sealed(bytes))
}

fn decode(link: &str) -> Result<Vec<u8>, LabError> {
    let bad = |error| LabError::Program(format!("the broadcaster's own link: {error}"));
    BASE64URL_NOPAD.decode(link.as_bytes()).map_err(bad)
}

fn sealed(mut bytes: Vec<u8>) -> String {
    bytes.truncate(bytes.len().saturating_sub(CHECK));
    let check = blake3::hash(&bytes);
    bytes.extend(check.as_bytes().iter().take(CHECK));
    BASE64URL_NOPAD.encode(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_link_has_a_right_check_and_a_mistyped_one_has_not() {
        let body: Vec<u8> = (1..=55).chain([0; CHECK]).collect();
        let link = sealed(body.clone());
        assert_eq!(sealed(decode(&link).expect("Base64url")), link);
        let newer = decode(&changed(&link, VERSION_AT, 2).expect("Base64url")).expect("Base64url");
        assert_eq!((newer[0], &newer[1..55]), (2, &body[1..55]));
        assert_ne!(&newer[55..], &decode(&link).expect("Base64url")[55..]);
        let mistyped = decode(&mistyped(&link)).expect("Base64url");
        assert_ne!(sealed(mistyped.clone()), BASE64URL_NOPAD.encode(&mistyped));
    }
}
