"""The ways into a server. Most tests run over every one of them; this list is the only place that knows them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Front:
    name: str
    option: str              # the uWSGI option that opens its socket
    http: bool = True        # speaks HTTP; otherwise the uwsgi protocol
    keepalive: bool = False  # may leave the connection open after a response
    engine: str = 'stock'    # fronts of one engine share one server

    def __str__(self):
        return self.name


# What a server is given for each engine.
ENGINES = {
    'stock': {'pypy-loop': 'off'},
    'loop': {},
}

FRONTS = {front.name: front for front in (
    Front('http', 'http-socket'),
    Front('http11', 'http11-socket', keepalive=True),
    Front('uwsgi', 'socket', http=False),
    Front('loop', 'http-socket', keepalive=True, engine='loop'),
    Front('loop-uwsgi', 'socket', http=False, engine='loop'),
)}


def select_fronts(names=(), **traits):
    """The fronts with these names (all by default) that have these traits."""
    unknown = set(names) - set(FRONTS)
    if unknown:
        raise ValueError('unknown fronts: %s' % ', '.join(sorted(unknown)))
    return [front for front in FRONTS.values()
            if (not names or front.name in names)
            and all(getattr(front, trait) == value for trait, value in traits.items())]


def front_sockets(engine):
    """The socket options of a server that all fronts of the engine can be used with."""
    return {front.option: True for front in FRONTS.values() if front.engine == engine}
