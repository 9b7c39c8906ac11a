//! ffmpeg, ffprobe and gstreamer: makers of films and the readers that are not ours.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use manyhands_lab::LabError;
use manyhands_lab::tool::{self, tied};

/// Runs a tool with arguments split at spaces, and paths in place of `{0}`, `{1}` …
pub(crate) fn run(program: &str, args: &str, paths: &[&Path]) -> Result<String, LabError> {
    tool::run(command(program, args, paths), "")
}

/// What ffprobe and a full decode by ffmpeg have to say about a film: nothing, when it is sound.
pub(crate) fn complaints(path: &Path) -> Result<String, LabError> {
    let mut said = String::new();
    for (program, args) in [
        ("ffprobe", "-v warning -show_streams {0}"),
        ("ffmpeg", "-nostdin -v error -xerror -i {0} -f null -"),
    ] {
        let output = tied(command(program, args, &[path]))
            .stdin(Stdio::null())
            .output()
            .map_err(LabError::permission(format!("run {program}")))?;
        said += &String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            said += &format!("{program} ended with {}\n", output.status);
        }
    }
    Ok(said)
}

fn command(program: &str, args: &str, paths: &[&Path]) -> Command {
    let mut command = Command::new(program);
    for arg in args.split_whitespace() {
        let place = arg.split_once('{').and_then(|(before, rest)| {
            let (number, after) = rest.split_once('}')?;
            let path = paths.get(number.parse::<usize>().ok()?)?;
            let mut whole = OsString::from(before);
            whole.push(path);
            whole.push(after);
            Some(whole)
        });
        command.arg(place.unwrap_or_else(|| arg.into()));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_split_and_paths_are_not() {
        let made = command("x", "-a  b location={1} {0} {2} {", &["/a b".as_ref(), "/c".as_ref()]);
        let args: Vec<_> = made.get_args().map(|arg| arg.to_string_lossy()).collect();
        assert_eq!(args, ["-a", "b", "location=/c", "/a b", "{2}", "{"]);
    }
}
