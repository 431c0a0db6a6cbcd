# shellcheck shell=bash
# What the scripts have in common; sourced from the project's folder.

export PATH="$PWD/.tools/bin:$PATH"

has() { command -v "$1" >/dev/null; }
say() { printf '\n== %s\n' "$*" >&2; }
fail() { printf '%s: %s\n' "$0" "$*" >&2; exit 1; }

# Says what it does, then does it.
step() { say "$*"; "$@"; }
