"""DKIM signatures (RFC 6376), with RSA-2048 and besides, if wanted, Ed25519 (RFC 8463).

c=relaxed/simple: the body is hashed as it stands, because letters are built in canonical form (see
`form`); only the header is brought into another. The time in a signature is that of the Date
header and RSA signatures are those of PKCS #1 v1.5, which knows no chance: a repeat has the same
bytes. OpenSSL does the arithmetic, by way of `cryptography`.
"""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from digest.errors import OutputError, SettingsError
from digest.mail.encoding import CRLF
from digest.mail.fields import Field, relaxed, scan_fields

if TYPE_CHECKING:
    from hashlib import _Hash

RSA_BITS: Final = 2048
"""RFC 8301, 3.2: signers should use 2048; a longer key does not fit one string of DNS."""

_FORMER_BITS: Final = 1024

NAMES: Final = (
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe",
    "List-Unsubscribe-Post", "List-Archive", "List-Help", "Auto-Submitted", "Precedence",
    "MIME-Version", "Content-Type", "Content-Language", "Content-Transfer-Encoding",
)  # fmt: skip
"""The fields that are signed where a letter has them (RFC 6376, 5.4.1; RFC 8058, 4)."""

ONCE: Final = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version",
               "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post")  # fmt: skip
"""Named once more than they occur, so that nobody can add one (RFC 6376, 5.4.2 and 8.15)."""

Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of each letter: domain, selector, and the key that makes it."""

    domain: str
    selector: str
    key: Key

    @property
    def algorithm(self) -> str:
        """As DKIM names it."""
        return "rsa-sha256" if isinstance(self.key, rsa.RSAPrivateKey) else "ed25519-sha256"

    def over(self, data: bytes) -> bytes:
        """The signature of the canonical header."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), SHA256())
        return self.key.sign(sha256(data).digest())  # RFC 8463, 3


class DkimSigner:
    """Signs messages with one key or several; `message.Signer`."""

    def __init__(self, signatures: Sequence[Signature]) -> None:
        self.signatures = tuple(signatures)

    def sign(self, fields: Sequence[Field], body: Sequence[bytes], when: datetime) -> bytes:
        """The DKIM-Signature fields of a message, the first key's first.

        `fields` are the header in order; `body` follows the empty line and is in simple canonical
        form: it ends in one CRLF.
        """
        first, *rest = body
        digest = _begun(first).copy() if rest else sha256(first)
        for part in rest:
            digest.update(part)
        body_hash = base64.b64encode(digest.digest())
        order, named = _signed(tuple([field.name for field in fields]))
        canonical = b"".join([fields[place].canonical for place in order])
        time = int(when.timestamp())
        made: list[bytes] = []
        for signature in self.signatures:
            start, relaxed_start = _start(
                signature.algorithm, signature.domain, signature.selector, time, named
            )
            over = b"%b%b%b; b=" % (canonical, relaxed_start, body_hash)
            value = base64.b64encode(signature.over(over))
            lines = [value[i : i + 70] for i in range(0, len(value), 70)]
            made += (start, body_hash, b";\r\n b=", b"\r\n ".join(lines), b"\r\n")
        return b"".join(made)


@lru_cache(maxsize=64)
def _begun(part: bytes) -> _Hash:
    """The hash of what many letters begin with, to be copied."""
    return sha256(part)


@lru_cache(maxsize=32)
def _signed(names: tuple[str, ...]) -> tuple[tuple[int, ...], str]:
    """Which fields of a header are signed, by their places; and their names for h=, folded."""
    last = {name.lower(): place for place, name in enumerate(names)}
    present = [name.lower() for name in NAMES if name.lower() in last]
    lines: list[str] = []
    for name in [*present, *(name.lower() for name in ONCE)]:
        if lines and len(lines[-1]) + len(name) < 70:  # noqa: PLR2004 - RFC 5322's line of 78
            lines[-1] += f":{name}"
        else:
            lines.append(name)
    return tuple(last[name] for name in present), ":\r\n  ".join(lines)


@lru_cache(maxsize=64)
def _start(
    algorithm: str, domain: str, selector: str, time: int, named: str
) -> tuple[bytes, bytes]:
    """A signature's field up to the body's hash: as it is written, and in relaxed form."""
    start = (
        f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/simple;\r\n"
        f" d={domain}; s={selector}; t={time};\r\n"
        f" h={named};\r\n"
        " bh="
    ).encode("ascii")
    # What follows is base64, which breaks no line.
    scan_fields(start + CRLF, ["DKIM-Signature"])
    return start, relaxed(start)


# --- keys --------------------------------------------------------------------------------------


def load_key(path: Path, setting: str) -> Key:
    """A private key from a PEM file. Raises SettingsError naming the setting and the file."""
    try:
        mode = path.stat().st_mode
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{setting} {path}: cannot be read: {error.strerror}",
            "make a key: digest dkim new; or leave dkim.selector empty if your relay signs",
        ) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise SettingsError(
            f"{setting} {path}: every user of this machine can read this key",
            f"run: chmod 600 {path}",
        )
    try:
        key = serialization.load_pem_private_key(raw, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingsError(
            f"{setting} {path}: is no private key in PEM form without a password",
            "make one: digest dkim new",
        ) from error
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < _FORMER_BITS:
            raise SettingsError(
                f"{setting} {path}: has {key.key_size} bits; verifiers refuse fewer than 1024 "
                "(RFC 8301)",
                "make one of 2048: digest dkim new",
            )
        return key
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    raise SettingsError(
        f"{setting} {path}: is neither an RSA nor an Ed25519 key", "digest dkim new"
    )


def new_key(algorithm: str) -> Key:
    """A fresh key; `algorithm` is rsa or ed25519."""
    if algorithm == "rsa":
        return rsa.generate_private_key(65537, RSA_BITS)
    return ed25519.Ed25519PrivateKey.generate()


def write_key(key: Key, path: Path) -> None:
    """Keep a key in a file that only its owner can read; none is replaced. Raises OutputError."""
    raw = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise OutputError(
            f"{path}: there is a key already, and letters signed with it are still on their way",
            "give the new one another selector, or move the old one away",
        ) from None
    except OSError as error:
        raise OutputError(
            f"{path}: the key cannot be kept: {error.strerror}",
            "make the folder writable, or give another with --out",
        ) from error
    with os.fdopen(handle, "wb") as file:
        file.write(raw)


def record(key: Key) -> str:
    """The TXT record of a key (RFC 6376, 3.6.1), without quotes."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        raw = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return f"v=DKIM1; k=rsa; p={base64.b64encode(raw).decode('ascii')}"
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode('ascii')}"


def zone_line(domain: str, selector: str, key: Key) -> str:
    """The record as a line of a zone file, in strings of 255 bytes at most (RFC 1035, 3.3)."""
    text = record(key)
    strings = " ".join(f'"{text[i : i + 250]}"' for i in range(0, len(text), 250))
    return f"{selector}._domainkey.{domain}. IN TXT ({strings})"
