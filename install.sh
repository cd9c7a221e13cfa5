#!/bin/bash
# Installs one uWSGI binary with the PyPy plugin inside.
#
#   bash install.sh pypy /tmp/uwsgi
#   curl http://HOST/install.sh | bash -s pypy /tmp/uwsgi
#
# The first form builds from the clone that it lies in. For the second, `make dist` makes
# build/dist/install.sh, which has the sources in it: one file to put on any web server.
set -euo pipefail

# All is in functions: of a file that was not transferred whole, nothing runs.
fail() {
    echo "install.sh: $*" >&2
    exit 1
}

archive() {
    return 1 # replaced by `make dist`
}

# Sets `sources`: the clone, or what is unpacked here.
find_sources() {
    local here
    here=$(dirname "$(readlink -f -- "${BASH_SOURCE[0]:-}")") 2>/dev/null || here=
    if [[ ${BASH_SOURCE[0]:-} && -e $here/uwsgiplugin.py ]]; then
        sources=$here
        return
    fi
    sources=$(mktemp -d)
    trap 'rm -rf "$sources"' EXIT
    archive | base64 -d 2>/dev/null | tar -xz -C "$sources" 2>/dev/null ||
        fail "the sources are not here: run it in a clone, or take the install.sh that \`make dist\` makes"
}

check() {
    (($# == 2)) || fail "two arguments: the profile (pypy) and where to put the binary: install.sh pypy /tmp/uwsgi"
    [[ $1 == pypy ]] || fail "there is one profile, pypy, not $1"
    [[ $2 == /* ]] || fail "the path of the binary has to begin with /, not $2"
    [[ ! -d $2 ]] || fail "$2 is a folder: name the file in it, $2/uwsgi"
    [[ -d $(dirname "$2") && -w $(dirname "$2") ]] || fail "cannot write to $(dirname "$2")"
    [[ $(uname -s) == Linux ]] || fail "uWSGI's PyPy plugin runs on Linux only, this is $(uname -s)"
    command -v apt-get >/dev/null || [[ ${UWSGI_TARBALL:-} ]] ||
        fail "without apt-get the sources of uWSGI are needed: UWSGI_TARBALL=/path/to/uwsgi-2.0.x.tar.gz"
}

main() {
    check "$@"
    local binary=$2
    find_sources
    echo "Installing uWSGI with the PyPy plugin as $binary; nothing else is changed but for the packages that"
    echo "the build needs ($(sed -n 's/^\[\(build\|profile\)\].*/\1/p' "$sources/packaging/packages.txt" | paste -sd' ') in packaging/packages.txt)."
    if ! command -v make >/dev/null; then
        "$sources/tools/packages.sh" build </dev/null
    fi
    UWSGI_PROFILE=$1 UWSGI_BIN_NAME=$binary make -C "$sources" --no-print-directory </dev/null
    echo "Installed: $binary, $("$binary" --version), with the PyPy plugin"
    echo "Try:       $binary --http-socket :9090 --pypy-wsgi myapp"
}

main "$@"
