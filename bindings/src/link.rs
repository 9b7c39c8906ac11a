//! Links and the keys of a channel, as shells keep and show them.

use manyhands_session::{Channel, Link, Secret, Share};

use crate::Failure;

/// What makes a person's channel; to be kept under the device's own key, and nowhere else.
#[derive(Clone, uniffi::Record)]
pub struct ChannelKeys {
    /// The channel's long-lived key, 32 bytes.
    pub seed: Vec<u8>,
    /// The secret of its open invitation, 16 bytes.
    pub invite: Vec<u8>,
}

/// What a link says without its secret.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LinkInfo {
    /// The channel's short code, to compare by eye.
    pub channel: String,
    /// For one person, who claims it at the first use.
    pub personal: bool,
    /// Addresses where somebody may be found.
    pub hints: Vec<String>,
}

/// A link in the forms in which it is handed on. All of them are secrets.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ShareForms {
    /// One whole link, to be sent or copied.
    pub link: String,
    /// It can be tapped in a chat; else the words beside it have to say how to use it.
    pub tappable: bool,
    /// Squares on a side of the code, without the four white ones around it.
    pub code_side: u32,
    /// The code row by row from the top left, a byte a square: 1 is black.
    pub code: Vec<u8>,
}

/// The forms of a link. `host` is the web address that the shell was built with, if there is one.
#[uniffi::export]
pub fn share_forms(link: &str, host: Option<String>) -> Result<ShareForms, Failure> {
    let link = Link::parse(link)?;
    let too_long = || Failure::BadOptions("the link does not fit into a code".into());
    let share = Share::new(&link, host.as_deref()).ok_or_else(too_long)?;
    Ok(ShareForms {
        link: share.link,
        tappable: share.tappable,
        // A code has at most 177 squares on a side.
        code_side: share.code.side as u32,
        code: share.code.black.into_iter().map(u8::from).collect(),
    })
}

/// Keys of a channel that nobody has yet.
#[uniffi::export]
pub fn new_channel() -> ChannelKeys {
    let mut rng = rand::rng();
    let seed = Channel::generate(&mut rng).seed().expose().to_vec();
    ChannelKeys { seed, invite: Secret::<[u8; 16]>::random(&mut rng).expose().to_vec() }
}

/// The open invitation to a channel, as bare text: what it is before the first broadcast, and between
/// two. It has no addresses yet. It is a secret.
#[uniffi::export]
pub fn open_link(keys: ChannelKeys) -> Result<String, Failure> {
    let (channel, invite) = keys.open()?;
    Ok(Link::open(channel.key(), invite).to_text())
}

/// Reads a link in any of its forms.
#[uniffi::export]
pub fn inspect_link(text: &str) -> Result<LinkInfo, Failure> {
    let link = Link::parse(text)?;
    Ok(LinkInfo {
        channel: link.channel.short(),
        personal: link.personal,
        hints: link.hints.iter().map(ToString::to_string).collect(),
    })
}

impl ChannelKeys {
    pub(crate) fn open(&self) -> Result<(Channel, Secret<[u8; 16]>), Failure> {
        let bad = || Failure::BadOptions("a channel's keys have 32 and 16 bytes".into());
        let seed = <[u8; 32]>::try_from(&self.seed[..]).map_err(|_| bad())?;
        let invite = <[u8; 16]>::try_from(&self.invite[..]).map_err(|_| bad())?;
        Ok((Channel::from_seed(Secret::new(seed)), Secret::new(invite)))
    }
}
