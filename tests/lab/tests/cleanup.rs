//! Whatever ends a run, nothing of it is left: no process, no namespace, no device, and no file
//! that the next run doesn't sweep.
#![expect(clippy::expect_used, reason = "a helper of tests ends the test by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use manyhands_lab::{Lab, LabError, Line};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const PATIENCE: Duration = Duration::from_secs(30);

/// The network namespaces that the threads of a process stand in, the test's own left out.
fn namespaces_of(process: &str) -> BTreeSet<PathBuf> {
    let own = fs::read_link("/proc/self/ns/net").expect("this process has a namespace");
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let all = threads.filter_map(|thread| fs::read_link(thread.path().join("ns/net")).ok());
    all.filter(|namespace| *namespace != own).collect()
}

/// The namespaces of all threads of all processes.
fn all_namespaces() -> BTreeSet<PathBuf> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.parse::<u32>().is_ok()).flat_map(|pid| namespaces_of(&pid)).collect()
}

/// The processes whose parent is `parent`.
fn children_of(parent: u32) -> BTreeSet<String> {
    let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "{what} didn't come about");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A run with hosts and with programs in them, or nothing where labs aren't permitted.
fn run_in_full_swing(scratch: &std::path::Path) -> Option<Child> {
    match Lab::new(1).and_then(|mut lab| lab.add("probe", Line::default())) {
        Err(error @ LabError::NotPermitted { .. }) => {
            assert!(std::env::var_os("MANYHANDS_LAB_REQUIRED").is_none(), "{error}");
            eprintln!("1 skipped: {error}");
            return None;
        }
        permitted => permitted.expect("a lab"),
    };
    // A program that says it is live and then says nothing: viewers stay in their hosts.
    let program = scratch.join("program");
    fs::write(&program, "#!/bin/sh\necho '{\"event\":\"live\",\"t_ms\":0}'\nexec sleep 600\n")
        .expect("a script");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&program, mode).expect("a script");
    let run = Command::new(env!("CARGO_BIN_EXE_manyhands-lab"))
        .args(["weak-broadcaster", "--viewers", "3", "--program"])
        .arg(&program)
        .env("TMPDIR", scratch)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the lab");
    until("programs in hosts", || {
        let sleeping = |pid: &String| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n")
        };
        children_of(run.id()).iter().filter(|pid| sleeping(pid)).count() == 4
    });
    Some(run)
}

fn leftovers_after(signal: Signal) -> Option<usize> {
    let scratch = tempfile::tempdir().expect("a directory");
    let mut run = run_in_full_swing(scratch.path())?;
    let namespaces = namespaces_of(&run.id().to_string());
    let children = children_of(run.id());
    assert_eq!((namespaces.len(), children.len()), (4, 4), "one of each a host");
    kill(Pid::from_raw(run.id().cast_signed()), signal).expect("it runs");
    let code = run.wait().expect("it ran").code();
    assert_eq!(code, if signal == Signal::SIGKILL { None } else { Some(130) });
    until("the end of its programs", || {
        children.iter().all(|pid| !PathBuf::from(format!("/proc/{pid}")).exists())
    });
    until("the end of its namespaces", || all_namespaces().is_disjoint(&namespaces));
    let left = fs::read_dir(scratch.path()).expect("a directory").flatten();
    Some(left.filter(|entry| entry.file_name() != "program").count())
}

#[test]
fn a_terminated_run_leaves_nothing() {
    assert!(leftovers_after(Signal::SIGTERM).is_none_or(|files| files == 0));
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    assert!(leftovers_after(Signal::SIGINT).is_none_or(|files| files == 0));
}

#[test]
fn a_killed_run_leaves_only_files_that_the_next_one_sweeps() {
    assert!(leftovers_after(Signal::SIGKILL).is_none_or(|files| files == 1));
}

#[test]
fn a_panic_leaves_nothing() {
    let (tell, told) = std::sync::mpsc::channel();
    let panicked = std::thread::spawn(move || {
        let mut lab = Lab::new(1).expect("an emulator");
        if lab.add("one", Line::default()).is_ok() {
            let mut sleep = Command::new("sleep");
            sleep.arg("600");
            let host = lab.host(0).expect("a host");
            let child = host.spawn(sleep, Stdio::null(), Stdio::null()).expect("a program");
            let namespace = fs::read_link(format!("/proc/{}/ns/net", child.id()));
            tell.send((child, namespace.expect("a namespace"))).expect("somebody listens");
        }
        std::panic::resume_unwind(Box::new("on purpose"));
    })
    .join();
    assert!(panicked.is_err());
    match told.recv() {
        Ok((mut child, namespace)) => {
            assert!(!child.wait().expect("it ran").success(), "killed with its host");
            until("the end of its namespace", || {
                !all_namespaces().contains(&namespace)
                    && !namespaces_of("self").contains(&namespace)
            });
        }
        Err(_) => eprintln!("1 skipped: labs aren't permitted here"),
    }
}

#[test]
fn where_labs_are_not_permitted_one_line_says_so_and_the_code_is_77() {
    let mut unprivileged = Command::new("setpriv");
    unprivileged.args(["--bounding-set", "-all", "--inh-caps", "-all", "--"]);
    unprivileged.arg(env!("CARGO_BIN_EXE_manyhands-lab")).arg("emulator");
    let output = unprivileged.output().expect("setpriv");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(77), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains("root"), "{errors}");
}
