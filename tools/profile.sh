#!/bin/bash
# Builds one uWSGI binary with this plugin inside: what `UWSGI_PROFILE=pypy make` does.
#
#   tools/profile.sh pypy build/uwsgi
#
# uWSGI's core is the distribution's source package (apt fetches and checks it), or the tarball
# that $UWSGI_TARBALL names. All work happens in build/profile.
set -euo pipefail

profile=$1
binary=$(realpath -m "$2")
cd "$(dirname "$0")/.."
work=$PWD/build/profile
version=$(sed -n 's/^VERSION := //p' Makefile)

fail() {
    echo "UWSGI_PROFILE=$profile: $*" >&2
    exit 1
}

[[ $profile == pypy ]] || fail "there is one profile here, pypy: UWSGI_PROFILE=pypy make"

# The deb-src twin of the line where uwsgi-core comes from, in a list of its own: the machine's
# lists stay as they are. Only the upstream tarball of the source package is fetched.
fetch_source() {
    local package uri suite component key line
    line=$(LC_ALL=C apt-cache madison uwsgi-core 2>/dev/null | grep -m1 ' Packages$') ||
        fail "apt knows no package uwsgi-core: run apt-get update, or give the sources of uWSGI" \
            "yourself, UWSGI_TARBALL=/path/to/uwsgi-2.0.x.tar.gz"
    read -r _ _ package _ uri component _ <<<"$line"
    suite=${component%/*}
    component=${component##*/}
    # lists that name no key rely on the keys that apt trusts for everything
    key=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(SIGNED_BY)' |
        awk -v uri="$uri" -v suite="$suite" -v component="$component" '
            { sub(/\/$/, "", $1) } $1 == uri && $2 == suite && $3 == component && $4 ~ /^\// { print $4; exit }')
    mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
    echo "deb-src ${key:+[signed-by=$key] }$uri $suite $component" >"$work/apt/sources.list"
    local options=(-qq -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o APT::Sandbox::User=)
    echo "  APT  uwsgi $package: the source tarball from $uri"
    apt-get "${options[@]}" update
    (cd "$work/apt" && apt-get "${options[@]}" source --tar-only "uwsgi=$package")
    tarball=$(ls -t "$work"/apt/uwsgi_*.orig.tar.* | grep -v '\.asc$' | head -1)
}

mkdir -p "$work"
tarball=${UWSGI_TARBALL:-}
if [[ $tarball ]]; then
    [[ -r $tarball ]] || fail "UWSGI_TARBALL=$tarball cannot be read"
    [[ $tarball == /* ]] || tarball=$OLDPWD/$tarball
else
    tarball=$(ls "$work"/apt/uwsgi_*.orig.tar.?z 2>/dev/null | head -1) || true
    [[ $tarball ]] || fetch_source
fi

# Unpacked again only when it is another one: uWSGI's objects are kept from build to build.
core=$work/core
if [[ $(cat "$work/core.from" 2>/dev/null) != "$tarball" ]]; then
    rm -rf "$core" "$work/core.from"
    mkdir "$core"
    tar -x -C "$core" --strip-components=1 -f "$tarball" || fail "$tarball is no tarball of uWSGI"
    [[ -e $core/uwsgiconfig.py ]] || fail "$tarball has no uwsgiconfig.py: it is no tarball of uWSGI"
    echo "$tarball" >"$work/core.from"
fi
cmp -s packaging/profile/pypy.ini "$core/buildconf/upp.ini" ||
    cp packaging/profile/pypy.ini "$core/buildconf/upp.ini"

python=${PYTHON:-python3}
configure=("$python" -W ignore uwsgiconfig.py)
export CPUCOUNT=${JOBS:-$(nproc)}
unset CFLAGS LDFLAGS UWSGI_PROFILE UWSGI_BIN_NAME UWSGI_EMBED_PLUGINS MAKEFLAGS MAKELEVEL

# The flags say how the core's structs are laid out: the plugin is compiled with the same.
(cd "$core" && "${configure[@]}" --cflags upp | tail -1) >"$work/cflags"
make --no-print-directory -j"$CPUCOUNT" objects OUT=build/profile GEN=build/profile/gen \
    HOST_FROM="--source build/profile/core --source-cflags build/profile/cflags" PYTHON="$python"

# uWSGI takes the plugin as one object, described by an uwsgiplugin.py.
mkdir -p "$work/plugin"
find "$work/obj" -name '*.o' -print0 | sort -z | xargs -0 ld -r -o "$work/plugin/pypy.o"
libraries=()
[[ -e /usr/share/llhttp/llhttp.c ]] || libraries=("'-lllhttp'")
cat >"$work/plugin/uwsgiplugin.py" <<END
NAME = 'pypy'
GCC_LIST = ['pypy.o']
LIBS = [${libraries[*]}]
LDFLAGS = ['-Wl,-z,relro', '-Wl,-z,now']
END

mkdir -p "$(dirname "$binary")"
echo "  LD   $2 (uWSGI $(sed -n 's/^uwsgi_version = .\(.*\).$/\1/p' "$core/uwsgiconfig.py") with the PyPy plugin $version)"
if ! (cd "$core" && UWSGI_BIN_NAME=$work/uwsgi.new "${configure[@]}" --build upp) >"$work/build.log" 2>&1; then
    tail -20 "$work/build.log" >&2
    fail "uWSGI did not build; all that was said is in build/profile/build.log"
fi
mv "$work/uwsgi.new" "$binary"
