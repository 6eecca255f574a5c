"""The process that signs for another, see `aside`: a key, then digests, come by standard input.

A script, not a module: it imports nothing of the program, so that it is small (20 MB, half of them
shared with its parent) and there within a tenth of a second.
"""

from __future__ import annotations

import signal
import socket

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key

_DIGEST = 32
_AT_ONCE = 8


def main() -> None:
    """Say `+` once the key is read, then the signature of each digest, in order."""
    # A terminal's Ctrl-C and a service that is stopped are for the parent, which waits for the
    # letters that are out; this process ends when its input does.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    line = socket.socket(fileno=0)
    size = int.from_bytes(line.recv(4, socket.MSG_WAITALL), "big")
    key = load_der_private_key(line.recv(size, socket.MSG_WAITALL), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        return
    way, hashed = padding.PKCS1v15(), Prehashed(SHA256())
    line.sendall(b"+")
    rest = b""
    while data := line.recv(_AT_ONCE * _DIGEST):
        rest += data
        whole = len(rest) // _DIGEST * _DIGEST
        digests, rest = rest[:whole], rest[whole:]
        made = [key.sign(digests[n : n + _DIGEST], way, hashed) for n in range(0, whole, _DIGEST)]
        line.sendall(b"".join(made))


if __name__ == "__main__":
    try:
        main()
    except ConnectionError:  # the parent is gone
        raise SystemExit(0) from None
