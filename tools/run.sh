#!/bin/bash
# Serves examples/hello in the foreground: what `make run` does.
#
#   tools/run.sh build/pypy_plugin.so 9090
set -euo pipefail

plugin=$1
port=$2
address=127.0.0.1:$port

if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "Port $port is in use. Try another one: make run PORT=$((port + 1))" >&2
    exit 1
fi

command=("${UWSGI:-uwsgi}" --plugin "$plugin" --http-socket "$address" --master --die-on-term
    --pypy-wsgi-file examples/hello/app.py)

cat <<EOF

  ${command[*]}

  Try, in another terminal:   curl http://$address/
  Stop with Ctrl-C.

EOF
exec "${command[@]}"
