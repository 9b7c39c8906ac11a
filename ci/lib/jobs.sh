# shellcheck shell=bash
# Finding jobs, running one, and the summary of all. Sourced by ci/test.
#
# Invariant: a job counts only by its own words. One whose last line is no count, that ran nothing,
# or whose exit code contradicts its count, has failed.

# The longest that a job may take. All together are to stay under 50 minutes on two cores.
JOB_LIMIT=${JOB_LIMIT:-25m}
# The running job's process.
RUNNING=
COUNT_LINE='^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$'

# The jobs, one a line, in their order.
job_names() {
    grep -E '^#: job [0-9]+ ' ci/* 2>/dev/null | sed -E 's|^ci/([^:]+):#: job ([0-9]+) .*|\2 \1|' |
        sort -n | cut -d' ' -f2
}

is_job() {
    [[ " $(job_names | paste -sd' ') " == *" $1 "* ]]
}

# run_job NAME LOG: runs it, shows and keeps what it says, and writes `tenths-of-a-minute passed
# failed skipped remark` to LOG.count.
run_job() {
    local name=$1 log=$2 start=$SECONDS code=0 shown minutes
    printf '\n== %s: %s\n' "$name" "$(sed -nE 's/^#: job [0-9]+ //p' "ci/$name")"
    # A file and not a pipe: a process that a job left behind would keep a pipe open for ever.
    : >"$log"
    # With job control, so that Ctrl-C is not ignored in what a job starts.
    set -m
    timeout --kill-after=30s "$JOB_LIMIT" "ci/$name" </dev/null >"$log" 2>&1 &
    RUNNING=$!
    tail -n +1 -s 0.2 -f --pid="$RUNNING" "$log" &
    shown=$!
    set +m
    wait "$RUNNING" || code=$?
    RUNNING=
    wait "$shown" || true
    minutes=$(((SECONDS - start + 3) / 6))
    echo "$minutes $(judge "$log" "$code")" >"$log.count"
    echo "== $name: $((minutes / 10)).$((minutes % 10)) minutes"
}

# Ends the job that runs, with all that it started.
stop_job() {
    [[ -z $RUNNING ]] || kill "$RUNNING" 2>/dev/null || true
}

# judge LOG EXIT-CODE: prints `passed failed skipped remark`.
judge() {
    local last passed failed skipped
    last=$(tail -n 1 "$1")
    if [[ ! $last =~ $COUNT_LINE ]]; then
        if (($2 == 124 || $2 == 137)); then
            echo "0 1 0 took longer than $JOB_LIMIT"
        else
            echo "0 1 0 its count can't be read (exit code $2)"
        fi
        return
    fi
    # In base ten, whatever zeros stand in front.
    passed=$((10#${BASH_REMATCH[1]})) failed=$((10#${BASH_REMATCH[2]})) skipped=$((10#${BASH_REMATCH[3]}))
    if ((passed + failed + skipped == 0)); then
        echo "0 1 0 ran nothing"
    elif (($2 != 0 && failed == 0)); then
        echo "$passed 1 $skipped exit code $2, although no case failed"
    elif (($2 == 0 && failed > 0)); then
        echo "$passed $failed $skipped exit code 0, although cases failed"
    else
        echo "$passed $failed $skipped"
    fi
}

# broken LOG: its lines that name what has failed, with the targets that were missed above them. Failures
# are named in three ways: ours and cargo's, by the Java world, by Swift's tests.
broken() {
    awk '/^-- / { missed = "" }
        /^MISSED/ { missed = missed $0 "\n" }
        /FAILED|<<< (FAILURE|ERROR)!|: error: / && !/^test result:/ { printf "%s", missed; print substr($0, 1, 200); missed = "" }' "$1" |
        head -n 40
}

# summary DIR NAMES…: minutes and cases of each job, what failed, and the sum; status 1 if anything failed.
summary() {
    local dir=$1 name minutes passed failed skipped remark
    local all_minutes=0 all_passed=0 all_failed=0 all_skipped=0
    shift
    printf '\n== summary\n%-12s %8s %8s %8s %8s\n' job minutes passed failed skipped
    for name in "$@"; do
        read -r minutes passed failed skipped remark <"$dir/$name.count"
        printf '%-12s %6d.%d %8d %8d %8d  %s\n' "$name" $((minutes / 10)) $((minutes % 10)) \
            "$passed" "$failed" "$skipped" "$remark"
        ((all_minutes += minutes, all_passed += passed, all_failed += failed, all_skipped += skipped)) || true
    done
    for name in "$@"; do
        [[ ! -s $dir/$name ]] || broken "$dir/$name" | sed "s/^/$name: /"
    done
    printf '%-12s %6d.%d\n' all $((all_minutes / 10)) $((all_minutes % 10))
    echo "$all_passed passed, $all_failed failed, $all_skipped skipped"
    ((all_failed == 0))
}
