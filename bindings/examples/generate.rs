//! Writes the Kotlin or Swift sources of the bindings: `generate kotlin|swift LIBRARY FOLDER`.
//!
//! An example and no program of its own, so that it is always of the same version as what is
//! compiled into the library. What it writes is never committed; `interface.txt` is.

use std::process::ExitCode;

use camino::Utf8PathBuf;
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate_with_bindgen_paths};
use uniffi_bindgen::{BindgenPaths, BindgenPathsLayer};

/// There is one crate to look at, and it is this one.
struct Here;

impl BindgenPathsLayer for Here {
    fn get_crate_root(&self, crate_name: &str) -> Option<Utf8PathBuf> {
        (crate_name == "manyhands_bindings").then(|| env!("CARGO_MANIFEST_DIR").into())
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let language = match args.first().map(String::as_str) {
        Some("kotlin") => TargetLanguage::Kotlin,
        Some("swift") => TargetLanguage::Swift,
        _ => return usage(),
    };
    let [_, library, folder] = &args[..] else { return usage() };
    let options = GenerateOptions {
        languages: vec![language],
        source: library.into(),
        out_dir: folder.into(),
        ..GenerateOptions::default()
    };
    let mut paths = BindgenPaths::default();
    paths.add_layer(Here);
    match generate_with_bindgen_paths(options, paths) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: generate kotlin|swift LIBRARY FOLDER");
    ExitCode::from(2)
}
