#!/bin/bash
# Makes build/dist: the sources as an archive, and install.sh with that archive in it.
#
#   tools/dist.sh
set -euo pipefail

cd "$(dirname "$0")/.."
name=uwsgi-plugin-pypy-$(sed -n 's/^VERSION := //p' Makefile)
dist=build/dist
mkdir -p "$dist"

# What git knows or would add; of an unpacked archive, all of it.
list() {
    if [[ -e .git ]]; then
        git ls-files -z --cached --others --exclude-standard
    else
        find . -path ./build -prune -o -name __pycache__ -prune -o -type f -printf '%P\0'
    fi
}

# the same sources give the same archive: its files have the date of the last entry in the changelog
date=$(sed -n 's/^ -- .*>  //p' packaging/debian/changelog | head -1)
list | while IFS= read -r -d '' path; do [[ ! -e $path ]] || printf '%s\0' "$path"; done |
    sort -z | tar -c --null -T - --mtime="$date" --owner=0 --group=0 --numeric-owner |
    gzip -9n >"$dist/$name.tar.gz"

awk -v archive="base64 $dist/$name.tar.gz" '
    /replaced by `make dist`/ {
        print "    cat <<\"END-OF-ARCHIVE\""
        while ((archive | getline line) > 0)
            print line
        print "END-OF-ARCHIVE"
        next
    }
    { print }' install.sh >"$dist/install.sh"
chmod +x "$dist/install.sh"
ls -l "$dist"
