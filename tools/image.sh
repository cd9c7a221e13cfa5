#!/bin/bash
# Builds packaging/Containerfile, runs the image, and asks it for examples/hello: where there is no engine for
# containers and no registry. The base is a Debian of mmdebstrap's under the name that the recipe asks for; buildah
# runs the recipe's commands in a chroot. What it prints last is the answer.
#
#   tools/image.sh
#
# Needs root and the network for apt. All of it is in build/image, and gone afterwards.
set -euo pipefail

cd "$(dirname "$0")/.."
tools/packages.sh chroot image
mirror=${MIRROR:-http://deb.debian.org/debian}
folder=$PWD/build/image
recipe=packaging/Containerfile
base=$(sed -n 's/^FROM \([^ ]*\)$/\1/p' "$recipe")
suite=${base##*:}
suite=${suite%-slim}

rm -rf "$folder"
mkdir -p "$folder"
export BUILDAH_ISOLATION=chroot
images=(buildah --root "$folder/storage" --runroot "$folder/run")
trap '"${images[@]}" rm --all >/dev/null 2>&1; rm -rf "$folder"' EXIT

mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' "$suite" "$folder/base.tar" "$mirror"
container=$("${images[@]}" from scratch)
"${images[@]}" add --quiet "$container" "$folder/base.tar" / >/dev/null
"${images[@]}" commit --quiet --rm "$container" "$base" >/dev/null
rm "$folder/base.tar"

"${images[@]}" build --pull-never --tag uwsgi-pypy --file "$recipe" .

# `buildah run` takes a command and not what the image has for one
command=$("${images[@]}" inspect --type image uwsgi-pypy | /usr/bin/python3 -c '
import json, shlex, sys
config = json.load(sys.stdin)["OCIv1"]["config"]
print(shlex.join(config["Entrypoint"] + config["Cmd"]))')
container=$("${images[@]}" from --pull-never uwsgi-pypy)
echo "running: $command"
# with a network of its own, so that the port is free; what is left of it ends with its process 1
unshare --net --pid --fork --kill-child --mount-proc bash -euc '
    ip link set lo up
    log=$1
    shift
    "$@" >"$log" 2>&1 &
    curl --silent --show-error --retry 60 --retry-delay 1 --retry-connrefused --fail http://127.0.0.1:9090/ ||
        { cat "$log"; exit 1; }' \
    bash "$folder/log" "${images[@]}" run --volume "$PWD/examples/hello:/srv/app:ro" "$container" -- sh -c "exec $command"
