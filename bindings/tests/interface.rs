//! The interface that Kotlin and Swift get, held against `interface.txt`, so that a review shows
//! what a change does to both. `UPDATE_INTERFACE=1 cargo test -p manyhands-bindings` writes it anew.

// A test may end with a panic: that is how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::Path;

use uniffi_bindgen::macro_metadata::extract_from_library;
use uniffi_meta::{EnumMetadata, FieldMetadata, FnParamMetadata, Metadata, Type};

#[test]
fn the_interface_is_the_reviewed_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("interface.txt");
    let now = summary();
    if std::env::var_os("UPDATE_INTERFACE").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let reviewed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(now == reviewed, "bindings/interface.txt is another one; it would now be:\n{now}");
}

/// One block for each function and type, in the order of their names.
fn summary() -> String {
    let executable = std::env::current_exe().unwrap();
    let library = format!("{DLL_PREFIX}manyhands_bindings{DLL_SUFFIX}");
    let library = executable.parent().unwrap().join(library);
    let all = extract_from_library(library.as_path().try_into().unwrap()).unwrap();
    let mut blocks: Vec<String> = all.iter().filter_map(|item| block(item, &all)).collect();
    blocks.sort();
    assert!(blocks.len() > 10, "nothing was found in {}", library.display());
    blocks.join("\n")
}

fn block(item: &Metadata, all: &[Metadata]) -> Option<String> {
    match item {
        Metadata::Func(f) => {
            Some(format!("{}\n", call(&f.name, f.is_async, &f.inputs, &f.return_type, &f.throws)))
        }
        Metadata::Record(record) => {
            Some(format!("record {}\n{}", record.name, lines(record.fields.iter().map(field))))
        }
        Metadata::Enum(found) => {
            Some(format!("{} {}\n{}", shape(found), found.name, variants(found)))
        }
        Metadata::Object(object) => {
            let mut calls: Vec<String> =
                all.iter().filter_map(|item| member(item, &object.name)).collect();
            calls.sort();
            Some(format!("object {}\n{}", object.name, lines(calls.into_iter())))
        }
        _ => None,
    }
}

fn member(item: &Metadata, object: &str) -> Option<String> {
    match item {
        Metadata::Constructor(c) if c.self_name == object => {
            let name = format!("constructor {}", c.name);
            Some(call(&name, c.is_async, &c.inputs, &None, &c.throws))
        }
        Metadata::Method(m) if m.self_name == object => {
            Some(call(&m.name, m.is_async, &m.inputs, &m.return_type, &m.throws))
        }
        _ => None,
    }
}

fn call(
    name: &str,
    is_async: bool,
    inputs: &[FnParamMetadata],
    gives: &Option<Type>,
    throws: &Option<Type>,
) -> String {
    let input = |input: &FnParamMetadata| {
        let borrowed = if input.by_ref { "&" } else { "" };
        format!("{}: {borrowed}{}", input.name, name_of(&input.ty))
    };
    let inputs: Vec<String> = inputs.iter().map(input).collect();
    let mut line = format!("{name}({})", inputs.join(", "));
    if let Some(gives) = gives {
        line += &format!(" -> {}", name_of(gives));
    }
    if let Some(throws) = throws {
        line += &format!(", or {}", name_of(throws));
    }
    if is_async { format!("{line}, waits") } else { line }
}

fn shape(found: &EnumMetadata) -> &'static str {
    if found.shape.is_error() { "error" } else { "enum" }
}

fn variants(found: &EnumMetadata) -> String {
    lines(found.variants.iter().map(|variant| {
        let fields: Vec<String> = variant.fields.iter().map(field).collect();
        let fields =
            if fields.is_empty() { String::new() } else { format!(" {}", fields.join(", ")) };
        format!("{}{fields}", variant.name)
    }))
}

fn field(field: &FieldMetadata) -> String {
    let default = if field.default.is_some() { ", may be left out" } else { "" };
    format!("{}: {}{default}", field.name, name_of(&field.ty))
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.map(|line| format!("    {line}\n")).collect()
}

fn name_of(ty: &Type) -> String {
    match ty {
        Type::Optional { inner_type } => format!("{}?", name_of(inner_type)),
        Type::Sequence { inner_type } => format!("[{}]", name_of(inner_type)),
        _ => ty.name().map_or_else(|| format!("{ty:?}").to_lowercase(), str::to_owned),
    }
}
