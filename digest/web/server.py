"""uvicorn around the application, on a socket that is opened first."""

from __future__ import annotations

import errno
import logging
import signal
import socket
from typing import Final

import uvicorn

from digest.errors import UsageError
from digest.web.app import create_app
from digest.wiring import Wiring

log = logging.getLogger("digest.web")

CONNECTIONS: Final = 1000
"""Connections at once; who comes after them is told 503."""
KEEP_ALIVE_S: Final = 15
GRACE_S: Final = 15
"""How long requests under way may take once the site is told to stop."""


def run(wiring: Wiring, host: str, port: int) -> None:
    """Serve until told to stop (SIGTERM or Ctrl-C).

    Raises UsageError when the address cannot be listened on, and what opening the store raises.
    """
    listener = _listen(host, port)
    with listener, wiring.store() as store:
        name, number = listener.getsockname()[:2]
        shown = f"[{name}]" if ":" in name else name
        log.info("serving http://%s:%d for %s", shown, number, wiring.settings.site.base_url)
        config = uvicorn.Config(
            create_app(wiring, store),
            # Our own middleware looks through proxies, and addresses hold readers' links.
            proxy_headers=False,
            access_log=False,
            server_header=False,
            log_config=None,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            ws="none",
        )
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        for number in (signal.SIGTERM, signal.SIGINT):
            # uvicorn takes the signal, ends in order, and raises it again for us: that is no fault.
            signal.signal(number, lambda *_: None)
        uvicorn.Server(config).run(sockets=[listener])
        log.info("left")


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _name, address = found[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        why = {
            errno.EADDRINUSE: "another program listens there",
            errno.EACCES: "ports below 1024 are for root",
        }.get(error.errno or 0, error.strerror or str(error))
        raise UsageError(
            f"{host}:{port}: cannot listen: {why}", "choose another with --host and --port"
        ) from error
    return listener
