#!/bin/sh
# Installs what the browser tests need and does not have: Chromium with its driver (from Debian) and
# axe-core (from npm), which is kept below target/ and is no part of the program.
set -eu
cd "$(dirname "$0")/../.."
AXE=4.14.1

if ! command -v chromedriver >/dev/null || ! command -v chromium >/dev/null; then
    if [ "$(id -u)" = 0 ]; then AS_ROOT=; else AS_ROOT=sudo; fi
    $AS_ROOT apt-get update -qq
    $AS_ROOT apt-get install -y -qq --no-install-recommends chromium chromium-driver
fi

KEEP="target/browser/axe-core-$AXE"
if [ ! -f "$KEEP/axe.min.js" ]; then
    mkdir -p target
    FRESH=$(mktemp -d target/browser.XXXXXX)
    trap 'rm -rf "$FRESH"' EXIT
    (cd "$FRESH" && npm pack --silent "axe-core@$AXE" >/dev/null && tar -xzf axe-core-*.tgz)
    mkdir -p "$KEEP"
    mv "$FRESH/package/axe.min.js" "$FRESH/package/LICENSE" "$KEEP/"
fi
echo "$PWD/$KEEP/axe.min.js"
