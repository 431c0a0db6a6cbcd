# shellcheck shell=bash
# What the scripts have in common; sourced from the project's folder.

export PATH="$PWD/.tools/bin:$PATH"

has() { command -v "$1" >/dev/null; }
say() { printf '\n== %s\n' "$*" >&2; }
fail() { printf '%s: %s\n' "$0" "$*" >&2; exit 1; }

# Asks Debian what there is, or says that somebody should see to the packages that are wanted.
as_root=()
if [[ $EUID -ne 0 ]]; then as_root=(sudo -n); fi
look_for() {
    if ! has apt-get || ! "${as_root[@]}" true 2>/dev/null; then
        fail "please install $* (Debian's names), then run this again"
    fi
    say "installing $*"
    "${as_root[@]}" apt-get update -q
}

# Installs Debian packages.
install() {
    look_for "$@"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

# Takes one program out of a Debian package into .tools, and leaves out what the package would start or needs.
take_program() {
    local program=$1 package=$2 scratch
    if has "$program"; then return; fi
    look_for "$package"
    scratch=$(mktemp -d)
    (cd "$scratch" && apt-get download -q "$package" && dpkg-deb -x ./*.deb .)
    mkdir -p .tools/bin
    cp "$scratch/usr/bin/$program" .tools/bin/
    rm -r "$scratch"
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
