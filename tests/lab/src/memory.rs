//! What a running program has in its memory: the place where nothing can be kept from being found.

use std::fs;
use std::io;
use std::os::unix::fs::FileExt;

/// Read at once: regions are as large as a program's heap.
const STEP: usize = 1 << 20;

/// Whether any of the words is in memory that the process can write; needs leave to look into it.
///
/// # Errors
/// The process is gone, or may not be looked into.
pub fn has_any(process: u32, words: &[Vec<u8>]) -> io::Result<bool> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
    let memory = fs::File::open(format!("/proc/{process}/mem"))?;
    let overlap = words.iter().map(Vec::len).max().unwrap_or(0).saturating_sub(1);
    for (start, end) in maps.lines().filter_map(writable) {
        let mut at = start;
        while at < end {
            let length = usize::try_from(end - at).unwrap_or(STEP).min(STEP + overlap);
            let mut buffer = vec![0; length];
            // A region that is gone since the list was read, or that no file backs, has no words.
            let read = memory.read_at(&mut buffer, at).unwrap_or(0);
            let content = buffer.get(..read).unwrap_or_default();
            if words.iter().any(|word| content.windows(word.len()).any(|part| part == word)) {
                return Ok(true);
            }
            at += STEP as u64;
        }
    }
    Ok(false)
}

/// A line of `maps`: the bounds of a region that can be read and written.
fn writable(line: &str) -> Option<(u64, u64)> {
    let mut parts = line.split(' ');
    let (bounds, rights) = (parts.next()?, parts.next()?);
    let (start, end) = bounds.split_once('-')?;
    let bound = |text| u64::from_str_radix(text, 16).ok();
    rights.starts_with("rw").then_some((bound(start)?, bound(end)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_knows_is_found_and_what_it_does_not_know_is_not() {
        let mut process = std::process::Command::new("sleep")
            .arg("60")
            .env("KEPT", "what it was told")
            .spawn()
            .expect("sleep starts");
        let found = |word: &str| has_any(process.id(), &[word.as_bytes().to_vec()]);
        let (told, untold) = (found("KEPT=what it was told"), found("KEPT=what it was never told"));
        process.kill().expect("it can be ended");
        process.wait().expect("it ends");
        assert!(told.expect("a child's memory") && !untold.expect("a child's memory"));
    }
}
