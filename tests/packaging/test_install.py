"""docs/install.md: each of its blocks, as it stands, in a clean Debian with nothing but a clone and `make`.

Slow, and needs root, a network for apt and tools/chroot.sh: run by `make test-packaging`, not by `make test`.
"""

import os
import re
import shlex
import subprocess

import pytest

from harness.ports import release_port, reserve_port
from harness.server import REPOSITORY

PAGE = (REPOSITORY / 'docs/install.md').read_text()
SUITE = os.environ.get('UPP_SUITE', 'bookworm')

# What a block needs around it. `serve FILE TEXT`: runs a block that serves :9090, in a network of its own, and
# asks it for / until the answer has TEXT.
LIBRARY = r'''
set -euo pipefail
cd /src

serve() {
    unshare --net bash -euc '
        ip link set lo up
        setsid bash -euo pipefail "$1" >/tmp/server.log 2>&1 &
        server=$!
        for attempt in $(seq 200); do
            answer=$(curl --silent --fail http://127.0.0.1:9090/) && break
            kill -0 $server 2>/dev/null || [[ $3 ]] || break
            sleep 0.1
        done
        if [[ ${answer:-} != *"$2"* ]]; then
            cat /tmp/server.log
            echo "not served: ${answer:-nothing}"
            exit 1
        fi
        echo "SERVED $answer"
        kill -INT -- -$server || true
        wait $server || true
        ${3:-true}' bash "$1" "$2" "${3:-}"
}

# absent PATTERN FILE: fails when a line matches
absent() {
    if grep -e "$1" "$2"; then
        echo "that should not be there"
        exit 1
    fi
}

refused() {
    local said
    if said=$("${@:2}" 2>&1); then
        echo "not refused: ${*:2}"
        exit 1
    fi
    [[ $said == *"$1"* ]] || { echo "no sentence with '$1': $said"; exit 1; }
}
'''

# Debian's PyPy laid out as a tarball of PyPy is: PyPy follows links of its library to where it really is.
OPT_PYPY = r'''
library=$(ldd "$(readlink -f "$(command -v pypy3)")" | awk '/libpypy/ { print $3 }')
mkdir -p /opt/pypy/bin /opt/pypy/lib
cp "$(readlink -f "$library")" /opt/pypy/bin/libpypy-c.so
ln -s "$(pypy3 -c 'import os; print(os.path.dirname(os.__file__))')" /opt/pypy/lib/
cat >myapp.py <<'END'
import sys
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [('home %s\n' % sys.prefix).encode()]
END
'''


def blocks(heading):
    """The sh blocks of a section."""
    section = re.search(r'^## %s\n(.*?)(?=^## |\Z)' % re.escape(heading), PAGE, re.MULTILINE | re.DOTALL).group(1)
    return re.findall(r'^```sh\n(.*?)^```$', section, re.MULTILINE | re.DOTALL)


def run(script, sections='clone', network=True):
    """Runs a script in a clean Debian; returns what it said."""
    env = {**os.environ, 'CHROOT_NETWORK': '1' if network else ''}
    for name in ('MAKEFLAGS', 'MAKELEVEL', 'MFLAGS'):
        env.pop(name, None)
    done = subprocess.run([str(REPOSITORY / 'tools/chroot.sh'), SUITE, sections, 'bash', '-c', LIBRARY + script],
                          env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def bash(block):
    """The block in a shell of its own, so that it may change the directory."""
    return 'bash -euo pipefail -c %s </dev/null\n' % shlex.quote(block)


def serve(block, text, then=''):
    """Runs the block, which serves, until / answers with the text; `then` runs in the same network afterwards."""
    return 'cat >/tmp/block.sh <<"END-OF-BLOCK"\n%sEND-OF-BLOCK\nserve /tmp/block.sh %s %s\n' % (
        block, shlex.quote(text), shlex.quote(then))


def test_every_block_is_tested():
    """A block that is added to the page gets its test."""
    headings = re.findall(r'^## (.*)$', PAGE, re.MULTILINE)
    assert {heading: len(blocks(heading)) for heading in headings if blocks(heading)} == {
        'make install': 2, 'uwsgi --build-plugin': 2, 'One binary': 3, 'pip': 3, 'The installer': 2,
        'A Debian package': 2, 'A systemd unit': 1}


def test_make_install():
    """The plugin is where uWSGI looks for it, and serves by its name."""
    install, use = blocks('make install')
    said = run(bash(install) + 'ls -l /usr/lib/uwsgi/plugins/pypy_plugin.so\n' + serve(use, 'Hello from PyPy'))
    assert 'SERVED Hello from PyPy' in said


def test_build_plugin():
    """By uWSGI itself, called in another directory."""
    build, use = blocks('uwsgi --build-plugin')
    said = run('tools/packages.sh build run\n' + bash(build) + 'test -e /tmp/plugins/pypy_plugin.so\n'
               + serve(use, 'Hello from PyPy'))
    assert 'SERVED Hello from PyPy' in said


def test_one_binary():
    """Without --plugin, with the documented home; the machine's own lists of packages stay as they are."""
    build, use, symbol = blocks('One binary')
    said = run('''
        lists() { find /etc/apt -name '*.list' -o -name '*.sources' | sort | xargs md5sum; }
        lists >/tmp/lists
        refused "there is one profile here, pypy" env UWSGI_PROFILE=cpython make
        refused "cannot be read" env UWSGI_PROFILE=pypy UWSGI_TARBALL=/nowhere.tar.gz make
        ''' + bash(build) + '''
        lists | cmp - /tmp/lists
        apt-get purge --yes uwsgi-core >/dev/null 2>&1
        ''' + OPT_PYPY + serve(use, 'home /opt/pypy') + bash(symbol).replace('</dev/null', '2>&1 | tee /tmp/symbol')
        + '''
        cmp <(sed -e '$a\\' /tmp/symbol) <(sed -e '$a\\' python/pypy_setup.py)
        # nothing to build again, and the plain build has not been touched
        UWSGI_PROFILE=pypy make | tee /tmp/again
        absent ' CC ' /tmp/again
        ''')
    assert 'SERVED home /opt/pypy' in said


def test_pip():
    """Without a network, into an environment that it leaves as it was."""
    install, use, uninstall = blocks('pip')
    packages, _, install = install.partition('\n')
    said = run(bash(packages + '\n') + r'''
        pypy3 -m venv /srv/mysite/venv
        list() { find /srv/mysite/venv ! -name __pycache__ ! -name '*.pyc' | sort; }
        list >/tmp/before
        refused "pypy3 -m pip install ." python3 setup.py --version
        ''' + 'unshare --net ' + bash(install)
        + 'git status >/dev/null 2>&1 || ls\n'
        + serve(use, 'Hello from PyPy')
        + r'''
        /srv/mysite/venv/bin/uwsgi --http-socket 127.0.0.1:0 --pypy-eval \
            'import os, sys; print("HOME", sys.prefix); os._exit(0)' 2>&1 | tee /tmp/home
        grep 'HOME /srv/mysite/venv$' /tmp/home
        printf '[uwsgi]\nplugin = pypy\nhttp-socket = 127.0.0.1:0\npypy-eval = import os; print("LOADED"); os._exit(0)\n' >x.ini
        cd / && /srv/mysite/venv/bin/uwsgi --ini /src/x.ini 2>&1 | grep -c '^LOADED$' | grep -x 1
        refused "no uWSGI found on PATH" env PATH=/srv/mysite/venv/bin /srv/mysite/venv/bin/uwsgi
        cd /src
        ''' + 'unshare --net ' + bash(install) + bash(uninstall) + 'list | diff /tmp/before -\n')
    assert 'SERVED Hello from PyPy' in said


def test_installer():
    """From the clone and from a web server, twice over the same binary; it refuses what it cannot do."""
    clone, piped = blocks('The installer')
    port = reserve_port()
    try:
        said = run(r'''
            refused "two arguments" bash install.sh pypy
            refused "one profile, pypy, not python" bash install.sh python /tmp/uwsgi
            refused "has to begin with /" bash install.sh pypy uwsgi
            refused "is a folder" bash install.sh pypy /tmp
            refused "cannot write to /nowhere" bash install.sh pypy /nowhere/uwsgi
            cp install.sh /tmp/alone.sh
            refused "the sources are not here" bash /tmp/alone.sh pypy /tmp/uwsgi
            ''' + bash(clone) + serve('/tmp/uwsgi --http-socket :9090 --pypy-wsgi-file examples/hello/app.py\n',
                                      'Hello from PyPy') + r'''
            make dist >/dev/null
            mv build/dist /tmp/site
            (cd /tmp/site && exec python3 -m http.server --bind 127.0.0.1 %d) >/dev/null 2>&1 &
            curl --silent --retry 20 --retry-delay 1 --retry-connrefused --head http://127.0.0.1:%d/ >/dev/null
            if head -c 100000 /tmp/site/install.sh | bash -s pypy /tmp/half; then exit 1; fi
            test ! -e /tmp/half
            app=$PWD/examples/hello/app.py
            mkdir /tmp/elsewhere && cd /tmp/elsewhere
            ''' % (port, port) + bash(piped.replace(':8000', ':%d' % port)) + r'''
            test -z "$(ls -A)"
            cd /src
            ''' + serve('/tmp/uwsgi --http-socket :9090 --pypy-wsgi-file examples/hello/app.py\n', 'Hello from PyPy'))
    finally:
        release_port(port)
    assert said.count('Installing uWSGI with the PyPy plugin as /tmp/uwsgi') == 2
    assert said.count('SERVED Hello from PyPy') == 2


def test_deb():
    """The package: clean for lintian, served by Debian's own scripts, upgraded, and purged to the last file."""
    make, use = blocks('A Debian package')
    build, install = make.splitlines()
    said = run(bash(build) + r'''
        tools/packages.sh service
        rm /usr/sbin/policy-rc.d
        list() { find / -xdev \( -path /proc -o -path /src -o -path /tmp -o -path /var/cache -o -path /var/log \
            -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /root -o -path /run \) -prune -o -print | sort; }
        list >/tmp/before
        ''' + bash(install + '\n') + r'''
        dpkg-query -W -f='${Depends}\n' uwsgi-plugin-pypy3 | grep "uwsgi-abi-$(uwsgi-core --dot-h | md5sum | cut -c1-32)"
        # a later version of the same package
        dpkg-deb -R build/deb/uwsgi-plugin-pypy3_*.deb /tmp/later
        sed -i 's/^Version: .*/Version: 99/' /tmp/later/DEBIAN/control
        dpkg-deb -b /tmp/later /tmp/later.deb >/dev/null
        cat >/tmp/then.sh <<'END'
            dpkg -i /tmp/later.deb >/dev/null
            curl --silent --fail http://127.0.0.1:9090/ | grep 'Hello from PyPy'
            service uwsgi restart
            curl --silent --fail --retry 30 --retry-delay 1 --retry-connrefused http://127.0.0.1:9090/ | grep 'Hello from PyPy'
            service uwsgi stop
            echo UPGRADED
END
        ''' + serve(use, 'Hello from PyPy', 'bash -euo pipefail /tmp/then.sh') + r'''
        # the example of the README, as autopkgtest runs it
        tools/packages.sh pip
        unshare --net bash -euc 'ip link set lo up; cd /usr/share/doc/uwsgi-plugin-pypy3; bash /src/packaging/debian/tests/readme' 2>&1 |
            tee /tmp/readme
        grep -x 'The install worked successfully' /tmp/readme
        rm /etc/uwsgi/apps-enabled/hello.ini
        apt-get purge --yes uwsgi-plugin-pypy3 >/dev/null
        list >/tmp/after
        absent uwsgi-plugin-pypy /tmp/after
        absent pypy_plugin.so /tmp/after
        comm -23 /tmp/before /tmp/after >/tmp/gone # and nothing else is gone
        absent . /tmp/gone
        ''')
    assert 'UPGRADED' in said and 'The install worked successfully' in said


def test_autopkgtest():
    """Debian's tool finds the test of the package, installs what it needs and is content."""
    make = blocks('A Debian package')[0].splitlines()[0]
    said = run(bash(make) + r'''
        tools/packages.sh autopkgtest
        autopkgtest --no-built-binaries build/deb/*.deb build/deb/*.dsc -- null
        ''')
    assert re.search(r'^readme +PASS$', said, re.MULTILINE)


def test_image():
    """The recipe builds, and the command of the image serves; without an engine for containers."""
    done = subprocess.run([str(REPOSITORY / 'tools/image.sh')], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-6000:]
    assert 'Hello from PyPy' in done.stdout.splitlines()[-1]


def test_clone():
    """The README's two commands: `make run` serves, `make test` tests (a few files here; all of it is the CI's)."""
    port = reserve_port()
    try:
        said = run('''
            make run PORT=%d >/tmp/run.log 2>&1 &
            curl --silent --fail --retry 600 --retry-delay 1 --retry-connrefused http://127.0.0.1:%d/ ||
                { cat /tmp/run.log; exit 1; }
            make test TESTS="tests/wsgi/test_environ.py tests/install"
            ''' % (port, port))
    finally:
        release_port(port)
    assert 'Hello from PyPy' in said and re.search(r'^\d+ passed', said, re.MULTILINE)


def test_unit():
    """No error in it, and as closed as it says."""
    install, = blocks('A systemd unit')
    said = run(r'''
        tools/packages.sh run unit
        %s
        systemd-analyze security --offline=true --threshold=15 /etc/systemd/system/uwsgi-pypy@.service | tail -1
        ''' % bash(install))
    assert 'exposure level' in said and ': 1.4 OK' in said


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_chroot_leaves_nothing():
    """A change in a chroot is gone with it."""
    run('touch /usr/bin/left-behind /src/left-behind', network=False)
    run('! test -e /usr/bin/left-behind && ! test -e /src/left-behind', network=False)
