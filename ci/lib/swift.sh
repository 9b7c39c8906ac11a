# shellcheck shell=bash
# The Swift kit where there is no Mac. Sourced after bindings.sh.

# What is built of the kit, and where Swift lies on a machine that has none.
IOS_PLACE="$CI_CACHE/ios" SWIFT_ROOT="$CI_CACHE/swift"

# swift_run NAME=VALUE… COMMAND…: in ios/, with Swift at hand.
swift_run() {
    local words
    swift_words
    "${words[@]}" "$@"
}

# Sets `words` to what stands in front of such a command.
swift_words() {
    if command -v swift >/dev/null; then
        words=(env -C "$PWD/ios")
    else
        words=("$PWD/ios/linux/run" "$SWIFT_ROOT" "$PWD/ios:$CARGO_TARGET_DIR" HOST_COMMAND="chroot /host")
    fi
}

# swift_shell NAME=VALUE…: prints the name of a program that is the kit's `shell`, and stays one process: it
# can be ended from outside.
swift_shell() {
    local words program="$IOS_PLACE/shell"
    swift_words
    printf '#!/bin/sh\nexec %s "$@"\n' "$(printf '%q ' "${words[@]}" "$@" "$IOS_PLACE/build/debug/shell")" >"$program"
    chmod +x "$program"
    echo "$program"
}

has_swift() {
    command -v swift >/dev/null || [[ -e $SWIFT_ROOT/.ready ]]
}

# For `step`: skipped where there is none and it can't be installed.
get_swift() {
    command -v swift >/dev/null && return
    ((EUID == 0)) || { echo "no Swift, and no root to install it"; return 77; }
    ios/linux/install "$SWIFT_ROOT"
}

# The generated sources where Package.swift has them; unchanged ones keep their times.
place_sources() {
    local generated=ios/Generated
    mkdir -p "$generated/ManyhandsCore" "$generated/ManyhandsCoreFFI"
    # The generator's own names Apple's modules.
    printf 'module ManyhandsCoreFFI {\n    header "ManyhandsCoreFFI.h"\n    export *\n}\n' >"$IOS_PLACE/swift/module.modulemap"
    cp_changed "$IOS_PLACE/swift/ManyhandsCore.swift" "$generated/ManyhandsCore"
    cp_changed "$IOS_PLACE/swift/ManyhandsCoreFFI.h" "$generated/ManyhandsCoreFFI"
    cp_changed "$IOS_PLACE/swift/module.modulemap" "$generated/ManyhandsCoreFFI"
}

cp_changed() {
    cmp -s "$1" "$2/${1##*/}" || cp "$1" "$2/"
}

swift_build() {
    swift_run CORE_LIBRARY_DIR="$IOS_PLACE/lib" swift build --scratch-path "$IOS_PLACE/build" "$@"
}
