# shellcheck shell=bash
# What drives the browser, for the jobs that open a page. Sourced after environment.sh.

# What the lock file names; once, until that changes.
get_browser_modules() {
    local lock=tests/e2e/page/package-lock.json stamp=tests/e2e/page/node_modules/.installed-lock
    cmp -s "$lock" "$stamp" && return
    npm ci --prefix tests/e2e/page --no-audit --no-fund --loglevel=error && cp "$lock" "$stamp"
}
