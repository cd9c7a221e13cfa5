"""The calls that test_parity.py compares: for each function arguments that are fine, and what is made of them."""

import ast

# Arguments with which each function does something harmless, in an order in which they can be called.
FINE = {
    # process
    'worker_id': '', 'mule_id': '', 'masterpid': '', 'ready': '', 'i_am_the_spooler': '', 'cl': '',
    'accepting': 'True', 'setprocname': "'parity'", 'set_user_harakiri': '0',
    # stats
    'workers': '', 'total_requests': '', 'request_id': '', 'mem': '', 'micros': '', 'listen_queue': '0',
    # locks
    'lock': '1', 'is_locked': '1', 'unlock': '1',
    # log
    'log': "'parity'", 'log_this_request': '', 'set_logvar': "'name', 'value'", 'get_logvar': "'name'", 'logsize': '',
    'set_warning_message': "'parity'",
    # alarm, legion
    'alarm': "'nobody', 'message'", 'i_am_the_lord': "'nobody'", 'lord_scroll': "'nobody'", 'scrolls': "'nobody'",
    # signals
    'register_signal': "7, '', print", 'signal': '7', 'signal_registered': '7', 'signal_received': '',
    'add_timer': '7, 1000', 'add_rb_timer': '7, 1000, 3', 'add_cron': '7, 1, 1, 1, 1, 1',
    'add_file_monitor': "7, '/etc/hostname'",
    # rpc
    'register_rpc': "'early', len, 1", 'rpc': "b'', b'echo', b'a', b'b'", 'call': "b'echo', b'a', b'b'", 'rpc_list': '',
    # response
    'route': "'log', 'parity'", 'offload': "'parity'", 'add_var': "'NAME', 'value'",
    # data
    'embedded_data': "'nothing'", 'extract': "'/etc/hostname'", 'parsefile': "'/etc/hostname'",
    # descriptors
    'connection_fd': '', 'is_connected': '0', 'connect': "'/nothing', 1", 'async_connect': "'/nothing'",
    'send': "1, ''", 'recv': '99, 10', 'close': '99',
    # scheduling
    'async_sleep': '0', 'suspend': '', 'green_schedule': '', 'wait_fd_read': '99, 1', 'wait_fd_write': '99, 1',
    'ready_fd': '',
    # mules
    'mule_msg': "'message', 1", 'farm_msg': "'farm', 'message'", 'in_farm': "'farm'",
    'mule_get_msg': 'True, True, 100, 0', 'farm_get_msg': '',
    # cache
    'cache_set': "'key', 'value', 0, 'second'", 'cache_update': "'key', 'value', 0, 'second'",
    'cache_get': "'key', 'second'", 'cache_exists': "'key', 'second'", 'cache_keys': "'second'",
    'cache_inc': "'number', 3, 0, 'second'", 'cache_dec': "'number', 1, 0, 'second'",
    'cache_mul': "'number', 5, 0, 'second'", 'cache_div': "'number', 2, 0, 'second'",
    'cache_num': "'number', 'second'", 'cache_del': "'key', 'second'", 'cache_clear': "'second'",
    # queue
    'queue_push': "'message'", 'queue_last': '2', 'queue_get': '0', 'queue_set': "1, 'message'", 'queue_slot': '',
    'queue_pull_slot': '', 'queue_pop': '', 'queue_pull': '',
    # metrics
    'metric_set': "'metric', 10", 'metric_inc': "'metric', 3", 'metric_dec': "'metric', 2",
    'metric_mul': "'metric', 5", 'metric_div': "'metric', 2", 'metric_set_max': "'metric', 100",
    'metric_set_min': "'metric', 50", 'metric_get': "'metric'",
    # shared areas
    'sharedarea_write': "0, 0, '12345678abcdefgh'", 'sharedarea_read': '0, 0, 16',
    'sharedarea_read8': '0, 0', 'sharedarea_readbyte': '0, 0', 'sharedarea_read16': '0, 0',
    'sharedarea_read32': '0, 0', 'sharedarea_read64': '0, 0', 'sharedarea_readlong': '0, 0',
    'sharedarea_write8': '0, 0, 200', 'sharedarea_writebyte': '0, 0, 201', 'sharedarea_write16': '0, 0, 60000',
    'sharedarea_write32': '0, 0, 7', 'sharedarea_write64': '0, 8, 9', 'sharedarea_writelong': '0, 8, 10',
    'sharedarea_inc32': '0, 0, 5', 'sharedarea_inc64': '0, 8, 5', 'sharedarea_inclong': '0, 8, 5',
    'sharedarea_dec32': '0, 0, 5', 'sharedarea_dec64': '0, 8, 5', 'sharedarea_memoryview': '0',
    'sharedarea_object': '0', 'sharedarea_rlock': '0', 'sharedarea_wlock': '0', 'sharedarea_unlock': '0',
    # snmp
    'snmp_set_counter32': '1, 5', 'snmp_incr_counter32': '1, 2', 'snmp_decr_counter32': '1, 2',
    'snmp_set_counter64': '2, 5', 'snmp_incr_counter64': '2, 2', 'snmp_decr_counter64': '2, 2',
    'snmp_set_gauge': '3, 5', 'snmp_incr_gauge': '3, 2', 'snmp_decr_gauge': '3, 2', 'snmp_set_community': "'parity'",
    # spooler
    'spool': "{b'name': b'value'}", 'send_to_spooler': "{b'name': b'value'}", 'spooler_jobs': '',
    'spooler_pid': '', 'spooler_pids': '', 'spooler_get_task': "'/nothing'", 'set_spooler_frequency': '100',
    # websockets, chunked
    'websocket_handshake': "'', '', ''", 'websocket_recv': '', 'websocket_recv_nb': '', 'websocket_send': "'m'",
    'websocket_send_binary': "'m'", 'chunked_read': '1', 'chunked_read_nb': '',
    # these end things, or begin the response; other tests call them
    'reload': None, 'stop': None, 'disconnect': None, 'signal_wait': None, 'sendfile': None, 'start_response': None,
}

# Whose results differ from run to run: their types are compared.
VOLATILE = {'masterpid', 'workers', 'request_id', 'mem', 'micros', 'total_requests', 'connection_fd', 'spool', 'log',
            'send_to_spooler', 'spooler_pid', 'spooler_pids', 'spooler_jobs', 'rpc_list', 'extract'}

# On the CPython plugin these end the process, or write into the answer.
ALONE = ('send(', 'route(', 'close(', 'extract(', 'ZipImporter(', 'rpc_list(', 'call(b"echo", *[')

# ... and these, before the workers exist.
ALONE_EARLY = ALONE + ('set_logvar(', 'get_logvar(', 'add_var(', 'chunked_read')

# What more there is to compare, where all subsystems are on. A tuple is done at once.
MORE = [
    # the ends of each range
    'register_signal(-1, "", print)', 'register_signal(256, "", print)', 'register_signal(8, "nobody", print)',
    'register_signal(9, "worker0", print)', 'register_signal(10, "mule99", print)', 'signal(256)', 'signal(-1)',
    'signal_registered(7)', 'signal_registered(99)', 'signal_registered(256)', 'add_timer(256, 1)',
    'add_rb_timer(300, 1)', 'add_cron(256, 1, 1, 1, 1, 1)', 'add_cron(7, 1.5, 1, 1, 1, 1)', 'add_timer(7, "1")',
    'lock(3)', 'lock(-1)', 'lock(99)', 'is_locked(3)', 'unlock(99)', 'is_locked(0)',
    '(lock(1), is_locked(1), unlock(1), is_locked(1))', '(lock(), is_locked(), unlock(), is_locked())',
    'listen_queue(99)', 'listen_queue(-1)', 'mule_msg("message", 99)', 'mule_msg("message", -1)',
    'mule_msg("message", "farm")', 'mule_msg("message", "nobody")', 'mule_msg("message", None)', 'mule_msg("")',
    'farm_msg("nobody", "message")', 'in_farm()', 'in_farm("nobody")', 'mule_get_msg(timeout=0)',
    'set_user_harakiri(-1)', 'set_user_harakiri("1")', 'setprocname("")', 'setprocname("x" * 100000)',
    # log
    'log("")', 'log(b"bytes")', 'log("a\\0b")', 'log("\\u20ac")', 'set_warning_message("x" * 100)',
    '(set_logvar("a", "b"), get_logvar("a"), get_logvar("c"))', '(set_logvar("a", ""), get_logvar("a"))',
    # rpc
    'call("echo", b"word")', 'rpc("", b"echo")',
    'call(b"echo")', 'call(b"echo", "text")', 'call(b"nothing")', 'call(b"echo", b"")', 'call(b"early", b"word")',
    'rpc(b"", b"echo", b"word")', 'rpc(None, b"echo", b"word")', 'rpc(b"127.0.0.1:1", b"echo")', 'call(b"echo@127.0.0.1:1")',
    'call(b"echo", b"x" * 70000)', 'call(b"echo", *[b"x"] * 300)', 'register_rpc("none", lambda: None)', 'call(b"none")',
    'register_rpc("text", lambda: "text")', 'call(b"text")', 'register_rpc("bytes", lambda: b"bytes")',
    'call(b"bytes")', 'register_rpc("fails", lambda: 1 // 0)', 'call(b"fails")', 'register_rpc("number", lambda: 1)',
    'call(b"number")', 'register_rpc("array", lambda: bytearray(b"array"))', 'call(b"array")',
    'register_rpc("", len)', 'register_rpc("many", len, 256)',
    # caches
    'cache_set("k", "v")', 'cache_set("k", "w")', 'cache_get("k")', 'cache_get("nothing")', 'cache_exists("k")',
    'cache_exists("nothing")', 'cache_update("k", "x")', 'cache_get(b"k")', 'cache_keys()', 'cache_del("nothing")',
    'cache_del("k")', 'cache_get("k")', 'cache_get("k", "nocache")', 'cache_set("k", "v", 0, "nocache")',
    'cache_keys("nocache")', 'cache_clear("nocache")', 'cache_num("k", "nocache")', 'cache_set("", "v")',
    'cache_set("k", "")', 'cache_set("k", "x" * 70000)', 'cache_set("x" * 3000, "v")', 'cache_get("x" * 3000)',
    'cache_get("x" * 70000)', 'cache_set("k", "v", -1)', 'cache_set("k", "v", 2 ** 70)', 'cache_set("k", "v", 1.5)',
    'cache_update("e", "v", 100)', 'cache_get("e")', 'cache_get("k", None)', 'cache_get("a\\0b")',
    'cache_set("\\u20ac", "\\u20ac")', 'cache_get("\\u20ac")', 'cache_get(bytearray(b"e"))', 'cache_get(memoryview(b"e"))',
    'cache_inc("n")', 'cache_num("n")', 'cache_inc("n", 10)', 'cache_dec("n", 20)', 'cache_num("n")',
    'cache_mul("n")', 'cache_mul("n", 7)', 'cache_div("n")', 'cache_num("n")', 'cache_div("n", 0)',
    'cache_inc("e")', 'cache_inc("n", 2 ** 63)', 'len(cache_get("n"))', 'cache_clear()', 'cache_keys()',
    # queue
    'queue_push("one")', 'queue_push(b"two")', 'queue_push("")', 'queue_push("x" * 9000)', 'queue_last()',
    'queue_last(1)', 'queue_last(99)', 'queue_get(99)', 'queue_get(-1)', 'queue_set(99, "x")', 'queue_size', 'queue_pull()',
    '(queue_pull(), queue_pull(), queue_pull_slot() == queue_slot(), queue_pop(), queue_pull_slot() == queue_slot())',
    # metrics
    'metric_get("nothing")', 'metric_set("nothing", 1)', 'metric_inc("nothing")', 'metric_set("metric", -5)',
    'metric_get("metric")', 'metric_div("metric", 2)', 'metric_get("metric")', 'metric_div("metric", 0)',
    'metric_set("metric", 2 ** 63)', 'metric_inc("worker.1.requests")', 'metric_inc("metric", 1.5)',
    'kind(metric_get("worker.1.requests"))', 'metric_get("")',
    # shared areas
    'sharedarea_read(9, 0, 1)', 'sharedarea_read(0, 0, 10 ** 6)', 'sharedarea_read(0, 10 ** 6, 1)',
    'sharedarea_read(0, -1, 1)', 'sharedarea_write(0, 4096, "x")', 'sharedarea_write(0, 4090, "too much")',
    'sharedarea_write8(0, 0, 256)', 'sharedarea_write16(0, 0, 65536)', 'sharedarea_write32(0, 0, 2 ** 32)',
    'sharedarea_write64(0, 0, 2 ** 64)', 'sharedarea_write8(0, 0, -1)',
    'sharedarea_write8(0, 0, 255)', 'sharedarea_read8(0, 0)', 'sharedarea_write16(0, 0, 65535)',
    'sharedarea_read16(0, 0)', 'sharedarea_write32(0, 0, 2 ** 32 - 1)', 'sharedarea_read32(0, 0)',
    'sharedarea_write64(0, 0, -1)', 'sharedarea_read64(0, 0)', 'sharedarea_inc32(0, 0)', 'sharedarea_read32(0, 0)',
    'sharedarea_inc64(0, 0)', 'sharedarea_dec32(0, 0)', 'sharedarea_dec64(0, 0)', 'sharedarea_read(0, 0, 8)',
    'sharedarea_write(0, 4096 - 4, "last")', 'sharedarea_read(0, 4096 - 4)', 'len(sharedarea_memoryview(0))',
    'sharedarea_memoryview(0).format', 'sharedarea_memoryview(0).readonly', 'sharedarea_memoryview(9)',
    '(sharedarea_rlock(0), sharedarea_unlock(0))', '(sharedarea_wlock(0), sharedarea_unlock(0))', 'lock(0, 1)',
    'unlock(0, 1)', 'sharedarea_rlock()', 'sharedarea_wlock()', 'sharedarea_unlock()', 'sharedarea_rlock(9)',
    'sharedarea_wlock(9)', 'sharedarea_unlock(9)', 'sharedarea_rlock(0, 1)', 'sharedarea_wlock(0, 1)',
    'sharedarea_unlock(0, 1)', 'sharedarea_read32(0, 4096 - 4)', 'sharedarea_read32(0, 4096 - 3)', 'sharedarea_read64(0, 4096 - 7)',
    # snmp
    'snmp_set_counter32(0, 1)', 'snmp_set_counter32(101, 1)', 'snmp_set_counter32(1, -1)',
    'snmp_set_counter32(1, 2 ** 32)', 'snmp_set_counter64(1, 2 ** 64)', 'snmp_set_community("x" * 100)',
    # spooler
    'kind(spool({b"k": b"v", b"body": b"body"}))', 'kind(spool({}))', 'kind(spool({"k": "v"}))', 'kind(spool(k="v"))',
    'kind(spool({b"k": 1}))', 'kind(spool({b"k": b"x" * 70000}))', 'kind(spool({b"k": b"v", b"at": 1.5}))',
    'spool({b"spooler": b"/nothing"})', 'kind(spool({b"priority": b"1"}))', 'set_spooler_frequency(-1)', 'spooler_get_task("")',
    'SPOOL_OK, SPOOL_RETRY, SPOOL_IGNORE',
    # descriptors
    'is_connected(99)', 'is_connected(-1)', 'recv(-1)', 'close(-1)', 'connect("")', 'connect("nohost:x")',
    'connect("127.0.0.1:1", 1)', 'connect("/" + "x" * 300)', 'send(99, b"data")',
    # the rest
    'extract("/nothing")', 'extract("nothing://")', 'extract("/dev/null")', 'parsefile("/nothing")', 'offload()',
    'offload("a", 1)', 'add_var("x" * 70000, "")', 'add_var("N", "v")', 'async_sleep(-1)', 'async_sleep("1")',
    'async_sleep(0.0)', 'alarm("", "")', 'alarm("quiet", "x" * 9000)', 'sendfile("/nothing")', 'sendfile()',
    'sendfile(Odd())', 'start_response()', 'uwsgi.nothing', 'websocket_handshake("a", "b", "c", "d")',
    'SymbolsImporter().find_module("x")',
    'SymbolsZipImporter("nothing")', 'ZipImporter("/nothing")',
    # attributes
    'version', 'version_info', 'kind(hostname)', 'numproc', 'cores', 'buffer_size', 'has_threads', 'kind(started_on)',
    'is_a_reload', 'loop', 'kind(sockets)', 'kind(magic_table)', 'sorted(magic_table)', 'kind(spoolers)', 'unbit',
    'applications', 'opt["locks"]', 'opt["master"]', 'opt["cache2"]', 'kind(opt["queue"])', 'sorted(uwsgi.env)',
    'uwsgi.__name__',
]

# Each keyword that a function of the CPython plugin takes.
KEYWORDS = ['mule_get_msg(signals=True)', 'mule_get_msg(farms=True)', 'mule_get_msg(buffer_size=10)',
            'mule_get_msg(timeout=0)', 'kind(spool(name="value"))', 'kind(send_to_spooler(name="value"))']

# What waits, or works on the connection of the request: MORE has pairs that do not wait, other tests the rest.
WAITING = {'lock', 'unlock', 'sharedarea_rlock', 'sharedarea_wlock', 'sharedarea_unlock', 'websocket_handshake',
           'websocket_recv', 'websocket_recv_nb', 'websocket_send', 'websocket_send_binary', 'chunked_read',
           'chunked_read_nb'}

# Results that cannot be compared at all: what they do is seen in other calls.
NO_RESULT = ('sharedarea_memoryview(',)


def parts(name):
    """The arguments of FINE, each as source."""
    return [ast.unparse(part) for part in ast.parse('f(%s)' % FINE[name]).body[0].value.args]


def is_called(name):
    return FINE[name] is not None and name not in WAITING


def call(name, arguments):
    text = '%s(%s)' % (name, ', '.join(arguments))
    return 'kind(%s)' % text if name in VOLATILE or text.startswith(NO_RESULT) else text


def fine_calls():
    """Each function with its arguments, as they are meant to be given."""
    return [call(name, parts(name)) for name in FINE if is_called(name)]


def other_counts():
    """Each function with fewer arguments, down to none, and with one more."""
    calls = []
    for name in FINE:
        if is_called(name):
            given = parts(name)
            calls += [call(name, given[:count]) for count in range(len(given))] + [call(name, [*given, '1'])]
    return calls


def wrong_types():
    """Each function with something odd in the place of one argument."""
    calls = []
    for name, arguments in FINE.items():
        given = parts(name) if arguments else []
        calls += [call(name, [*given[:place], 'Odd()', *given[place + 1:]]) for place in range(len(given))]
    return calls


def other_strings():
    """(call with a str, the same with bytes) for each argument that is a str."""
    calls = []
    for name in filter(is_called, FINE):
        given = parts(name)
        for place, text in enumerate(given):
            if text.startswith("'"):
                calls.append((call(name, given), call(name, [*given[:place], 'b' + text, *given[place + 1:]])))
    return calls
