"""For `pypy3 -m pip install .`: a `uwsgi` command in PyPy's environment.

The command runs the distribution's uWSGI with this plugin, and with the
environment as its home: packaging/pip/uwsgi_plugin_pypy. See docs/install.md.
"""

import os
import re
import shutil
import subprocess
import sys

if sys.implementation.name != "pypy":
    sys.exit(
        "uwsgi-plugin-pypy: this is %s, and the plugin runs PyPy: pypy3 -m pip install ." % sys.implementation.name
    )

from setuptools import setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    from wheel.bdist_wheel import bdist_wheel

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "uwsgi_plugin_pypy"
OUT = os.path.join("build", "pip")


def version():
    with open(os.path.join(HERE, "Makefile")) as makefile:
        return re.search(r"^VERSION := (\S+)$", makefile.read(), re.MULTILINE).group(1)


def find_uwsgi():
    """The uWSGI to build for: not the command that an earlier installation put into this environment."""
    own = os.path.realpath(os.path.join(sys.prefix, "bin"))
    path = [folder for folder in os.get_exec_path() if os.path.realpath(folder) != own or own == "/usr/bin"]
    for name in ("uwsgi-core", "uwsgi"):
        found = shutil.which(name, path=os.pathsep.join(path))
        if found:
            return found
    sys.exit("uwsgi-plugin-pypy: no uWSGI found on PATH: install the distribution's (Debian: uwsgi-core)")


class BuildPlugin(build_py):
    """The Python package, and the plugin in it."""

    def run(self):
        super().run()
        subprocess.check_call(
            ["make", "--no-print-directory", "-C", HERE, "build", "OUT=" + OUT, "GEN=%s/gen" % OUT]
            + ["UWSGI=" + find_uwsgi()]
        )
        shutil.copy(os.path.join(HERE, OUT, "pypy_plugin.so"), os.path.join(self.build_lib, PACKAGE))


class PlatformWheel(bdist_wheel):
    """For this machine, and for any Python: the plugin is not linked to one."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


os.chdir(HERE)
os.makedirs(OUT, exist_ok=True)
setup(
    name="uwsgi-plugin-pypy",
    version=version(),
    description="The PyPy plugin for uWSGI, and a uwsgi command that uses it",
    license="MIT",
    python_requires=">=3.7",
    packages=[PACKAGE],
    package_dir={PACKAGE: os.path.join("packaging", "pip", PACKAGE)},
    zip_safe=False,
    entry_points={"console_scripts": ["uwsgi = %s:main" % PACKAGE]},
    cmdclass={"build_py": BuildPlugin, "bdist_wheel": PlatformWheel},
    # whatever is made lands in build/
    options={"egg_info": {"egg_base": OUT}, "build": {"build_base": os.path.join(OUT, "wheel")}},
)
