"""What can be said of the ways to install without building: refusals, and files that agree. The rest: tests/packaging."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from harness.server import REPOSITORY


def run(command, **env):
    """(exit code, what it said) of a command in the repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(('MAKE', 'MFLAGS', 'UWSGI_'))}
    done = subprocess.run(command, cwd=str(REPOSITORY), env={**kept, **env}, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


@pytest.mark.parametrize('arguments, sentence', [
    (['pypy'], 'two arguments: the profile (pypy) and where to put the binary'),
    (['python', '/tmp/uwsgi'], 'there is one profile, pypy, not python'),
    (['pypy', 'uwsgi'], 'the path of the binary has to begin with /'),
    (['pypy', '/tmp'], '/tmp is a folder: name the file in it, /tmp/uwsgi'),
    (['pypy', '/nowhere/uwsgi'], 'cannot write to /nowhere'),
])
def test_installer_refuses(arguments, sentence):
    """Before it does anything, and with the way out."""
    code, said = run(['bash', 'install.sh', *arguments])
    assert code == 1 and said.startswith('install.sh: ' + sentence)


def test_installer_without_sources(tmp_path):
    """Alone, and not made by `make dist`, it says what is missing."""
    shutil.copy(str(REPOSITORY / 'install.sh'), str(tmp_path))
    code, said = run(['bash', str(tmp_path / 'install.sh'), 'pypy', str(tmp_path / 'uwsgi')])
    assert code == 1 and 'the sources are not here: run it in a clone' in said


def test_half_an_installer_does_nothing(tmp_path):
    """A transfer that was cut off runs nothing of it."""
    text = (REPOSITORY / 'install.sh').read_bytes()
    done = subprocess.run(['bash', '-s', 'pypy', str(tmp_path / 'uwsgi')], input=text[:-len(b'main "$@"\n')],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert (done.returncode, done.stdout) == (0, b'')


def test_profile_refuses():
    """UWSGI_PROFILE names the one profile that there is; a tarball that is given has to be there."""
    code, said = run(['tools/profile.sh', 'cpython', '/tmp/uwsgi'])
    assert code == 1 and 'there is one profile here, pypy' in said
    code, said = run(['tools/profile.sh', 'pypy', '/tmp/uwsgi'], UWSGI_TARBALL='/nowhere.tar.gz')
    assert code == 1 and 'UWSGI_TARBALL=/nowhere.tar.gz cannot be read' in said


def test_pip_of_cpython_is_refused():
    """With the command to type."""
    code, said = run([sys.executable, 'setup.py', '--version'])
    assert code == 1 and said.endswith('this is cpython, and the plugin runs PyPy: pypy3 -m pip install .\n')


def test_command_of_the_environment(tmp_path):
    """The `uwsgi` of pip: uWSGI with the plugin beside the package, the environment as home, then the arguments."""
    package = REPOSITORY / 'packaging/pip'
    fake = tmp_path / 'bin/uwsgi-core'
    fake.parent.mkdir()
    shutil.copy(shutil.which('echo'), str(fake))
    command = ['pypy3', '-B', '-m', 'uwsgi_plugin_pypy', '--ini', 'a b.ini']
    code, said = run(command, PYTHONPATH=str(package), PATH='%s:%s' % (fake.parent, os.environ['PATH']))
    prefix = subprocess.check_output(['pypy3', '-c', 'import sys; print(sys.prefix)'], text=True).strip()
    assert (code, said) == (0, '--plugins-dir %s --plugin pypy --pypy-home %s --ini a b.ini\n' % (
        package / 'uwsgi_plugin_pypy', prefix))
    code, said = run([shutil.which('pypy3')] + command[1:], PYTHONPATH=str(package), PATH='/nowhere')
    assert code == 1 and said.startswith('uwsgi: no uWSGI found on PATH')


def test_versions_agree():
    """The Makefile's version is that of the Debian package and of the Changes."""
    version = re.search(r'^VERSION := (\S+)$', (REPOSITORY / 'Makefile').read_text(), re.MULTILINE).group(1)
    changelog = (REPOSITORY / 'packaging/debian/changelog').read_text()
    assert changelog.startswith('uwsgi-plugin-pypy3 (%s-' % version)
    assert '(%s)' % version in (REPOSITORY / 'CHANGES.md').read_text()


def test_container_file():
    """What it copies is there, and the Debian packages that it names are in the list of this repository."""
    text = (REPOSITORY / 'packaging/Containerfile').read_text()
    copied = [word for line in re.findall(r'^COPY (?!--from)(.*)$', text, re.MULTILINE) for word in line.split()[:-1]]
    assert copied and all((REPOSITORY / path).exists() for path in copied)
    listed = re.sub(r'#.*', '', (REPOSITORY / 'packaging/packages.txt').read_text()).split()
    packages = re.search(r'--no-install-recommends (.*?) \\', text).group(1).split()
    assert set(packages) <= set(listed)


@pytest.mark.skipif(not shutil.which('systemd-analyze'), reason='no systemd here')
def test_unit(tmp_path):
    """No error in it, and as closed as docs/install.md says (1.4; another systemd counts a little differently)."""
    unit = tmp_path / 'uwsgi-pypy@mysite.service'
    shutil.copy(str(REPOSITORY / 'packaging/uwsgi-pypy@.service'), str(unit))
    assert run(['systemd-analyze', 'verify', str(unit)]) == (0, '')
    code, said = run(['systemd-analyze', 'security', '--offline=true', '--threshold=15', '--no-pager', str(unit)])
    assert code == 0, said
