#!/bin/bash
# Builds the plugin on each Debian release and runs the core of the tests there: what `make matrix`
# does. The result is a table for docs/compatibility.md, also left in build/matrix/table.md.
#
#   tools/matrix.sh [SUITE...]
#
# Then the newest release loads the PyPy of every release into its one plugin, and the plugin of every
# release is refused by all newer ones. Whatever was said is in build/matrix/SUITE.log. With SUITEs, only these
# are built and tested again; what the table says of the others is from before, and it says so of those that were
# tested with other sources.
set -euo pipefail

cd "$(dirname "$0")/.."
all=(bullseye bookworm trixie sid)
suites=("$@")
((${#suites[@]})) || suites=("${all[@]}")
work=$PWD/build/matrix
newest=${all[-1]}
mkdir -p "$work"

# http and uwsgi protocol, fork, threads, reload, the API, Django; the collector, whose memory the plugin looks into
tests=(tests/boot/test_fork.py tests/boot/test_children.py tests/boot/test_interpreter.py
    tests/wsgi/test_environ.py
    tests/uwsgi/test_threads.py tests/uwsgi/test_fronts.py tests/uwsgi/test_reload.py
    tests/uwsgi/test_signals_at_fork.py tests/loop/test_fairness.py
    tests/api/test_core.py tests/api/test_rpc.py tests/api/test_signal.py
    tests/api/test_lock.py tests/apps/test_django.py tests/apps/test_examples.py::test_django
    tests/gc)

# what the PyPy of a release cannot
declare -A without=([bullseye]=soft_harakiri)

# what the result depends on
sources=$(git ls-files -z --cached --others --exclude-standard Makefile src python packaging tests tools examples |
    while IFS= read -r -d '' name; do [[ ! -e $name ]] || printf '%s\0' "$name"; done |
    sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)

in_chroot() {
    local suite=$1
    shift
    CHROOT_OUT=$work/$suite tools/chroot.sh "$suite" build,run,matrix "$@"
}

# Run in the chroot; leaves /out/pypy_plugin.so, /out/llhttp (the library that it is linked with, if it is one),
# /out/pypy (what PyPy is, with its library) and /out/facts.
inside='
    python3 -B tools/check_python.py python tools packaging setup.py uwsgiplugin.py
    pypy3 -B tools/check_python.py python packaging setup.py
    make -j"$(nproc)"
    cp build/pypy_plugin.so /out/
    rm -rf /out/llhttp
    mkdir /out/llhttp
    ldd build/pypy_plugin.so | awk "/llhttp/ { print \$3 }" | xargs -r cp -L -t /out/llhttp
    library=$(ldd "$(readlink -f "$(command -v pypy3)")" | awk "/libpypy/ { print \$3 }")
    stdlib=$(pypy3 -c "import os; print(os.path.dirname(os.__file__))")
    rm -rf /out/pypy
    mkdir -p /out/pypy/bin /out/pypy/lib /out/pypy/needs
    prefix=$(pypy3 -c "import sys; print(sys.prefix)")
    if [ -d "$prefix/lib_pypy" ]; then
        cp -a "$prefix/lib_pypy" "$prefix/lib-python" /out/pypy/ # the layout before 3.8
    else
        cp -a "$stdlib" /out/pypy/lib/
    fi
    cp -L "$library" /out/pypy/bin/
    # another release may not have what the library needs
    ldd "$library" | awk "/=> \\// { print \$3 }" | xargs cp -L -t /out/pypy/needs
    {
        uwsgi-core --version | sed s/-debian//
        pypy3 -c "import sys; print(\"%d.%d.%d\" % sys.pypy_version_info[:3]); print(sys.version.split()[0])"
        gcc -dumpfullversion
    } >/out/facts
    export PYTHONDONTWRITEBYTECODE=1 UPP_UWSGI=/usr/bin/uwsgi-core
    exec /usr/bin/python3 -m pytest -q -n "$(nproc)" --dist loadfile -p no:cacheprovider "$@"'

# lend SUITE OTHER: what SUITE has built is /out/other in the chroot of OTHER.
lend() {
    rm -rf "$work/$2/other" "$work/other"
    cp -a "$work/$1" "$work/other"
    mv "$work/other" "$work/$2/other"
}

stop() {
    local job
    for job in $(jobs -p); do kill -- -"$job"; done
    exit 130
}

# try_suite SUITE: its line of the table, and SUITE.failed if it is not what it should be
try_suite() {
    local suite=$1 result uwsgi pypy python gcc
    mkdir -p "$work/$suite"
    rm -f "$work/$suite/facts" "$work/$suite.failed"
    echo "$suite: building and testing" >&2
    in_chroot "$suite" bash -euc "$inside" bash "${tests[@]}" ${without[$suite]:+-k "not ${without[$suite]}"} \
        >"$work/$suite.log" 2>&1 || touch "$work/$suite.failed"
    result=$(grep -E '^([0-9]+ (passed|failed|skipped|error|xfailed)|no tests ran)' "$work/$suite.log" | tail -1) ||
        result='did not build'
    { read -r uwsgi && read -r pypy && read -r python && read -r gcc; } <"$work/$suite/facts" || true
    echo "$sources" >"$work/$suite.sources"
    echo "| $suite | ${uwsgi:-?} | ${pypy:-?} (Python ${python:-?}) | gcc ${gcc:-?} | ${result% in *} |" |
        tee "$work/$suite.row" >&2
}

# Two at once: the tests wait more than they compute. Each is a group of processes, so that it can be ended.
failed=()
trap stop INT TERM
for suite in "${suites[@]}"; do
    while (($(jobs -rp | wc -l) >= 2)); do wait -n || true; done
    set -m
    try_suite "$suite" </dev/null &
    set +m
done
wait
for suite in "${suites[@]}"; do
    [[ ! -e $work/$suite.failed ]] || failed+=("$suite")
done
if [[ ! -e $work/$newest/pypy_plugin.so ]]; then
    echo "the rest needs the plugin of $newest: tools/matrix.sh $newest" >&2
    exit $((${#failed[@]} > 0))
fi

# One plugin, every PyPy: the library and the standard library of each release in the newest one.
one_plugin='
    mkdir missing
    for name in $(ldd "$2"/bin/libpypy* | awk "/not found/ { print \$1 }"); do ln -s "$2/needs/$name" missing/; done
    export LD_LIBRARY_PATH=$PWD/missing
    printf "def application(environ, start_response):\n    import sys\n    start_response(\"200 OK\", [])\n" >app.py
    printf "    return [(\"%%d.%%d.%%d\" %% sys.pypy_version_info[:3]).encode()]\n" >>app.py
    uwsgi-core --plugin "$1" --http-socket 127.0.0.1:8080 --master --processes 2 --threads 2 \
        --pypy-home "$2" --pypy-lib "$(ls "$2"/bin/libpypy*)" --pypy-wsgi app >log 2>&1 &
    curl --silent --retry 20 --retry-delay 1 --retry-connrefused http://127.0.0.1:8080/ || { cat log >&2; exit 1; }'
: >"$work/pypy.new"
for suite in "${all[@]}"; do
    [[ -e $work/$suite/pypy_plugin.so ]] || continue
    lend "$suite" "$newest"
    said=$(in_chroot "$newest" \
        bash -euc "$one_plugin" bash /out/pypy_plugin.so /out/other/pypy 2>"$work/pypy-$suite.log") || said=failed
    if [[ ${said:-failed} == failed ]]; then
        failed+=("PyPy of $suite")
    else
        said+=' serves'
    fi
    echo "| $newest's plugin | PyPy of $suite | ${said:-failed} |" | tee -a "$work/pypy.new" >&2
    rm -rf "$work/$newest/other"
done

# Every plugin is refused by the uWSGI of every newer release. (An older release may not have the C
# library that the plugin wants.)
for ((i = 0; i < ${#all[@]}; i++)); do
    for ((j = i + 1; j < ${#all[@]}; j++)); do
        suite=${all[i]} newer=${all[j]}
        [[ -e $work/$suite/pypy_plugin.so && -e $work/$newer/facts ]] || continue
        lend "$suite" "$newer"
        log=$work/refusal-$suite-$newer.log
        in_chroot "$newer" env LD_LIBRARY_PATH=/out/other/llhttp timeout 60 \
            uwsgi-core --plugin /out/other/pypy_plugin.so --http-socket 127.0.0.1:0 >"$log" 2>&1 &&
            failed+=("refusal of $suite's plugin by $newer")
        said=$(grep -o 'the pypy plugin was built for uWSGI [^ ]* and this is uWSGI [^ :]*' "$log") &&
            said="refused: $said" ||
            { said='not refused' && failed+=("refusal of $suite's plugin by $newer"); }
        echo "| $suite's plugin | uWSGI of $newer | $said |" | tee -a "$work/pypy.new" >&2
        rm -rf "$work/$newer/other"
    done
done

# arm64: compiled and linked on bookworm, and run where the kernel gives its programs to qemu. The header and the flags are amd64's: they name no machine.
cross='
    dpkg --add-architecture arm64
    apt-get -qq update
    apt-get -qq install --yes --no-install-recommends libssl-dev:arm64
    make CC=aarch64-linux-gnu-gcc CFLAGS="-O2 -g -Werror" LLHTTP_LIBS=
    readelf -h build/pypy_plugin.so | grep AArch64
    cp build/pypy_plugin.so /out/'
hello='
    uwsgi-core --plugin /out/pypy_plugin.so --http-socket 127.0.0.1:8080 --master --processes 2 --threads 2 \
        --pypy-wsgi-file examples/hello/app.py >log 2>&1 &
    curl --silent --fail --retry 60 --retry-delay 1 --retry-connrefused http://127.0.0.1:8080/ || { cat log >&2; exit 1; }
    uname --machine'
said='builds without a warning; not run'
mkdir -p "$work/arm64"
if ! CHROOT_OUT=$work/arm64 CHROOT_NETWORK=1 \
    tools/chroot.sh bookworm build,run,arm64 bash -euc "$cross" >"$work/arm64.log" 2>&1; then
    said='does not build'
    failed+=(arm64)
elif [[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]]; then
    if ARCH=arm64 CHROOT_OUT=$work/arm64 \
        tools/chroot.sh bookworm run bash -euc "$hello" 2>&1 | tee -a "$work/arm64.log" | grep -x aarch64 >/dev/null; then
        said='builds without a warning; serves `examples/hello` in qemu'
    else
        said='builds without a warning; does not serve in qemu'
        failed+=('arm64 in qemu')
    fi
fi
echo "| arm64 | gcc-aarch64-linux-gnu of bookworm | $said |" | tee -a "$work/pypy.new" >&2

{
    echo '| Debian | uWSGI | PyPy | built by | tests |'
    echo '|---|---|---|---|---|'
    for suite in "${all[@]}"; do
        [[ -e $work/$suite.row ]] || continue
        was=$(cat "$work/$suite.sources" 2>/dev/null) || true
        note=; [[ $was == "$sources" ]] || note=' with other sources'
        sed "s/ |$/$note |/" "$work/$suite.row"
    done
    echo
    echo '| | with | result |'
    echo '|---|---|---|'
    cat "$work/pypy.new"
} >"$work/table.md"
rm "$work/pypy.new"
if ((${#failed[@]})); then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
