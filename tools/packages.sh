#!/bin/bash
# Installs what is missing of the named sections of packaging/packages.txt.
#
#   tools/packages.sh build run
#
# Does nothing, quickly, when all is there. Needs root or sudo; with neither it
# prints the command to type and fails. Not on Debian: says so and carries on.
set -euo pipefail

root=$(dirname "$0")/..
list=$root/packaging/packages.txt
# Names that this release does not have: asking apt takes seconds where its cache is off.
absent=$root/build/absent-packages
[[ $absent -nt /etc/os-release ]] || rm -f "$absent"

if ! command -v dpkg-query >/dev/null; then
    echo "Not a Debian system: expecting what $list names ($*) to be here." >&2
    exit 0
fi

# One line for each need: "package", or "package|alternative".
needs=$(awk -v sections=" $* " '
    { sub(/#.*/, ""); gsub(/[ \t]/, "") }
    /^\[/ { gsub(/[][]/, ""); wanted = index(sections, " " $0 " "); next }
    wanted && NF' "$list" | sort -u)

installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' ${needs//|/ } 2>/dev/null |
    awk '$1 == "installed" { print $2 }') || true

is_installed() { grep -qx -- "$1" <<<"$installed"; }
is_available() {
    grep -qsx -- "$1" "$absent" && return 1
    # of a name that other packages only mention it shows nothing, and calls that success
    [[ -n $(apt-cache show --no-all-versions "$1" 2>/dev/null) ]] && return
    mkdir -p "$root/build"
    echo "$1" >>"$absent"
    return 1
}

# Sets `missing`. A later alternative counts only where the earlier ones do not exist.
find_missing() {
    missing=()
    local need name
    for need in $needs; do
        for name in ${need//|/ }; do
            is_installed "$name" && break
            if [[ $name == "${need##*|}" ]] || is_available "$name"; then
                missing+=("$name")
                break
            fi
        done
    done
}

find_missing
if ((!${#missing[@]})); then
    exit 0
fi

as_root=()
if ((EUID)); then
    as_root=(sudo)
    if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
        echo "Some packages are missing. As root:" >&2
        echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
fi

echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -qq

# The lists are fresh now: which alternatives exist may have changed.
rm -f "$absent"
find_missing

# Debian starts a server as soon as it is installed, and these are here only to be tested with.
masked=()
for server in nginx prometheus; do
    if [[ -d /run/systemd/system && " ${missing[*]} " == *" $server"* ]]; then
        masked+=("$server")
    fi
done
if ((${#masked[@]})); then
    "${as_root[@]}" systemctl mask --runtime --quiet "${masked[@]}"
    trap '"${as_root[@]}" systemctl unmask --runtime --quiet "${masked[@]}"' EXIT
fi

"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}"
