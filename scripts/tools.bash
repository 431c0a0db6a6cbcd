# shellcheck shell=bash
# What the scripts have in common; sourced from the project's folder.

export PATH="$PWD/.tools/bin:$PATH"

has() { command -v "$1" >/dev/null; }
say() { printf '\n== %s\n' "$*" >&2; }
fail() { printf '%s: %s\n' "$0" "$*" >&2; exit 1; }

# Installs Debian packages, or says that somebody should.
install() {
    local -a as_root=()
    if [[ $EUID -ne 0 ]]; then as_root=(sudo -n); fi
    if ! has apt-get || ! "${as_root[@]}" true 2>/dev/null; then
        fail "please install $* (Debian's names), then run this again"
    fi
    say "installing $*"
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

# Installs what is missing of programs, each given as program:package.
install_packages() {
    local entry
    local -a packages=()
    mapfile -t packages < <(for entry; do
        has "${entry%%:*}" || echo "${entry##*:}"
    done | sort -u)
    if [[ ${#packages[@]} -gt 0 ]]; then install "${packages[@]}"; fi
}

# Says what it does, then does it.
step() { say "$*"; "$@"; }
