"""uwsgi.SymbolsImporter, SymbolsZipImporter and ZipImporter."""

import io
import zipfile

import pytest

from api.console import Raised
from api.embedding import EMBED, make_library

MODULES = {
    'pack/__init__.py': 'from . import inner\nwhere = __path__, __file__ if "__file__" in globals() else None\n',
    'pack/inner.py': 'value = 42\ndef fail():\n    raise RuntimeError("from inside")\n',
    'plain.py': 'value = "plain \u20ac"\nname = __name__, __package__\n',
    'broken.py': 'import does_not_exist\n',
    'wrong.py': 'this is no Python\n',
}


def archive(folder=''):
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w') as file:
        for name, source in MODULES.items():
            file.writestr(folder + name, source)
    return data.getvalue()


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    directory = tmp_path_factory.mktemp('modules')
    data = {name.replace('/', '_').replace('.', '_'): source.encode() for name, source in MODULES.items()}
    return make_library(directory, {**data, 'code_zip': archive(), 'deep_zip': archive('some/folder/')})


@pytest.fixture
def archive_path(tmp_path):
    path = tmp_path / 'code.zip'
    path.write_bytes(archive('folder/'))
    return path


IMPORTERS = {
    'symbols': ('uwsgi.SymbolsImporter()', 'sym://pack_inner_py'),
    'symzip': ('uwsgi.SymbolsZipImporter("code_zip")', 'symzip://pack/inner.py'),
    'symzip-folder': ('uwsgi.SymbolsZipImporter("deep_zip:some/folder")', 'symzip://some/folder/pack/inner.py'),
    'zip': ('uwsgi.ZipImporter("{path}:folder/")', 'zip://folder/pack/inner.py'),
    'zip-url': ('uwsgi.ZipImporter(b"sym://deep_zip:some/folder")', 'zip://some/folder/pack/inner.py'),
}


@pytest.mark.parametrize('kind', IMPORTERS)
def test_import(start_console, library, archive_path, kind):
    make, origin = IMPORTERS[kind]
    console = start_console()
    console(EMBED % str(library))
    console('import sys; importer = %s; sys.meta_path.append(importer)' % make.format(path=archive_path))
    assert console('import plain; plain.value, plain.name') == ('plain \u20ac', ('plain', ''))
    assert console('import pack.inner; pack.inner.value') == 42
    assert console('pack.__loader__ is importer and pack.inner.__loader__ is importer') is True
    assert console('pack.inner.__spec__.origin') == origin
    assert console('importer.find_module("nothing"), importer.find_spec("nothing")') == (None, None)
    assert console('importer.is_package("pack"), importer.is_package("plain")') == (True, False)
    assert console('importer.get_source("plain")') == MODULES['plain.py']
    assert console('importer.find_module("plain") is importer') is True
    # whoever calls the methods of PEP 302
    assert console('del sys.modules["plain"]; importer.load_module("plain") is sys.modules["plain"]') is True
    for module, error in (('broken', 'ModuleNotFoundError: No module named'), ('wrong', 'File "'),
                          ('nothing', 'ModuleNotFoundError')):
        with pytest.raises(Raised, match=error):
            console('import ' + module)
        assert console('"%s" in sys.modules' % module) is False
    with pytest.raises(Raised, match="^ImportError: there is no module 'nothing'"):
        console('importer.load_module("nothing")')
    assert origin in console('import traceback\ntry: pack.inner.fail()\nexcept RuntimeError: x = traceback.format_exc()\nx')


@pytest.mark.parametrize('make, message', [
    ('SymbolsZipImporter("nothing")', "ValueError: unable to find symbol b'nothing'"),
    ('SymbolsZipImporter(5)', 'TypeError: symbol must be str or bytes, not int'),
    ('ZipImporter("/does/not/exist.zip")', 'FileNotFoundError'),
    ('ZipImporter("/proc/self/comm")', 'zipfile.BadZipFile'),
    ('ZipImporter("ftp://host:21/x.zip:y")', 'ValueError: URL must be a path or have one of the schemes'),
])
def test_refused(start_console, make, message):
    console = start_console()
    with pytest.raises(Raised) as raised:
        console('uwsgi.' + make)
    assert str(raised.value).startswith(message)
