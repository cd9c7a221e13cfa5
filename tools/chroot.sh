#!/bin/bash
# Runs a command in a clean Debian of any release, below build/chroot.
#
#   tools/chroot.sh SUITE SECTIONS COMMAND...
#   tools/chroot.sh trixie build,run make
#
# SUITE     a Debian release: bullseye, bookworm, trixie, sid
# SECTIONS  of packaging/packages.txt, with commas: installed first, and kept for the next time with
#           the same sections
# COMMAND   runs in /src, a copy of this working tree (what git knows or would add), as root
#
# What the command changes is thrown away: it works in an overlay. Only what it writes to /out
# stays, in $CHROOT_OUT (default build/chroot/out). It has its own network (only the loopback
# interface, all ports free), processes and mounts; CHROOT_NETWORK=1 gives it this machine's network.
#
# Needs root, mmdebstrap and a kernel with overlayfs. MIRROR is where the packages come from. ARCH is another
# architecture than this machine's (arm64), for a kernel that has been told to run its programs by qemu.
set -euo pipefail

suite=$1
sections=${2//,/ }
shift 2

cd "$(dirname "$0")/.."
mirror=${MIRROR:-http://deb.debian.org/debian}
folder=$PWD/build/chroot
base=$folder/$suite${ARCH:+-$ARCH}${sections:+-${sections// /-}}
out=${CHROOT_OUT:-$folder/out}

if ((EUID)); then
    echo "tools/chroot.sh: needs root, to mount and to chroot: sudo make ..." >&2
    exit 1
fi
mkdir -p "$folder" "$out"

make_base() {
    [[ -e $base/.made ]] && return
    echo "making $base from $mirror" >&2
    rm -rf "$base"
    # a mirror's old snapshot is as good as a new one here, and still signed
    mmdebstrap --quiet --variant=apt --format=directory \
        ${ARCH:+--architectures="$ARCH"} \
        --aptopt='Acquire::Check-Valid-Until "false"' "$suite" "$base" "$mirror"
    # no service starts by being installed
    printf '#!/bin/sh\nexit 101\n' >"$base/usr/sbin/policy-rc.d"
    chmod +x "$base/usr/sbin/policy-rc.d"
    mkdir -p "$base/src" "$base/out"
    [[ $suite != bullseye ]] || add_llhttp
    touch "$base/.made"
}

# bullseye has no llhttp: the C sources of bookworm's package, without the rest of Node.js.
add_llhttp() {
    cp /etc/resolv.conf /etc/hosts "$base/etc/"
    chroot "$base" /bin/bash -euc '
        cd "$(mktemp -d)"
        mkdir -p lists/partial
        echo "deb $1 bookworm main" >sources.list
        set -- -qq -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=/dev/null \
            -o Dir::State::lists="$PWD/lists" -o APT::Sandbox::User=root
        apt-get "$@" update
        apt-get "$@" download node-llhttp
        dpkg-deb -R node-llhttp_*.deb package
        sed -i /^Depends:/d package/DEBIAN/control
        dpkg-deb -b package node-llhttp.deb
        dpkg -i node-llhttp.deb' bash "$mirror" >&2
}

# sh code: ROOT OUT COMMAND..., in namespaces that the caller made
enter='
    root=$1 out=$2
    shift 2
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount --bind "$out" "$root/out"
    [ -z "$CHROOT_LONELY" ] || ip link set lo up
    exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM=dumb \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"'

install_packages() {
    mkdir -p "$base/src/packaging" "$base/src/tools"
    cp packaging/packages.txt "$base/src/packaging/"
    cp tools/packages.sh "$base/src/tools/"
    cp /etc/resolv.conf /etc/hosts "$base/etc/"
    # shellcheck disable=SC2086
    CHROOT_LONELY='' unshare --mount --pid --fork --kill-child \
        sh -euc "$enter" sh "$base" "$out" /src/tools/packages.sh $sections >&2
}

(
    flock 9
    make_base
    install_packages
) 9>"$base.lock"

work=$(mktemp -d "$folder/.overlay-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/upper" "$work/work" "$work/root"
mkdir "$work/upper/src"
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' name; do [[ ! -e $name ]] || printf '%s\0' "$name"; done |
    tar -c --null -T - | tar -x -C "$work/upper/src"

lonely=(--net)
[[ -z ${CHROOT_NETWORK:-} ]] || lonely=()
# The overlay is mounted in a mount namespace: nothing stays mounted, whatever happens. The command
# is not process 1: that is a shell, which buries what other processes leave.
status=0
CHROOT_LONELY=${lonely[*]} unshare --mount --pid --fork --kill-child "${lonely[@]}" sh -euc '
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
    work=$2 out=$3
    shift 3
    set -- "$work/root" "$out" "$@"
    '"$enter" sh "$base" "$work" "$out" sh -c 'cd /src; "$@"; exit $?' sh "$@" || status=$?
exit "$status"
