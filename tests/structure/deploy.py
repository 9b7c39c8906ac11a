"""What starts a relay: the systemd unit and the container file, held against the program itself.

    python3 tests/structure/deploy.py PROGRAM

A file's command line is run with `--duration 0.2`, with a directory and a port of this test in the
place of the machine's, and has to leave a ticket that only its owner can read.
"""

import json
import os
import pathlib
import re
import shlex
import stat
import subprocess
import sys
import tempfile

DEPLOY = pathlib.Path(__file__).parents[2] / "desktop/deploy"
UNIT, CONTAINER = DEPLOY / "manyhands-relay@.service", DEPLOY / "Containerfile"
INSTRUCTIONS = {"FROM", "RUN", "COPY", "WORKDIR", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT"}


def expand(words, values):
    """As systemd does it: `${NAME}` is one word, `$NAME` as many as it has."""
    for word in words:
        whole = re.fullmatch(r"\$(\w+)", word)
        if whole:
            yield from shlex.split(values[whole[1]])
        else:
            yield re.sub(r"\$\{(\w+)\}", lambda name: values[name[1]], word)


def of_the_unit(text, state):
    start = re.search(r"^ExecStart=(.*)$", text, re.M)[1]
    defaults = re.search(r"^Environment=(.*)$", text, re.M)[1]
    values = dict(pair.split("=", 1) for pair in shlex.split(defaults))
    values.update(STATE_DIRECTORY=state, LISTEN="127.0.0.1:0", OPTIONS="--budget 500G/month")
    return list(expand(start.split(), values))[1:]


def of_the_container(text, state):
    entry = json.loads(re.search(r"^ENTRYPOINT (.*)$", text, re.M)[1])
    here = {"0.0.0.0:4433": "127.0.0.1:0", "/state": state, "/state/ticket": state + "/ticket"}
    return [here.get(word, word) for word in entry[1:]] + ["--public", "203.0.113.7:4433"]


def instructions(text):
    """The container file's instructions, or what is wrong with them."""
    lines = re.sub(r"\\\n", " ", text).splitlines()
    words = [line.split(None, 1) for line in lines if line.strip() and not line.startswith("#")]
    unknown = [word[0] for word in words if word[0] not in INSTRUCTIONS or len(word) < 2]
    names = [word[0] for word in words]
    if unknown or names[0] != "FROM" or names[-1] != "ENTRYPOINT":
        return [f"not a container file: {unknown or names}"]
    users = [word[1] for word in words if word[0] == "USER"]
    return [] if users and "root" not in users and "0" not in users else ["it runs as root"]


def ticket_of(program, arguments, state):
    """What is wrong with a relay that is started so."""
    done = subprocess.run([program, *arguments, "--duration", "0.2"], capture_output=True,
                          text=True, timeout=60, env={**os.environ, "HOME": state})
    if done.returncode != 0:
        return [f"exit code {done.returncode}: {done.stderr.strip()}"]
    ticket = pathlib.Path(state, "ticket")
    if not ticket.is_file():
        return ["there is no ticket"]
    mode = stat.S_IMODE(ticket.stat().st_mode)
    wrong = [] if mode == 0o600 else [f"the ticket has mode {mode:o}"]
    shown = ticket.read_text().strip() in done.stdout + done.stderr
    return wrong + (["the ticket is shown"] if shown else [])


def cases(program):
    unit, container = UNIT.read_text(), CONTAINER.read_text()
    with tempfile.TemporaryDirectory() as state:
        yield "the unit's command line", ticket_of(program, of_the_unit(unit, state), state)
    with tempfile.TemporaryDirectory() as state:
        arguments = of_the_container(container, state)
        yield "the container's command line", ticket_of(program, arguments, state)
        wrong = ticket_of(program, [*arguments, "--ticket"], state)
        yield "one that the program doesn't take: noticed", [] if wrong else ["unnoticed"]
    yield "the container file's form", instructions(container)
    as_root = re.sub(r"^USER .*\n", "", container, flags=re.M)
    yield "a container as root: noticed", [] if instructions(as_root) else ["unnoticed"]


def main():
    passed, failed = 0, 0
    for name, wrong in cases(sys.argv[1]):
        passed, failed = (passed, failed + 1) if wrong else (passed + 1, failed)
        print(f"FAILED  {name}" if wrong else f"ok      {name}")
        for line in wrong:
            print(f"        {line}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
