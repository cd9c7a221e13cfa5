# SPDX-License-Identifier: MIT
"""Finding, loading and choosing WSGI applications."""
import sys
import threading
import time

from _uwsgi_pypy import ffi, lib

from . import (config, environ, errors, exchanges, interpreter, log, modules, slow_requests, soft_harakiri, source,
               tracing, wsgi)
from .api import core, scheduling

# what uWSGI exits with when an application cannot be loaded (UWSGI_FAILED_APP_CODE)
FAILED_APP_CODE = 22

DEFAULT_CALLABLE = 'application'

# id in uWSGI's table -> callable
_callables = []

_template = {}

# dynamic applications are loaded while requests run
_loading = threading.Lock()


class LoadError(Exception):
    """The application was found wanting; the message says what to do."""


# -- loaders: each takes what the user wrote and returns a callable, or a dict of them --------------

def suggestions(namespace):
    """Returns a hint with the names in a module that look like WSGI callables."""
    names = [name for name, value in namespace.items()
             if name in ('app', 'wsgi', 'wsgi_app', 'api', 'main', 'handler') and callable(value)]
    return '; it has %s' % ', '.join(names) if names else ''


def find_callable(namespace, name, where):
    """Returns what `name` is in a module's namespace: NAME, NAME.ATTRIBUTE or FACTORY()."""
    path, call, _ = name.partition('()')
    first, *rest = path.split('.')
    if first not in namespace:
        raise LoadError("%s has no '%s'; name the callable with --callable or as %s:NAME%s"
                        % (where, first, where, suggestions(namespace)))
    found = namespace[first]
    for attribute in rest:
        found = getattr(found, attribute)
    return found() if call else found


def choose(namespace, name, where):
    """Returns the callable `name`; without a name a dict `applications`, or the default callable."""
    if name:
        return find_callable(namespace, name, where)
    uwsgi = sys.modules.get('uwsgi')
    for applications in (getattr(uwsgi, 'applications', None), namespace.get('applications')):
        if isinstance(applications, dict):
            return {mountpoint: find_callable(namespace, target, where) if isinstance(target, str) else target
                    for mountpoint, target in applications.items()}
    return find_callable(namespace, config.callable_name or DEFAULT_CALLABLE, where)


def load_module(specification):
    """MODULE, MODULE:CALLABLE, PACKAGE.MODULE:FACTORY()"""
    name, _, target = specification.partition(':')
    __import__(name)
    return choose(sys.modules[name].__dict__, target, name)


def load_file(specification):
    """PATH, PATH:CALLABLE or a URL; each file becomes a module of its own, uwsgi_file_<path>."""
    path, target = specification, ''
    for ending in ('.py:', '.wsgi:'):
        before, found, after = specification.partition(ending)
        if found:
            path, target = before + ending[:-1], after
    module = modules.load_file('uwsgi_file_' + path.replace('.', '_').replace('/', '_'), path)
    return choose(module.__dict__, target, path)


def load_eval(text):
    """Code that defines the callable, as the module uwsgi_eval_config."""
    module = modules.run_code('uwsgi_eval_config', source.compile_text(text, source.show_lines('uwsgi_eval_config', text)))
    return find_callable(module.__dict__, config.callable_name or DEFAULT_CALLABLE, '--eval')


def load_pecan(path):
    """A configuration file of pecan."""
    from pecan.deploy import deploy
    return deploy(path)


def set_up_loggers(path):
    """The sections [loggers], [handlers] and [formatters] of a paste.deploy file."""
    import os
    from logging.config import fileConfig
    path = os.path.abspath(path)
    fileConfig(path, {'__file__': path, 'here': os.path.dirname(path)})


def load_paste(uri):
    """A URI of paste.deploy: config:/path/to/file.ini, egg:package."""
    from paste.deploy import loadapp
    if config.paste_logger and uri.startswith('config:'):
        set_up_loggers(uri[len('config:'):].partition('#')[0])
    return loadapp(uri, name=config.paste_name)


def loader_for(specification):
    """Returns the loader for what --mount, a bare argument or a request variable names."""
    if specification.startswith(('config:', 'egg:')):
        return load_paste
    path = specification.partition(':')[0]
    return load_file if path.endswith(('.py', '.wsgi')) else load_module


# -- registering ------------------------------------------------------------------------------------

def register(mountpoint, application, seconds, chdir=None, touch_reload=None):
    """Puts a callable into uWSGI's table. Returns its id, -1 when the table is full."""
    if not callable(application):
        raise LoadError("the application at mountpoint '%s' is not callable: %r" % (mountpoint, application))
    name = mountpoint.encode('utf-8', 'surrogateescape')
    app = lib.upp_app_add(name, len(name), int(seconds), chdir or ffi.NULL, touch_reload or ffi.NULL)
    if app < 0:
        return app
    while len(_callables) <= app:
        _callables.append(None)
    _callables[app] = application
    log.info("WSGI app %d (mountpoint='%s') ready in %.3f seconds on PyPy %d.%d.%d (Python %d.%d) pid: %d%s"
             % ((app, mountpoint, seconds) + sys.pypy_version_info[:3] + sys.version_info[:2]
                + (process_id(), ' (default app)' if lib.upp_app_is_default(app) else '')))
    return app


def process_id():
    import os
    return os.getpid()


def load(loader, specification, mountpoint='', chdir=None, touch_reload=None):
    """Loads and registers. Returns the id, or -1 after logging why not."""
    started = time.time()
    if config.reload_os_env:
        interpreter.refresh_environment()
    try:
        application = loader(specification)
        if not isinstance(application, dict):
            return register(mountpoint, application, time.time() - started, chdir, touch_reload)
        if not application:
            raise LoadError('%s: the dict of applications is empty' % specification)
        seconds = time.time() - started
        return [register(name, application[name], seconds) for name in application][0]
    except LoadError as error:
        log.info('unable to load the application %s: %s' % (specification, error))
    except BaseException:
        log.exception()
        log.info("unable to load the application %s (mountpoint='%s'), see above" % (specification, mountpoint))
    return -1


def init():
    """Loads what the configuration names, in uWSGI's order; the first is the default."""
    global _template
    _template = environ.make_template()
    _template.update(scheduling.environ_variables())
    wsgi.make_room(lib.upp_core_facts().cores)
    environ.make_room(lib.upp_core_facts().cores)
    exchanges.choose()
    soft_harakiri.choose()
    slow_requests.choose()
    for loader, specification in ((load_module, config.wsgi_module), (load_file, config.wsgi_file),
                                  (load_pecan, config.pecan), (load_paste, config.paste)):
        if specification is not None:
            load(loader, specification)
    if config.eval_app is not None:
        load(load_eval, config.eval_app)


def mount(mountpoint, specification):
    """--mount MOUNTPOINT=SPECIFICATION; one that cannot be loaded ends the start."""
    if load(loader_for(specification), specification, mountpoint) < 0:
        lib.upp_exit(FAILED_APP_CODE)


def annotate(key, value):
    """Puts a value into each environ from now on; None: not any more."""
    if value is None:
        _template.pop(key, None)
    else:
        _template[key] = value
    environ.forget()


# -- serving ----------------------------------------------------------------------------------------

def dynamic_field(pointer, length):
    return config.text(pointer, length) if length else ''


def dynamic_specification(fields):
    """Returns (loader, specification) from UWSGI_MODULE/FILE/SCRIPT/PASTE and UWSGI_CALLABLE, or None."""
    target = dynamic_field(fields.callable, fields.callable_length)
    suffix = ':' + target if target else ''
    module = dynamic_field(fields.module, fields.module_length)
    if module:
        return load_module, module + suffix
    file = dynamic_field(fields.file, fields.file_length)
    if file:
        return load_file, file + suffix
    script = dynamic_field(fields.script, fields.script_length)
    if script:
        return loader_for(script), script + suffix
    paste = dynamic_field(fields.paste, fields.paste_length)
    return (load_paste, paste) if paste else None


def load_dynamic(request):
    """Loads the application that the request names, once for all threads. Returns its id or -1."""
    with _loading:
        app = lib.upp_request_find_app(request)
        if app >= 0:
            return app
        fields = ffi.new('struct upp_dynamic *')
        lib.upp_request_dynamic(request, fields)
        found = dynamic_specification(fields)
        if found is None:
            return -1
        chdir = dynamic_field(fields.chdir, fields.chdir_length)
        if chdir:
            import os
            os.chdir(chdir)
        touch = dynamic_field(fields.touch_reload, fields.touch_reload_length)
        load(found[0], found[1], dynamic_field(fields.app_id, fields.app_id_length),
             chdir.encode('utf-8', 'surrogateescape'), touch.encode('utf-8', 'surrogateescape'))
        core.look_for_hooks()
        return lib.upp_request_find_app(request)


def serve(request):
    """Serves one struct upp_request. Returns UPP_DONE or UPP_CLOSE."""
    app = request.app
    if app < 0:
        if request.flags & lib.UPP_DYNAMIC:
            app = load_dynamic(request)
        if app < 0:
            lib.upp_request_error(request, 500)
            log.info('--- no Python application found for %s, check your startup logs for errors ---'
                     % errors.describe(request))
            return lib.UPP_CLOSE
    if tracing.left > 0:
        tracing.count()
    return wsgi.serve(request, _callables[app], _template)
