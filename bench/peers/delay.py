"""A proxy whose replies come later: delay.py PORT INNER-PORT MILLISECONDS.

What the client says goes on at once; what the server says waits. One thread, one selector.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import selectors
import socket
import sys
import time

CHUNK = 1 << 18


def main(port: int, inner: int, delay_s: float) -> None:
    poll = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", port), backlog=1000)
    poll.register(listener, selectors.EVENT_READ)
    later: list[tuple[float, int, socket.socket, bytes]] = []
    count = itertools.count()
    while True:
        pause = max(0.0, later[0][0] - time.monotonic()) if later else None
        for key, _ in poll.select(pause):
            if key.fileobj is listener:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", inner))
                for one, other, late in ((client, server, False), (server, client, True)):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    poll.register(one, selectors.EVENT_READ, (other, late))
                continue
            source = key.fileobj
            assert isinstance(source, socket.socket)
            other, late = key.data
            try:
                data = source.recv(CHUNK)
            except OSError:
                data = b""
            if not data:
                with contextlib.suppress(KeyError, ValueError):
                    poll.unregister(source)
            if late:  # also the end of the connection comes later
                heapq.heappush(later, (time.monotonic() + delay_s, next(count), other, data))
                continue
            with contextlib.suppress(OSError):
                if data:
                    other.sendall(data)
                else:
                    other.shutdown(socket.SHUT_WR)
        now = time.monotonic()
        while later and later[0][0] <= now:
            _, _, other, data = heapq.heappop(later)
            with contextlib.suppress(OSError):
                if data:
                    other.sendall(data)
                else:
                    other.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000)
