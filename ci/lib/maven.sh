# shellcheck shell=bash
# The Kotlin shell without Android's SDK. Sourced after bindings.sh.

# What is built of it.
ANDROID_PLACE="$CI_CACHE/android"

# Kotlin takes the number of a resource over into what it compiles, and compiles nothing again where only
# numbers have changed: a new resource changes many of them.
forget_old_numbers() {
    local known="$ANDROID_PLACE/resources-known" now
    now=$(find android/app/src/main/res -type f -print0 | sort -z | xargs -0 sha256sum)
    [[ -f $known && $now == "$(<"$known")" ]] && return
    rm -rf "$ANDROID_PLACE"/{classes,test-classes,kotlin-ic}
    mkdir -p "$ANDROID_PLACE"
    echo "$now" > "$known"
}

# maven GOALS…: with everything in ~/.m2 the network isn't asked; the first time it is.
maven() {
    forget_old_numbers
    local properties=(
        -Dbuild.dir="$ANDROID_PLACE" -Dcore.dir="$ANDROID_PLACE/core"
        -Dmanyhands.program="$CARGO_TARGET_DIR/debug/manyhands")
    local fetched="$ANDROID_PLACE/fetched" offline=()
    cmp -s android/pom.xml "$fetched" && offline=(--offline)
    mvn --batch-mode --quiet "${offline[@]}" -f android/pom.xml "${properties[@]}" "$@" || return
    cp android/pom.xml "$fetched"
}

# kotlin_tests ARGUMENTS…: cases of the shell, as a program that ends with a count.
kotlin_tests() {
    local code=0 reports="$ANDROID_PLACE/surefire-reports"
    rm -rf "$reports"
    maven test "$@" || code=$?
    [[ -d $reports ]] || return 1
    grep -hoE '<testcase name="[^"]*"' "$reports"/*.xml | sed -E 's/.*name="(.*)"/ran \1/'
    count_xunit "$reports"/*.xml
    return "$code"
}
