"""Calls functions of the module `uwsgi` many times in a request: GET /?NAME,CALLS gives nanoseconds of each call."""

import time

import uwsgi

uwsgi.register_rpc("echo", lambda word: word)
uwsgi.register_signal(1, "subscribed", print)  # nobody gets it: only the sender is measured


def cache_get(calls):
    get = uwsgi.cache_get
    for _ in range(calls):
        get("key")


def lock(calls):
    take, give = uwsgi.lock, uwsgi.unlock
    for _ in range(calls):
        take()
        give()


def metric_inc(calls):
    increase = uwsgi.metric_inc
    for _ in range(calls):
        increase("metric")


def rpc(calls):
    call = uwsgi.rpc
    for _ in range(calls):
        call(b"", b"echo", b"word")


def signal(calls):
    send = uwsgi.signal
    for _ in range(calls):
        send(1)


def application(environ, start_response):
    uwsgi.cache_update("key", b"x" * 100)
    name, calls = environ["QUERY_STRING"].split(",")
    function = globals()[name]
    begun = time.perf_counter()
    function(int(calls))
    spent = time.perf_counter() - begun
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%.1f" % (spent / int(calls) * 1e9)]
