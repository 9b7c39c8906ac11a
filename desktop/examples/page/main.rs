//! Serves the page from a picture that ffmpeg makes, without a swarm: for work on the page and for
//! `tests/e2e/page`. Its figures about peers are made up; only the media and the page are real.
//!
//! `cargo run -p manyhands --example page -- [--listen ADDR] [--remote] [--gop SECONDS] [--source LAVFI]
//! [--size WxH] [--rate BITRATE] [--codec NAME] [--no-audio] [--hold] [--state NAME] [--deaf]
//! [--clips DIR]`
//!
//! Prints `{"url"}` and then `{"command"}` for what is done on the page; takes JSON lines on standard
//! input: `{"state": {..}}` is merged into the state, `{"hold": bool}` stops the media, `{"drop": track}`
//! and `{"keep": track}` leave a track out, `{"damage": bool}` spoils the media, `{"size": "small"|"large"}` changes the configuration at the
//! next keyframe, `{"restart": true}` begins the timeline again, `{"bye": true}` shuts down.

mod clip;

use std::{collections::BTreeSet, env, error::Error, io::Write, path::Path, time::Duration};

use clip::Clip;
use manyhands::page::{self, Command, Feed, Media, PageConfig};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    sync::mpsc,
    time::{Instant, interval, sleep_until},
};

const VIDEO: u8 = 0;
const AUDIO: u8 = 1;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options: Vec<String> = env::args().skip(1).collect();
    let has = |name: &str| options.iter().any(|option| option == name);
    let value = |name: &str| options.iter().skip_while(|option| *option != name).nth(1);
    let listen = value("--listen").map_or("127.0.0.1:0", String::as_str).parse()?;
    let config = PageConfig { listen, allow_remote: has("--remote"), title: "Lena's match".into() };
    let feed = Feed::new();
    feed.link(
        "https://manyhands.example/#AbCdEf0123456789-the-link-of-the-example_0123456789".into(),
    );
    feed.link_for_code("MANYHANDS:ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789".into());
    let gop = value("--gop").map_or(Ok(1), |text| text.parse())?;
    let source = value("--source").map_or("testsrc2", String::as_str);
    let size = value("--size").map_or("640x360", String::as_str);
    let rate = value("--rate").map_or("1500k", String::as_str);
    let dir = value("--clips").map(Path::new);
    let mut large = Clip::video(source, size, rate, gop, dir)?;
    if let Some(codec) = value("--codec") {
        large.mime = format!("video/mp4; codecs=\"{codec}\"");
    }
    let clips = Clips {
        large,
        small: Clip::video(source, "426x240", "600k", gop, dir)?,
        audio: if has("--no-audio") { None } else { Some(Clip::audio(dir)?) },
    };
    let (server, commands) = page::serve(config, feed.clone()).await?;
    say(&json!({"url": server.url()}))?;
    let mut player = Player::new(&feed, &clips);
    player.held = has("--hold");
    let state = value("--state").map_or("playing", String::as_str);
    drive(player, first_state(state), commands, has("--deaf")).await?;
    server.shutdown().await;
    Ok(())
}

/// Prints one line at once.
fn say(value: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    out.flush()
}

struct Clips {
    large: Clip,
    small: Clip,
    audio: Option<Clip>,
}

async fn drive(
    mut player: Player<'_>,
    mut state: Value,
    mut commands: mpsc::Receiver<Command>,
    deaf: bool,
) -> Result<(), Box<dyn Error>> {
    let feed = player.feed;
    let mut lines = BufReader::new(stdin()).lines();
    let mut second = interval(Duration::from_secs(1));
    let mut seconds = 0u64;
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => {
                    let order: Value = serde_json::from_str(&line)?;
                    if order.get("bye").is_some() {
                        return Ok(());
                    }
                    merge(&mut state, order.get("state"));
                    feed.state(state.clone());
                    player.obey(&order);
                }
                None => return Ok(()),
            },
            Some(Command::Lend(on)) = commands.recv() => {
                say(&json!({"command": {"lend": on}}))?;
                if !deaf {
                    let reason = if on { "lending" } else { "off" };
                    merge(&mut state, Some(&json!({"lend": {"on": on, "reason": reason}})));
                    feed.state(state.clone());
                }
            }
            _ = second.tick() => {
                seconds += 1;
                wobble(&mut state, seconds);
                feed.state(state.clone());
            }
            () = sleep_until(player.due()) => player.release(),
        }
    }
}

/// Releases the clips as a session would, over and over on one timeline.
struct Player<'a> {
    feed: &'a Feed,
    clips: &'a Clips,
    started: Instant,
    /// Fragments released of each track.
    released: [u64; 2],
    small: bool,
    wants_small: bool,
    held: bool,
    damaged: bool,
    dropped: BTreeSet<u64>,
}

impl<'a> Player<'a> {
    fn new(feed: &'a Feed, clips: &'a Clips) -> Self {
        let player = Self {
            feed,
            clips,
            started: Instant::now(),
            released: [0; 2],
            small: false,
            wants_small: false,
            held: false,
            damaged: false,
            dropped: BTreeSet::new(),
        };
        player.announce(VIDEO, &clips.large);
        if let Some(audio) = &clips.audio {
            player.announce(AUDIO, audio);
        }
        player
    }

    fn announce(&self, track: u8, clip: &Clip) {
        self.feed.media(Media::Init { track, mime: clip.mime.clone(), bytes: clip.init.clone() });
    }

    fn obey(&mut self, order: &Value) {
        if let Some(hold) = order.get("hold").and_then(Value::as_bool) {
            if self.held && !hold {
                self.rewind_to_keyframe();
            }
            self.held = hold;
        }
        if let Some(damage) = order.get("damage").and_then(Value::as_bool) {
            self.damaged = damage;
        }
        if let Some(track) = order.get("drop").and_then(Value::as_u64) {
            self.dropped.insert(track);
        }
        if let Some(track) = order.get("keep").and_then(Value::as_u64) {
            self.dropped.remove(&track);
        }
        if let Some(size) = order.get("size") {
            self.wants_small = size == "small";
        }
        if order.get("restart").is_some() {
            self.started = Instant::now();
            self.released = [0; 2];
        }
    }

    /// Who comes back begins with a keyframe, and hands out at once what has come since then.
    fn rewind_to_keyframe(&mut self) {
        let [audio, video] = [AUDIO, VIDEO].map(usize::from);
        let Some(clip) = self.clip(VIDEO) else { return };
        while self.released[video] > 0 && !clip.is_keyframe(self.released[video]) {
            self.released[video] -= 1;
        }
        let from = clip.at(self.released[video]);
        let Some(clip) = self.clip(AUDIO) else { return };
        while self.released[audio] > 0 && clip.at(self.released[audio]) > from {
            self.released[audio] -= 1;
        }
    }

    fn clip(&self, track: u8) -> Option<&'a Clip> {
        match track {
            AUDIO => self.clips.audio.as_ref(),
            _ if self.small => Some(&self.clips.small),
            _ => Some(&self.clips.large),
        }
    }

    /// The track whose turn it is and the media time at which its next fragment is complete.
    fn turn(&self) -> (u8, u64) {
        let due = |track: u8| {
            let clip = self.clip(track)?;
            Some((clip.at(self.released[usize::from(track)] + 1), track))
        };
        let (ms, track) = due(AUDIO).into_iter().chain(due(VIDEO)).min().unwrap_or((0, VIDEO));
        (track, ms)
    }

    fn due(&self) -> Instant {
        self.started + Duration::from_millis(self.turn().1)
    }

    fn release(&mut self) {
        let (track, _) = self.turn();
        let Some(mut clip) = self.clip(track) else { return };
        let count = &mut self.released[usize::from(track)];
        let number = *count;
        *count += 1;
        if track == VIDEO && self.wants_small != self.small && clip.is_keyframe(number) {
            self.small = self.wants_small;
            clip = self.clip(track).unwrap_or(clip);
            self.announce(track, clip);
        }
        if self.held || self.dropped.contains(&u64::from(track)) {
            return;
        }
        let keyframe = clip.is_keyframe(number);
        let release_ms = clip.at(number);
        let mut bytes = clip.bytes(number);
        if self.damaged {
            bytes = bytes.iter().map(|byte| byte ^ 0x55).collect();
        }
        self.feed.media(Media::Fragment { track, keyframe, release_ms, bytes });
    }
}

fn first_state(state: &str) -> Value {
    json!({
        "state": state, "title": "Lena's match", "latency_ms": 620, "target_ms": 700,
        "stats": {"viewers": 12, "uptime_ms": 0, "position_ms": 0, "stalls": 0, "stalled_ms": 0,
            "depth": 3, "clock_error_ms": 4, "repairs": 7, "buffer_ms": 480, "slot_ratio": 1.31,
            "received": {"media": 0, "repair": 0, "duplicate": 0, "control": 0, "datagram": 0},
            "sent": {"media": 0, "repair": 0, "duplicate": 0, "control": 0, "datagram": 0}},
        "peers": [
            {"peer": "3fa9c1", "from_bps": 520_000, "to_bps": 0, "origin": true},
            {"peer": "b07e44", "from_bps": 760_000, "to_bps": 250_000, "origin": false},
            {"peer": "91d2fe", "from_bps": 510_000, "to_bps": 0, "origin": false},
            {"peer": "5c8810", "from_bps": 255_000, "to_bps": 0, "origin": false},
            {"peer": "e41b7a", "from_bps": 0, "to_bps": 1_010_000, "origin": false},
            {"peer": "27f0d3", "from_bps": 0, "to_bps": 755_000, "origin": false},
        ],
        "lend": {"on": true, "limit_bps": 5_000_000, "reason": "lending", "given_today": 48_000_000u64},
    })
}

/// Keeps the made-up figures moving, so that charts have a shape.
fn wobble(state: &mut Value, seconds: u64) {
    let wave = [0, 14, 31, 22, -6, -18, 9, 40, 12, -11, -25, 3];
    let swing = wave[usize::try_from(seconds).unwrap_or(0) % wave.len()];
    let latency = 620 + swing;
    let given = 48_000_000 + seconds * 250_000;
    let bytes = seconds * 255_000;
    let mut patch = json!({"latency_ms": latency, "stats": {
        "uptime_ms": seconds * 1_000, "position_ms": seconds * 1_000,
        "received": {"media": bytes, "datagram": bytes + bytes / 9},
        "sent": {"media": bytes, "datagram": bytes + bytes / 8},
    }});
    if state["lend"]["on"] == true {
        merge(&mut patch, Some(&json!({"lend": {"given_today": given}})));
    }
    merge(state, Some(&patch));
}

/// RFC 7396: objects are merged, `null` removes, all else replaces.
fn merge(into: &mut Value, patch: Option<&Value>) {
    let Some(Value::Object(patch)) = patch else { return };
    for (name, value) in patch {
        if value.is_object() && into[name].is_object() {
            merge(&mut into[name], Some(value));
        } else {
            into[name] = value.clone();
        }
    }
}
