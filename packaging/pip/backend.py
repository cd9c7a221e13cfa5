"""setuptools as the build backend (PEP 517), with or without a network.

pip builds in an empty environment and downloads what the backend asks for. A
distribution has the same wheels on its disk, for `venv`: they are used when
they are there, and only otherwise pip has to download.
"""

import atexit
import glob
import importlib.util
import shutil
import sys
import tempfile
import zipfile

# where Debian's python3-setuptools-whl and python3-wheel-whl put them
WHEELS = "/usr/share/python-wheels"


def is_complete():
    """Whether setuptools is here and can make wheels: by itself since its version 70.1, else with `wheel`."""
    return bool(
        importlib.util.find_spec("setuptools")
        and (importlib.util.find_spec("wheel") or importlib.util.find_spec("setuptools.command.bdist_wheel"))
    )


def unpack(names):
    """A folder with the distribution's wheels of these names; a wheel itself on sys.path would not do for PyPy."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in names:
        for path in glob.glob("%s/%s-*.whl" % (WHEELS, name)):
            with zipfile.ZipFile(path) as wheel:
                wheel.extractall(folder)
    return folder


def load():
    """setuptools' own backend, or None."""
    missing = [name for name in ("setuptools", "wheel") if not importlib.util.find_spec(name)]
    if missing:
        sys.path.append(unpack(missing))
    if is_complete():
        import setuptools.build_meta

        return setuptools.build_meta
    return None


SETUPTOOLS = load()


def get_requires_for_build_wheel(config_settings=None):
    """Names for pip to download."""
    return [] if SETUPTOOLS else ["setuptools", "wheel"]


def get_requires_for_build_sdist(config_settings=None):
    """Names for pip to download."""
    return [] if SETUPTOOLS else ["setuptools"]


def build_wheel(directory, config_settings=None, metadata_directory=None):
    """The wheel's file name."""
    return SETUPTOOLS.build_wheel(directory, config_settings, metadata_directory)


def build_sdist(directory, config_settings=None):
    """The archive's file name."""
    return SETUPTOOLS.build_sdist(directory, config_settings)
