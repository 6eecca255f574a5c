"""Passwords as argon2id, with the first parameters that RFC 9106 recommends for little memory."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.profiles import RFC_9106_LOW_MEMORY


class Argon2:
    """`workflows.admission.Passwords`: 64 MiB and some 0.1 s each, one at a time.

    One at a time, so that many who try at once cost no more memory than one.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._turn = threading.Lock()

    def hash(self, password: str) -> str:
        """Hash with a new salt."""
        with self._turn:
            return self._hasher.hash(password.encode("utf-8", "replace"))

    def verify(self, kept: str, password: str) -> bool:
        """Whether a password is the one that was hashed; takes its time either way."""
        with self._turn:
            try:
                return self._hasher.verify(kept, password.encode("utf-8", "replace"))
            except (Argon2Error, InvalidHashError):
                return False

    def outdated(self, kept: str) -> bool:
        """Whether it was hashed with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(kept)
