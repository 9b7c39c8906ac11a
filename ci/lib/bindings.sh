# shellcheck shell=bash
# What the jobs of both phones' shells begin with. Sourced after cases.sh.

# bindings_for LANGUAGE FOLDER: the library in FOLDER/lib, and its sources for kotlin or swift in
# FOLDER/LANGUAGE. Panics unwind in it, as they have to in what phones get.
bindings_for() {
    local library
    # The packages and features that ci/rust and ci/page build, so that nothing is built twice; and
    # the program that is at the other end of the tests comes with them.
    build --workspace --lib --bins --example page --example generate
    library="$CARGO_TARGET_DIR/debug/libmanyhands_bindings.so"
    mkdir -p "$2/lib" "$2/$1"
    cp -u "$library" "$2/lib/"
    "$CARGO_TARGET_DIR/debug/examples/generate" "$1" "$2/lib/libmanyhands_bindings.so" "$2/$1"
}

# count_xunit FILES…: the cases in test reports of JUnit's form, as a count on the last line.
count_xunit() {
    awk '
        function number(name) {
            return match($0, "[ \t]" name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3) + 0 : 0
        }
        /<testsuite[ \t]/ {
            tests += number("tests"); bad += number("failures") + number("errors"); skipped += number("skipped")
        }
        END { printf "%d passed, %d failed, %d skipped\n", tests - bad - skipped, bad, skipped }' "$@"
}
