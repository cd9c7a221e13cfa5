# SPDX-License-Identifier: MIT
"""Every function that uWSGI's hooks call, each a few lines that delegate."""
from . import fork

fork.install()  # before any other import: modules register their fork hooks when they load

import sys
import threading

from _uwsgi_pypy import lib

from . import (api, apps, async_exchanges, autoreload, barrier, collector, config, decorators, errors, greenlets, holes,
               interpreter, loop, modules, numbers, nursery, profiler, raw, router, run, scripts, shell,
               soft_harakiri, stacks, tracebacker, warmup)
from .api import rpc, signal
from .barrier import exported

# Seconds between looks at the GIL: a busy thread holds a request for about as long (measured: 0.25 ms). PyPy counts
# bytecodes, two million to the second; compiled code passes them quickly, other code needs up to 7 ms with its default.
SWITCH_INTERVAL = 0.0005


def call_hook(name):
    """Calls the function that an application stored as uwsgi.NAME, if any."""
    hook = barrier.hook(name)
    if hook is not None:
        barrier.call(hook)


def call_post_fork_hook():
    """In a mule the hook can be its whole program, which sys.exit() ends."""
    if lib.upp_mule_id():
        api.mule.call_post_fork_hook()
    else:
        call_hook('post_fork_hook')


def run_pending_handlers():
    """Handlers of Python's signals run between two of its bytecodes, in the main thread: here are some."""
    for _ in range(2):
        pass


def name_thread(core):
    """Gives the thread of a core the name that uWSGI users know."""
    threading.current_thread().name = 'uWSGIWorker%dCore%d' % (lib.upp_worker_id(), core)


def install():
    """Connects all hooks and prepares the interpreter."""
    interpreter.prepare()

    @exported()
    def upp_py_preinit():
        # without --threads, too: applications have threads of their own
        sys.setswitchinterval(SWITCH_INTERVAL)
        api.install()
        decorators.install()
        run.report_and_exit()
        warmup.prepare()
        autoreload.install()
        modules.add_aliases(config.module_aliases)
        for script in config.before_fork:
            scripts.run_or_exit(script)
        modules.load_all(config.shared_imports)

    @exported()
    def upp_py_init_apps():
        modules.load_all(config.imports)
        modules.add_aliases(config.post_module_aliases)
        raw.init()
        apps.init()
        profiler.install()
        api.core.look_for_hooks()

    @exported(error=-1)
    def upp_py_mount(mountpoint, what):
        apps.mount(config.text(mountpoint), config.text(what))
        api.core.look_for_hooks()
        return 0

    @exported()
    def upp_py_post_fork():
        fork.in_new_process()
        rpc.forget_places()
        if config.threads > 1:
            name_thread(0)
        for script in config.after_fork:
            scripts.run_or_log(script)
        call_post_fork_hook()
        api.core.look_for_hooks()
        autoreload.start()
        tracebacker.start()

    @exported()
    def upp_py_thread_start(core):
        name_thread(core)
        profiler.install()

    @exported()
    def upp_py_hold_imports(hold):
        fork.hold_imports(hold)

    @exported()
    def upp_py_before_fork():
        fork.before()

    @exported()
    def upp_py_after_fork(in_child):
        fork.after(in_child)

    @exported(error=lib.UPP_CLOSE)
    def upp_py_request(request):
        return apps.serve(request)

    @exported(error=lib.UPP_CLOSE)
    def upp_py_async_step(request):
        return async_exchanges.step(request)

    @exported()
    def upp_py_async_enter(core):
        greenlets.enter(core)

    @exported()
    def upp_py_async_leave(core):
        greenlets.leave(core)

    @exported()
    def upp_py_loop(core):
        loop.run(core)

    @exported(error=0)
    def upp_py_warmup():
        return warmup.next_round()

    @exported()
    def upp_py_collect():
        collector.settle(holes.fill)
        nursery.find()
        collector.share()

    @exported(error=0)
    def upp_py_idle(quiet):
        return collector.idle(quiet)

    @exported(error=0)
    def upp_py_between_requests():
        return nursery.look()

    @exported()
    def upp_py_exception(core, which):
        errors.hand_over(core, which)

    @exported()
    def upp_py_exception_log(core):
        errors.log_current(core)

    @exported()
    def upp_py_dump_stacks():
        stacks.dump()

    @exported()
    def upp_py_check_signals():
        barrier.call(run_pending_handlers)

    @exported(error=-1)
    def upp_py_log(name, message, length):
        from . import logger  # few want it, and logging is large
        logger.take(name, message, length)
        return 0

    @exported()
    def upp_py_soft_harakiri(core, serial):
        soft_harakiri.send(core, serial)

    @exported()
    def upp_py_numbers_start():
        numbers.start()

    @exported()
    def upp_py_numbers():
        numbers.tell()

    @exported(error=-1)
    def upp_py_signal(number):
        return signal.handle(number)

    @exported()
    def upp_py_rpc(call):
        rpc.serve(call)

    @exported(error=1)
    def upp_py_hijack():
        return shell.run() if config.run_script is None else run.script()

    @exported(error=1)
    def upp_py_worker():
        return run.worker_override()

    @exported()
    def upp_py_spooler_init():
        modules.load_all(config.spooler_imports)

    @exported()
    def upp_py_raw(request, descriptor):
        raw.serve(request, descriptor)

    @exported(error=0)
    def upp_py_code_string(module, file, function, key, length, address, size):
        return router.ask(module, file, function, key, length, address, size)

    @exported()
    def upp_py_exit():
        call_hook('atexit')
        interpreter.run_exit_functions()
