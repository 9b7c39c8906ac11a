# shellcheck shell=bash
# What jobs written in bash share: cases that are run and counted. Sourced by a job after
# environment.sh; the job's last command is `report`.
#
# Invariant: each case that ran counts exactly once, and one that can't be counted has failed.

passed=0 failed=0 skipped=0
# Cases at once, of those that run aside, and where their words are kept.
AT_ONCE=2
asides=
# What a test prints, with --show-output, when the machine doesn't allow it.
SKIPPED_LINE='^1 skipped: '
# What a bench or a lab says of a target that was missed; for `twin`.
export MISSED='"met": ?false'

# add PASSED FAILED SKIPPED
add() {
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# took START: says since when a case ran, if that is worth a word.
took() {
    ((SECONDS - $1 < 5)) || echo "   $((SECONDS - $1)) s"
}

# step NAME COMMAND…: one case. Exit code 0 is passed, 77 skipped, anything else failed.
step() {
    local name=$1 code=0 start=$SECONDS
    shift
    printf -- '-- %s\n' "$name"
    "$@" || code=$?
    took "$start"
    case $code in
        0) add 1 0 0 ;;
        77) add 0 0 1 && echo "skipped: $name" ;;
        *) add 0 1 0 && echo "FAILED: $name (exit code $code)" ;;
    esac
}

# twin NAME PATTERN COMMAND…: one case, a measurement with something broken on purpose. It has passed
# when the command ends with 1 and says, in a line that matches PATTERN, that a target was missed.
twin() {
    local name=$1 missed=$2 code=0 start=$SECONDS said
    shift 2
    printf -- '-- %s: it has to be noticed\n' "$name"
    said=$("$@" 2>&1) || code=$?
    took "$start"
    if ((code == 77)); then
        add 0 0 1 && echo "skipped: $name"
    elif ((code == 1)) && grep -qE "$missed" <<<"$said"; then
        add 1 0 0
        # The table of targets; the long object is for when something is wrong.
        grep -vE '^[][ {}]' <<<"$said" || true
    else
        add 0 1 0 && printf '%s\nFAILED: %s was not noticed (exit code %s)\n' "$said" "$name" "$code"
    fi
}

# measured NAME COMMAND…: for `step`, a command that tells people its targets on standard error and
# writes an object with all figures to standard output, with `"ok": true` when all were met. The
# object is kept, and shown on failure.
measured() {
    local file="$CI_CACHE/results/$1.json" code=0
    shift
    mkdir -p "${file%/*}"
    "$@" >"$file" || code=$?
    ((code != 0)) || grep -qE '"ok": ?true' "$file" || code=1
    ((code == 0 || code == 77)) || cat "$file"
    return "$code"
}

# aside COMMAND…: a case (`step …` or `twin …`) beside others, AT_ONCE of them at a time. For what mostly
# waits. What it says is shown, and counted, by `gather`, in the order of the commands.
aside() {
    local log
    asides=${asides:-$(mktemp -d)}
    while (($(jobs -pr | wc -l) >= AT_ONCE)); do
        wait -n || true
    done
    log=$asides/$(printf '%04d' "$(find "$asides" -name '*.log' | wc -l)").log
    : >"$log"
    (
        passed=0 failed=0 skipped=0
        "$@"
        echo "$passed $failed $skipped" >"$log.count"
    ) >"$log" 2>&1 &
}

# gather: waits for all that runs aside.
gather() {
    local log
    wait
    for log in "${asides:?nothing runs aside}"/*.log; do
        cat "$log"
        if [[ -s $log.count ]]; then
            # shellcheck disable=SC2046 # three numbers
            add $(cat "$log.count")
        else
            add 0 1 0 && echo "FAILED: it has died without a count"
        fi
    done
    rm -rf "$asides"
    asides=
}

# build ARGUMENTS…: cargo build. Without what it makes the job is over, with one failed case.
build() {
    printf -- '-- cargo build %s\n' "$*"
    cargo build --locked "$@" && return
    add 0 1 0 && echo "FAILED: cargo build $*"
    report || exit 1
}

# release_build ARGUMENTS…: every program that measures. Always all of them: with other packages or
# features beside them, cargo builds their libraries again.
release_build() {
    build --release -p manyhands -p manyhands-bench -p manyhands-lab -p manyhands-sim "$@"
}

# workspace_tests only|but PACKAGE ARGUMENTS…: the cases of one package, or of all others.
workspace_tests() {
    local runner="['$PWD/ci/lib/in-package', '$1', '$2']"
    shift 2
    cargo_tests --workspace --config "target.'cfg(all())'.runner = $runner" "$@"
}

# cargo_tests ARGUMENTS…: all cases of `cargo test`. A test program that dies without a result
# counts as one failed case.
cargo_tests() {
    local log code=0
    log=$(mktemp)
    printf -- '-- cargo test %s\n' "$*"
    cargo test --locked --no-fail-fast "$@" 2>&1 | tee "$log" || code=$?
    count_cargo "$log" "$code"
    rm -f "$log"
}

# count_cargo LOG EXIT-CODE
count_cargo() {
    local results ok bad ignored unmet broken died
    results=$(sed -nE 's/^test result: (ok|FAILED)\. ([0-9]+) passed; ([0-9]+) failed; ([0-9]+) ignored;.*/\1 \2 \3 \4/p' "$1")
    read -r broken ok bad ignored < <(awk '{ b += $1 == "FAILED"; p += $2; f += $3; i += $4 } END { print b+0, p+0, f+0, i+0 }' <<<"$results")
    unmet=$(grep -cE "$SKIPPED_LINE" "$1" || true)
    died=$(sed -nE 's/^error: ([0-9]+) targets? failed:$/\1/p' "$1" | tail -n 1)
    died=$((${died:-$broken} - broken))
    add $((ok - unmet)) $((bad + died)) $((ignored + unmet))
    if (($2 != 0 && bad + died == 0)) || [[ -z $results ]]; then
        add 0 1 0 && echo "FAILED: cargo test ended with exit code $2 and no failed case"
    fi
}

# runner NAME COMMAND…: all cases of a program that ends with `N passed, N failed[, N skipped]`.
runner() {
    local name=$1 code=0 log last
    shift
    log=$(mktemp)
    printf -- '-- %s\n' "$name"
    "$@" 2>&1 | tee "$log" || code=$?
    last=$(tail -n 1 "$log")
    rm -f "$log"
    if [[ $last =~ ^([0-9]+)' passed, '([0-9]+)' failed'(', '([0-9]+)' skipped')?$ ]]; then
        add "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[4]:-0}"
        ((code == 0 || BASH_REMATCH[2] > 0)) && return
    fi
    add 0 1 0 && echo "FAILED: $name ended with exit code $code, and not with a count"
}

# The count as the last line, and the job's exit status.
report() {
    echo "$passed passed, $failed failed, $skipped skipped"
    ((failed == 0))
}
