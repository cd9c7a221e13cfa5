"""The names: every option of uWSGI's Python plugin is one of this plugin's."""

import os
import re
import shutil
import subprocess

import pytest

from options.conftest import PLUGINS

# What that plugin has in uWSGI 2.0.21, counting every name.
COUNT = 68



def options_of(plugin):
    """{name: short name} of what --help shows, without what uWSGI itself has."""
    binary = os.environ.get('UPP_UWSGI') or shutil.which('uwsgi-core') or shutil.which('uwsgi')

    def run(*arguments):
        output = subprocess.run([binary, *arguments, '--help'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return re.findall(r'^ +((?:-{1,2}[\w-]+[|]?)+)', output.stdout, re.MULTILINE)
    own = set(run())
    return [names for names in run('--plugin', plugin) if names not in own]


def test_every_name_of_the_python_plugin():
    """With the same one-letter names."""
    theirs, ours = options_of(PLUGINS['python3']), options_of(PLUGINS['pypy'])
    assert len(theirs) >= COUNT
    assert set(theirs) - set(ours) == set()


def test_no_name_twice():
    ours = options_of(PLUGINS['pypy'])
    assert len(ours) == len(set(ours))


@pytest.mark.parametrize('option', ['py-programname', 'py-program-name'])
def test_accepted_without_an_effect(start_console, option):
    console = start_console({option: 'name', 'early-python': True, 'py-call-osafterfork': True, 'py-call-uwsgi-fork-hooks': True,
                             'strict': True})
    assert console('1 + 1') == 2


def test_no_site(start_console):
    """PyPy imports it always; the log says so once."""
    console = start_console({'no-site': True})
    assert console('"site" in __import__("sys").modules') is True
    assert len(console.server.log_lines('^--no-site has no effect: PyPy always imports the module site$')) == 1


@pytest.mark.parametrize('option', ['web3', 'pump', 'wsgi-lite'])
def test_dead_protocols(launch, option):
    server = launch({'http-socket': True, option: 'app'}, 1)
    assert server.log_lines('^--%s app: this protocol is not served, only WSGI is; make the application a WSGI one and '
                            'give it with --wsgi$' % option)


@pytest.mark.parametrize('option', ['wsgi-env-behaviour', 'wsgi-env-behavior'])
def test_env_behaviour(launch, start_console, option):
    for value in ('cheat', 'holy'):
        assert start_console({option: value})('1') == 1
    assert launch({'http-socket': True, option: 'other'}, 1).log_lines(
        '^--wsgi-env-behaviour other: it is cheat or holy$')


def test_signals_of_the_application(start_console):
    """--py-call-osafterfork: a handler that Python sets in a worker runs."""
    console = start_console({'py-call-osafterfork': True, 'master': True})
    console('import os, signal; seen = []; signal.signal(signal.SIGWINCH, lambda *arguments: seen.append(1))')
    console('os.kill(os.getpid(), signal.SIGWINCH)')
    assert console('seen') == [1]
