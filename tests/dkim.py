"""A DKIM verifier for tests, written from RFC 6376 and RFC 8463 and sharing nothing with ours.

It takes whole messages as they arrive, canonicalises them itself, and asks a dict for the keys.
Where dkimpy or OpenDKIM is installed, the tests and gates ask these as well.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key


def verify(message: bytes, records: Mapping[str, str]) -> list[dict[str, str]]:
    """The tags of every DKIM-Signature of a message, first to last, all of them verified.

    `records` are TXT records by name. Raises AssertionError saying which check failed.
    """
    head, _, body = message.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head)
    return [
        _one(number, fields, body, records)
        for number, field in enumerate(fields)
        if field.lower().startswith(b"dkim-signature:")
    ]


def _one(
    number: int, fields: list[bytes], body: bytes, records: Mapping[str, str]
) -> dict[str, str]:
    value = re.sub(rb"\r\n", b"", fields[number].partition(b":")[2]).decode("ascii")
    tags = _tags(value)
    assert tags["v"] == "1"
    assert tags["c"] == "relaxed/simple"
    simple = re.sub(rb"(\r\n)*\Z", b"", body) + b"\r\n"
    wanted = base64.b64encode(hashlib.sha256(simple).digest()).decode("ascii")
    assert re.sub(r"\s", "", tags["bh"]) == wanted, "the body hash is another"

    names = re.sub(r"\s", "", tags["h"]).lower().split(":")
    assert "from" in names, "From is not signed"
    left = [(f.partition(b":")[0].strip().lower(), f) for f in fields]
    signed = b""
    for name in names:
        for at in range(len(left) - 1, -1, -1):
            if left[at][0] == name.encode():
                signed += _relaxed(left.pop(at)[1]) + b"\r\n"
                break
    without = re.sub(rb"(\bb\s*=)[^;]*\Z", rb"\1", fields[number])
    signed += _relaxed(without)

    record = _tags(records[f"{tags['s']}._domainkey.{tags['d']}"])
    raw = base64.b64decode(record["p"], validate=True)
    signature = base64.b64decode(re.sub(r"\s", "", tags["b"]), validate=True)
    try:
        if tags["a"] == "rsa-sha256":
            key = load_der_public_key(raw)
            assert isinstance(key, RSAPublicKey)
            key.verify(signature, signed, PKCS1v15(), SHA256())
        else:
            assert tags["a"] == "ed25519-sha256"
            digest = hashlib.sha256(signed).digest()
            Ed25519PublicKey.from_public_bytes(raw).verify(signature, digest)
    except InvalidSignature:
        raise AssertionError("the signature is of something else") from None
    return tags | {"names": ":".join(names)}


def _tags(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _relaxed(field: bytes) -> bytes:
    name, _, value = field.partition(b":")
    value = re.sub(rb"[ \t]+", b" ", re.sub(rb"\r\n", b"", value)).strip()
    return name.strip().lower() + b":" + value
