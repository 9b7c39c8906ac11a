# shellcheck shell=bash
# What every script of ci/ agrees on; sourced from the project's root.

# One place for all that is built, shared by all jobs; caches of ci/ itself lie inside it.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
[[ $CARGO_TARGET_DIR == /* ]] || CARGO_TARGET_DIR="$PWD/$CARGO_TARGET_DIR"
CI_CACHE="$CARGO_TARGET_DIR/ci"
mkdir -p "$CI_CACHE"

# Nothing is built twice here, so what makes a second build faster only costs disk and time.
export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
# Messages of tools in one language, and text in UTF-8, on every machine.
export LC_ALL=C.UTF-8
# Tools of the lab (ip, tc, ethtool) are there for root, but not always on the path.
export PATH="$PATH:/usr/sbin:/sbin"
