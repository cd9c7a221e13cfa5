#!/bin/bash
# The plugin shares one namespace with uWSGI and PyPy: it exports its entry and
# the text of its setup file, and all that is ours is resolved inside it.
#
#   tools/check_symbols.sh build/pypy_plugin.so
set -euo pipefail

plugin=$1

exported=$(nm -D --defined-only "$plugin" | awk '{ print $3 }' | sort | xargs)
if [[ $exported != "pypy_plugin uwsgi_pypy_setup" ]]; then
    echo "$plugin exports: $exported" >&2
    exit 1
fi

missing=$(nm -D --undefined-only "$plugin" | awk '$2 ~ /^upp_/ { print $2 }' | xargs)
if [[ $missing ]]; then
    echo "$plugin: declared and called, but not written: $missing" >&2
    exit 1
fi

if ! readelf -lW "$plugin" | grep -q 'GNU_STACK.* RW '; then
    echo "$plugin: the stack would be executable" >&2
    exit 1
fi
