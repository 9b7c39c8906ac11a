//! The page's files, part of the program: nothing is read from disk, nothing comes from elsewhere.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal as $kind:ident),* $(,)?) => {
        &[$(Asset {
            name: $name,
            kind: $kind,
            bytes: include_bytes!(concat!("../../page/", $name)),
        }),*]
    };
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const ASSETS: &[Asset] = assets![
    "icon.svg" as SVG,
    "index.html" as HTML,
    "css/base.css" as CSS,
    "css/details.css" as CSS,
    "css/panels.css" as CSS,
    "css/stage.css" as CSS,
    "js/announce.js" as SCRIPT,
    "js/charts.js" as SCRIPT,
    "js/controls.js" as SCRIPT,
    "js/details.js" as SCRIPT,
    "js/dom.js" as SCRIPT,
    "js/hand.js" as SCRIPT,
    "js/icons.js" as SCRIPT,
    "js/keys.js" as SCRIPT,
    "js/main.js" as SCRIPT,
    "js/overlay.js" as SCRIPT,
    "js/pace.js" as SCRIPT,
    "js/peers.js" as SCRIPT,
    "js/player.js" as SCRIPT,
    "js/post.js" as SCRIPT,
    "js/reach.js" as SCRIPT,
    "js/share.js" as SCRIPT,
    "js/states.js" as SCRIPT,
    "js/still.js" as SCRIPT,
    "js/stream.js" as SCRIPT,
    "js/supply.js" as SCRIPT,
    "js/track.js" as SCRIPT,
    "js/wake.js" as SCRIPT,
    "js/words.js" as SCRIPT,
    "words/de.js" as SCRIPT,
    "words/en.js" as SCRIPT,
    "words/es.js" as SCRIPT,
];

/// The file, or "not found".
pub(super) fn answer(name: &str) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => ([(header::CONTENT_TYPE, asset.kind)], asset.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> &'static str {
        let asset = ASSETS.iter().find(|asset| asset.name == name).unwrap();
        std::str::from_utf8(asset.bytes).unwrap()
    }

    #[test]
    fn the_page_asks_for_all_its_modules_at_once() {
        let page = text("index.html");
        for asset in ASSETS.iter().filter(|asset| asset.kind == SCRIPT) {
            assert!(page.contains(&format!("=\"{}\"", asset.name)), "{}", asset.name);
        }
    }

    #[test]
    fn every_file_that_a_file_names_is_there() {
        for asset in ASSETS.iter().filter(|asset| asset.kind == SCRIPT) {
            for line in text(asset.name).lines().filter(|line| line.starts_with("import ")) {
                let from = line.rsplit('\'').nth(1).unwrap();
                let (_, file) = from.rsplit_once('/').unwrap();
                let folder = if from.starts_with("../words/") { "words" } else { "js" };
                let name = format!("{folder}/{file}");
                assert!(ASSETS.iter().any(|asset| asset.name == name), "{name}");
            }
        }
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        for asset in ASSETS {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            for (at, _) in text.match_indices("://") {
                let rest = text.get(at + 3..).unwrap_or_default();
                assert!(rest.starts_with("www.w3.org/"), "{}: {rest:.40}", asset.name);
            }
        }
    }
}
