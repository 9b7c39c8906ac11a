"""The rules of the house, as functions from facts to what breaks them.

A rule gets what `cargo metadata` says or a file's name and text, and gives back sentences: what is
wrong, and where. No rule reads a disk; `run.py` does, and tries each rule on something wrong too.
"""

import re

# Who may know whom, by folder. ARCHITECTURE.md has the picture; the arrows run one way.
ARROWS = {
    "core/stream": set(),
    "core/policy": set(),
    "core/playout": set(),
    "core/vitals": {"core/policy"},
    "core/media": {"core/stream"},
    "core/swarm": {"core/stream"},
    "core/net": {"core/swarm", "core/stream"},
    "core/session": {
        "core/net", "core/media", "core/playout", "core/policy", "core/swarm", "core/stream", "core/vitals",
    },
    "bindings": {"core/session"},
    # The inputs and recordings of the desktop are files, so it knows their formats.
    "desktop": {"core/session", "core/media"},
    # The simulator has the overlay as it ships, and no sockets.
    "tests/sim": {"core/swarm", "core/playout", "core/policy", "core/stream", "core/vitals"},
}
CORE = {folder for folder in ARROWS if folder.startswith("core/")}

# Crates that a folder may not reach by any path: they would bring a clock, a socket or a thread
# into code that gets time and input as arguments.
PURE = (
    "core/stream", "core/media", "core/swarm", "core/policy", "core/playout", "core/vitals", "tests/sim",
)
IMPURE_CRATES = {"tokio", "mio", "quinn", "socket2", "hyper", "axum", "async-std", "smol"}
# Crates that only one folder names itself.
ONLY_IN = {
    "uniffi": {"bindings"},
    "axum": {"desktop"},
    "hyper": {"desktop"},
    "clap": {"desktop", "tests/sim", "tests/lab", "tests/bench", "tests/e2e"},
    # A link's code: made for shells in one place, drawn in a terminal and on the page in the other.
    "qrcode": {"core/session", "desktop"},
}

# What the overlay and the policy must be given, not take (STYLE: time, randomness, I/O, order).
GIVEN = ("core/swarm/src/", "core/policy/src/", "core/playout/src/", "core/vitals/src/")
TAKEN = re.compile(
    r"\b(Instant::now|SystemTime::now|std::(?:net|fs|thread|env)\b|HashMap|HashSet"
    r"|rand::(?:rng|random)\b|thread_rng|getrandom|OsRng)"
)

VAGUE_NAMES = {"util", "utils", "misc", "common", "helper", "helpers", "stuff"}
# Put together from halves, so that this file is held to its own rule.
LEFT_OVER = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b|todo" + r"!\(")
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:" + "|".join(("ro" + "ot", "ho" + "me", "Use" + "rs", "wo" + "rk")) + r")/\w")
REGISTRIES = {
    "Cargo.lock": re.compile(r'^source = "registry\+https://github\.com/rust-lang/crates\.io-index"$'),
    "package-lock.json": re.compile(r'^\s*"resolved": "https://registry\.npmjs\.org/'),
}
SOURCE_LINE = {"Cargo.lock": "source = ", "package-lock.json": '"resolved":'}
REGISTRY_FILES = {".npmrc", "pip.conf", ".cargo/config.toml", ".cargo/config", ".yarnrc.yml"}

# Licences that ask for no more than their own text beside the program (all approved by the OSI).
PERMISSIVE = {
    "MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-1-Clause", "BSD-2-Clause",
    "BSD-3-Clause", "ISC", "Zlib", "Unlicense", "BlueOak-1.0.0", "Unicode-3.0", "CC0-1.0", "MIT-0",
}
# What is under another licence all the same, and why is written down: docs/decisions/0003.
EXCEPTIONS = {"MPL-2.0": re.compile(r"uniffi(_\w+)? ")}


def forbidden_arrows(dependencies):
    """`dependencies`: folder -> folders of the project that it names, of any kind."""
    for folder, named in sorted(dependencies.items()):
        if folder not in ARROWS and not folder.startswith("tests/"):
            yield f"{folder} has no place in the house; give it one in tests/structure/rules.py"
            continue
        # Other tests use the core as anybody would, and each other; nothing may depend on them.
        tests = {other for other in named if other.startswith("tests/")}
        allowed = ARROWS.get(folder, CORE | tests)
        for other in sorted(named - allowed - {folder}):
            yield f"{folder} depends on {other}; no arrow runs that way"


def unread_arrows(dependencies):
    """Arrows that are there for certain: if they are not seen, nothing was looked at."""
    for folder, other in (("core/session", "core/net"), ("core/net", "core/swarm")):
        if other not in dependencies.get(folder, set()):
            yield f"{folder} doesn't seem to depend on {other}"


def impure(reached):
    """`reached`: folder -> names of all crates that its build reaches."""
    for folder in PURE:
        for crate in sorted(reached.get(folder, set()) & IMPURE_CRATES):
            yield f"{folder} reaches {crate}, and is to do no I/O of its own"


def misplaced_crates(named):
    """`named`: folder -> names of crates that its Cargo.toml names."""
    for folder, crates in sorted(named.items()):
        for crate in sorted(crates & ONLY_IN.keys()):
            if folder not in ONLY_IN[crate]:
                yield f"{folder} names {crate}, which belongs to {', '.join(sorted(ONLY_IN[crate]))}"


def licences(found):
    """`found`: crate -> its licence expression; one choice of it has to be permissive throughout."""
    for crate, expression in sorted(found.items()):
        if expression in EXCEPTIONS and EXCEPTIONS[expression].match(crate):
            continue
        choices = re.sub(r"[()]", " ", expression or "none").replace("/", " OR ")
        # Every AND binds all choices around it here, which only ever refuses more.
        parts = [[one.strip() for one in part.split(" OR ")] for part in choices.split(" AND ")]
        if not all(any(one in PERMISSIVE for one in part) for part in parts):
            yield f"{crate} is under {expression}"


def taken(path, text):
    """Clocks, dice, sockets and maps without order in code that is to be repeatable."""
    if not path.startswith(GIVEN) or not path.endswith(".rs"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        found = TAKEN.search(line.split("//")[0])
        if found:
            yield f"{path}:{number}: {found[1]} in code that is to be given what it needs"


def vague_names(path):
    """A file or folder whose name doesn't say what it is for."""
    for part in path.split("/"):
        if part.split(".")[0].lower() in VAGUE_NAMES:
            yield f"{path}: '{part}' doesn't say what it is for"


def left_over(path, text):
    """Work that somebody meant to do."""
    for number, line in enumerate(text.splitlines(), 1):
        if LEFT_OVER.search(line):
            yield f"{path}:{number}: unfinished: {line.strip()[:80]}"


def machine_paths(path, text):
    """Places that exist on one machine only."""
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield f"{path}:{number}: a place on somebody's machine: {line.strip()[:80]}"


def private_registries(path, text):
    """Packages come from the public registries, whatever stands between here and them."""
    name = path.rsplit("/", 1)[-1]
    if any(path == file or path.endswith("/" + file) for file in REGISTRY_FILES):
        yield f"{path}: where packages come from is each machine's own affair"
    for number, line in enumerate(text.splitlines(), 1):
        if name in REGISTRIES and SOURCE_LINE[name] in line and not REGISTRIES[name].match(line):
            yield f"{path}:{number}: not the public registry: {line.strip()[:80]}"
