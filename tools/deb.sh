#!/bin/bash
# Makes the Debian package of the uWSGI at hand: what `make deb` does. It lands in build/deb.
set -euo pipefail

cd "$(dirname "$0")/.."
version=$(sed -n 's/^VERSION := //p' Makefile)
folder=$PWD/build/deb
source=$folder/uwsgi-plugin-pypy3-$version

packaged=$(sed -n '1s/.*(\(.*\)-[^-]*).*/\1/p' packaging/debian/changelog)
if [[ $packaged != "$version" ]]; then
    echo "packaging/debian/changelog is about $packaged, and the Makefile about $version: add an entry" >&2
    exit 1
fi

rm -rf "$folder"
tools/dist.sh >/dev/null
mkdir -p "$source"
cp "build/dist/uwsgi-plugin-pypy-$version.tar.gz" "$folder/uwsgi-plugin-pypy3_$version.orig.tar.gz"
tar -x -C "$source" -f "$folder/uwsgi-plugin-pypy3_$version.orig.tar.gz"
cp -a packaging/debian "$source/debian"

(cd "$source" && dpkg-buildpackage --no-sign --build=full) >"$folder/build.log" 2>&1 || {
    tail -30 "$folder/build.log" >&2
    echo "the package did not build; all that was said is in build/deb/build.log" >&2
    exit 1
}
rm -rf "$source"
# it is not uploaded to Debian, so there is no bug to close
lintian --allow-root --fail-on=error,warning --suppress-tags=initial-upload-closes-no-bugs "$folder"/*.changes
ls -l "$folder"/*.deb
