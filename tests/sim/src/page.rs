//! The page that replays a run: one file without anything from elsewhere, to be opened as it is.

use crate::recording::Recording;
use std::path::{Path, PathBuf};

const FRAME: &str = include_str!("../page/index.html");
const STYLE: &str = include_str!("../page/style.css");
/// In this order: each uses what those before it have declared.
const SCRIPTS: [&str; 8] = [
    include_str!("../page/run.js"),
    include_str!("../page/tree.js"),
    include_str!("../page/stage.js"),
    include_str!("../page/words.js"),
    include_str!("../page/clock.js"),
    include_str!("../page/choice.js"),
    include_str!("../page/story.js"),
    include_str!("../page/start.js"),
];

/// Viewers at most: more are no picture that an eye can read.
pub const MOST_VIEWERS: u32 = 400;

/// The whole page.
///
/// # Errors
/// If the recording can't be written as JSON.
pub fn html(recording: &Recording) -> serde_json::Result<String> {
    // Inside an element for scripts only `<` could end it.
    let run = serde_json::to_string(recording)?.replace('<', "\\u003c");
    let scripts: String = SCRIPTS.iter().map(|s| format!("<script>\n{s}</script>\n")).collect();
    let page = FRAME.replace("{{style}}", STYLE).replace("{{scripts}}", &scripts);
    // Last, so that nothing in a scenario's name is taken for a place to fill.
    Ok(page.replace("{{run}}", &run))
}

/// Writes the page into a folder, which is made if it isn't there; where it is.
///
/// # Errors
/// If the folder or the file can't be written.
pub fn write(recording: &Recording, folder: &Path) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join("index.html");
    std::fs::write(&file, html(recording)?)?;
    Ok(file)
}
