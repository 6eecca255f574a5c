"""Signatures before foreign verifiers: OpenDKIM always, dkimpy where it is installed."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import pytest

from digest.domain.delivery import Letter
from digest.mail import dkim
from digest.mail.dkim import DkimSigner, Signature
from digest.mail.message import envelope
from tests.dkim import verify
from tests.gates import tools
from tests.gates.samples import sample
from tests.mail.conftest import MAIL, WHEN

pytestmark = pytest.mark.gate
KEY_VARIABLE = "DIGEST_GATE_KEY"
MUST = ("from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post")
LETTERS = 1000


def opendkim_verified(messages: list[bytes], records: dict[str, str], folder: Path) -> int:
    """How many of the messages OpenDKIM takes for signed by one of the keys."""
    program = tools.program("opendkim", package="opendkim")
    # It knows RSA only, and looks at the first signature that it knows.
    (folder / "keys").write_text("".join(f"{name} {text}\n" for name, text in records.items()))
    (folder / "conf").write_text(f"Mode v\nTestPublicKeys {folder}/keys\n")
    verified = 0
    for start in range(0, len(messages), 100):
        paths = []
        for number, message in enumerate(messages[start : start + 100]):
            paths.append(folder / f"{number}.eml")
            paths[-1].write_bytes(message)
        names = ",".join(map(str, paths))
        said = tools.run([program, "-v", "-x", folder / "conf", "-t", names])
        verified += len(re.findall(r"verification \(s=\S+ d=\S+ [^)]*\) succeeded", said.out))
    return verified


def test_a_thousand_letters_verify(tmp_path: Path) -> None:
    rsa, ed25519 = dkim.new_key("rsa"), dkim.new_key("ed25519")
    signer = DkimSigner(
        [Signature("example.org", "r1", rsa), Signature("example.org", "e1", ed25519)]
    )
    rsa_record = {"r1._domainkey.example.org": dkim.record(rsa)}
    records = rsa_record | {"e1._domainkey.example.org": dkim.record(ed25519)}
    good = sample()
    letter = Letter(
        "Shrinkage", good.html, f"{good.text}@@LINK@@\n", tuple(good.pictures),
        (("List-Unsubscribe", "<https://example.org/u/1>"),
         ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")),
    )  # fmt: skip
    messages = []
    for number in range(LETTERS):
        made = envelope(
            Letter(*(getattr(letter, name) for name in ("subject", "html", "text", "images",
                   "headers", "language")), fields=(("LINK", f"https://example.org/u/{number}."),)),
            recipient=f"reader{number}@example.org",
            message_id=f"{number}@example.org", date=WHEN, mail=MAIL, signer=signer,
        )  # fmt: skip
        messages.append(made.data)
    assert all(len(verify(message, records)) == 2 for message in messages)
    assert opendkim_verified(messages, rsa_record, tmp_path) == LETTERS
    changed = [message.replace(b"Shrinkage", b"shrinkage", 1) for message in messages[:50]]
    assert opendkim_verified(changed, rsa_record, tmp_path) == 0
    if importlib.util.find_spec("dkim"):
        import dkim as dkimpy

        for message in messages:
            assert dkimpy.DKIM(message).verify(
                0, dnsfunc=lambda name, **_: records[name.decode().rstrip(".")].encode()
            )


def test_the_letter_is_signed(eml: bytes, tmp_path: Path) -> None:
    path = os.environ.get(KEY_VARIABLE)
    if path is None:
        tools.missing(f"the key of these letters ({KEY_VARIABLE})", "run scripts/gates")
    key = dkim.load_key(Path(path), KEY_VARIABLE)
    selector = re.search(rb"\bs=([^;]+);", eml)
    assert selector is not None, "the letter bears no signature"
    records = {f"{selector[1].decode()}._domainkey.example.org": dkim.record(key)}
    (tags,) = verify(eml, records)
    names = tags["names"].split(":")
    # Once more than it occurs, so that nobody can add another.
    assert [name for name in MUST if names.count(name) != 2] == []
    assert opendkim_verified([eml], records, tmp_path) == 1
