"""Holds the rules of the house: `python3 tests/structure/run.py`. Needs git and cargo.

Each rule has two cases: the project as it is breaks it nowhere, and something wrong does break it.
"""

import json
import pathlib
import subprocess
import sys

import rules

ROOT = pathlib.Path(__file__).resolve().parents[2]


def output_of(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def tracked_files():
    """Path -> text of every tracked file that is text."""
    files = {}
    for path in filter(None, output_of("git", "ls-files", "-z").split("\0")):
        try:
            files[path] = (ROOT / path).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            files[path] = ""
    return files


class Workspace:
    """What `cargo metadata` says, by folder."""

    def __init__(self):
        data = json.loads(output_of("cargo", "metadata", "--format-version", "1", "--locked"))
        members = set(data["workspace_members"])
        self.packages = {package["id"]: package for package in data["packages"]}
        self.nodes = {node["id"]: node["deps"] for node in data["resolve"]["nodes"]}
        self.folders = {id: self.folder(self.packages[id]) for id in members}

    @staticmethod
    def folder(package):
        return pathlib.Path(package["manifest_path"]).parent.relative_to(ROOT).as_posix()

    def dependencies(self):
        """Folder -> folders that it depends on, of any kind: normal, build and dev."""
        ours = self.folders
        return {
            folder: {ours[dep["pkg"]] for dep in self.nodes[id] if dep["pkg"] in ours}
            for id, folder in ours.items()
        }

    def named(self):
        return {
            folder: {dep["name"] for dep in self.packages[id]["dependencies"]}
            for id, folder in self.folders.items()
        }

    def licences(self):
        packages = self.packages.values()
        return {f"{package['name']} {package['version']}": package["license"] for package in packages}

    def reached(self):
        """Folder -> crates that end up in what it builds; tests' own crates are left out."""
        return {folder: self.closure(id) for id, folder in self.folders.items()}

    def closure(self, start):
        seen, todo = set(), [start]
        while todo:
            for dep in self.nodes[todo.pop()]:
                shipped = any(kind["kind"] is None for kind in dep["dep_kinds"])
                if shipped and dep["pkg"] not in seen:
                    seen.add(dep["pkg"])
                    todo.append(dep["pkg"])
        return {self.packages[id]["name"] for id in seen}


def over_files(rule, files):
    return [broken for path, text in sorted(files.items()) for broken in rule(path, text)]


def cases():
    """(name, what breaks the rule here, what breaks it in something wrong)."""
    workspace, files = Workspace(), tracked_files()
    # Never written out, so that no file of the project breaks its own rules.
    unfinished, somewhere = "// TO" + "DO: later", "/ho" + "me/ann/film.mp4"

    yield ("dependencies run along the arrows",
           rules.forbidden_arrows(workspace.dependencies()),
           rules.forbidden_arrows({"core/swarm": {"core/media"}}))
    yield ("the arrows that there are were seen",
           rules.unread_arrows(workspace.dependencies()),
           rules.unread_arrows({"core/net": {"core/swarm"}}))
    yield ("only net and what is above it reach a runtime or a socket",
           rules.impure(workspace.reached()),
           rules.impure({"core/media": {"bytes", "tokio"}}))
    yield ("a terminal, HTTP and bindings are known in one place each",
           rules.misplaced_crates(workspace.named()),
           rules.misplaced_crates({"core/session": {"axum"}}))
    yield ("the overlay takes no clock, no dice, no socket and no map without order",
           over_files(rules.taken, files),
           rules.taken("core/swarm/src/tree.rs", "let now = Instant::now();"))
    yield ("every file's name says what it is for",
           over_files(lambda path, _: rules.vague_names(path), files),
           rules.vague_names("core/net/src/utils.rs"))
    yield ("nothing is left unfinished",
           over_files(rules.left_over, files),
           rules.left_over("core/net/src/dial.rs", unfinished))
    yield ("no file names a place on somebody's machine",
           over_files(rules.machine_paths, files),
           rules.machine_paths("docs/guide.md", f"manyhands broadcast {somewhere}"))
    yield ("packages come from the public registries",
           over_files(rules.private_registries, files),
           rules.private_registries("Cargo.lock", 'source = "registry+https://mirror.example/"'))
    yield ("everything that is built has a permissive licence",
           rules.licences(workspace.licences()),
           rules.licences({"one 1.0.0": "MPL-2.0", "uniffi 1.0.0": "MPL-2.0"}))


def main():
    passed, failed = 0, 0
    for name, here, wrong in cases():
        here, noticed = list(here), bool(list(wrong))
        for case, ok, why in [
            (name, not here, here),
            (f"{name}: noticed", noticed, ["something wrong went unnoticed"]),
        ]:
            passed, failed = (passed + 1, failed) if ok else (passed, failed + 1)
            print(f"ok      {case}" if ok else f"FAILED  {case}")
            for line in [] if ok else why:
                print(f"        {line}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
