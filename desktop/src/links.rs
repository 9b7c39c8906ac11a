//! Links on the command line: where they come from, and what they say.

use std::fs;
use std::io::{self, Read};

use manyhands_session::{Link, LinkError, Ticket, TicketError};
use serde_json::json;

use crate::events::Printer;
use crate::failure::{Exit, Failure};
use crate::qr;

/// The longest file that is read in search of a link; a telephone's photograph has 3 to 15 MB.
const MAX_FILE: u64 = 32 << 20;
/// The variable that is read when the command line has no link.
const VARIABLE: &str = "MANYHANDS_LINK";

/// Reads the link from where the command line says, or from the environment.
pub(crate) fn read(source: Option<&str>) -> Result<Link, Failure> {
    let text = match source {
        Some(source) => secret_text(source)?,
        None => std::env::var(VARIABLE).map_err(|_| {
            Failure::new(
                Exit::Usage,
                format!("no link: give one as LINK, - (standard input), @FILE or in {VARIABLE}"),
            )
        })?,
    };
    parse(&text)
}

/// Whether the environment has a link.
pub(crate) fn is_in_environment() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// A link's or a ticket's text from where the command line says: itself, `-` for standard input, or
/// `@FILE`; either can also be a picture of its code. Process lists are public, and it is a secret.
fn secret_text(source: &str) -> Result<String, Failure> {
    match (source, source.strip_prefix('@')) {
        ("-", _) => read_text(io::stdin(), "standard input"),
        (_, Some(path)) => {
            let file = fs::File::open(path).map_err(|e| Failure::local(path, e))?;
            read_text(file, path)
        }
        (text, None) => Ok(text.to_owned()),
    }
}

/// Reads the relays' tickets.
pub(crate) fn tickets(sources: &[String]) -> Result<Vec<Ticket>, Failure> {
    if sources.iter().filter(|source| *source == "-").count() > 1 {
        return Err(Failure::new(Exit::Usage, "only one ticket can come from standard input"));
    }
    let mut tickets: Vec<Ticket> = Vec::new();
    for source in sources {
        let text = secret_text(source)?;
        let ticket =
            Ticket::parse(&text).map_err(|e: TicketError| Failure::new(Exit::BadLink, e))?;
        if tickets.iter().all(|known| known.relay != ticket.relay) {
            tickets.push(ticket);
        }
    }
    Ok(tickets)
}

/// Reads a link's text.
pub(crate) fn parse(text: &str) -> Result<Link, Failure> {
    let link = Link::parse(text).map_err(|e: LinkError| Failure::new(Exit::BadLink, e))?;
    if link.personal || link.veiled || link.relays_only {
        return Err(Failure::not_yet("watching by a personal, veiled or relays-only link"));
    }
    Ok(link)
}

/// `link show`: what a link says, without its secret.
pub(crate) fn show(source: Option<&str>, printer: Printer) -> Result<(), Failure> {
    let link = read(source)?;
    let hints: Vec<String> = link.hints.iter().map(ToString::to_string).collect();
    printer.event(
        "link",
        json!({
            "version": 1,
            "channel": link.channel.short(),
            "invite": link.invite_id(),
            "personal": link.personal,
            "veiled": link.veiled,
            "relays_only": link.relays_only,
            "hints": hints,
        }),
    );
    printer.say(&format!("Channel     {}", link.channel.short()));
    printer.say(&format!("Invitation  {} (anyone with the link)", link.invite_id()));
    let hints = if hints.is_empty() { "none".to_owned() } else { hints.join(", ") };
    printer.say(&format!("Addresses   {hints}"));
    Ok(())
}

fn read_text(source: impl Read, name: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    source.take(MAX_FILE).read_to_end(&mut bytes).map_err(|e| Failure::local(name, e))?;
    // No picture is UTF-8: each begins with a byte that no text has, or has its length early on.
    String::from_utf8(bytes).or_else(|other| {
        qr::read(other.as_bytes()).map_err(|e| Failure::new(Exit::BadLink, format!("{name}: {e}")))
    })
}
