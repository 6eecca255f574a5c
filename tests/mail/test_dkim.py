"""Signatures hold before a verifier of another hand; keys stay private."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.domain.delivery import Envelope, Letter
from digest.errors import OutputError, SettingsError
from digest.mail import dkim
from digest.mail.dkim import DkimSigner, Signature
from digest.mail.message import envelope
from tests.dkim import verify
from tests.mail.conftest import MAIL, WHEN, a_letter

RSA = dkim.new_key("rsa")
ED25519 = dkim.new_key("ed25519")
SIGNER = DkimSigner([Signature("example.org", "r1", RSA), Signature("example.org", "e1", ED25519)])
RECORDS = {
    "r1._domainkey.example.org": dkim.record(RSA),
    "e1._domainkey.example.org": dkim.record(ED25519),
}


def signed(letter: Letter | None = None, number: int = 1, when: datetime = WHEN) -> Envelope:
    return envelope(
        letter or a_letter(),
        recipient=f"reader{number}@example.org",
        message_id=f"{number}.x@example.org",
        date=when,
        mail=MAIL,
        signer=SIGNER,
    )


def test_both_signatures_verify_and_cover_what_they_must() -> None:
    rsa_tags, ed_tags = verify(signed().data, RECORDS)
    assert (rsa_tags["a"], ed_tags["a"]) == ("rsa-sha256", "ed25519-sha256")
    for tags in (rsa_tags, ed_tags):
        assert tags["d"] == "example.org"
        assert tags["t"] == str(int(WHEN.timestamp()))
        names = tags["names"].split(":")
        # Once more than it occurs: nobody can add another.
        for name in ("from", "to", "subject", "list-unsubscribe", "list-unsubscribe-post"):
            assert names.count(name) == 2, name
        assert names.count("reply-to") == 1


def test_a_repeat_has_the_same_bytes() -> None:
    assert signed().data == signed().data
    assert signed().data != signed(number=2).data


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: Momentum", b"Subject: momentum"),
        (b"From: digest", b"From: Digest"),
        (b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: list"),
        (b"\r\nDate:", b"\r\nFrom: <evil@example.org>\r\nDate:"),
        (b"\r\nDate:", b"\r\nSubject: another\r\nDate:"),
        (b"Momentum: v", b"Momentum: w"),
        (b"quoted-printable\r\n\r\n", b"quoted-printable\r\n\r\nbefore it "),
        (b"--\r\n", b"--\r\nafter it\r\n"),
    ],
)
def test_what_is_changed_on_the_way_does_not_verify(old: bytes, new: bytes) -> None:
    data = signed().data
    assert old in data
    with pytest.raises(AssertionError, match=r"another|something else"):
        verify(data.replace(old, new), RECORDS)


def test_folding_and_spaces_of_the_header_may_change() -> None:
    data = signed().data.replace(b"Subject: Momentum, and", b"SUBJECT:   Momentum,\r\n\tand  ")
    assert len(verify(data, RECORDS)) == 2


TEXTS = st.text(
    st.sampled_from(".\n\r =\t@") | st.characters(exclude_categories=["Cs", "Cc"]), max_size=300
)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, st.booleans())
def test_any_letter_verifies(text: str, field: str, with_html: bool) -> None:
    value = "".join(c for c in field if c.isprintable())
    body = f"{text}@@LINK@@{text}"
    letter = Letter(
        "x", f"<p>{body}</p>" if with_html else None, body, (), (), fields=(("LINK", value),)
    )
    assert len(verify(signed(letter).data, RECORDS)) == 2


@pytest.mark.skipif(importlib.util.find_spec("dkim") is None, reason="dkimpy is not installed")
def test_dkimpy_agrees() -> None:
    import dkim as dkimpy

    def txt(name: bytes, timeout: int = 5) -> bytes:
        return RECORDS[name.decode().rstrip(".")].encode()

    for number in range(20):
        message = signed(number=number).data
        # It knows Ed25519 with PyNaCl only.
        for index in (0, 1) if importlib.util.find_spec("nacl") else (0,):
            assert dkimpy.DKIM(message).verify(index, dnsfunc=txt)


# --- keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("algorithm", "key"), [("rsa", RSA), ("ed25519", ED25519)])
def test_a_key_is_kept_for_its_owner_alone_and_never_replaced(
    tmp_path: Path, algorithm: str, key: dkim.Key
) -> None:
    path = tmp_path / "dkim" / "s1.pem"
    dkim.write_key(key, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    again = dkim.load_key(path, "dkim.key_file")
    assert dkim.record(again) == dkim.record(key)
    with pytest.raises(OutputError, match="there is a key already"):
        dkim.write_key(dkim.new_key(algorithm), path)


def pem(key: object) -> bytes:
    return key.private_bytes(  # type: ignore[attr-defined,no-any-return]
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0, "cannot be read"),
        (b"no key", 0o600, "is no private key"),
        (pem(RSA), 0o644, "every user"),
        (pem(ec.generate_private_key(ec.SECP256R1())), 0o600, "neither an RSA nor"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, mode: int, words: str
) -> None:
    path = tmp_path / "k.pem"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(SettingsError, match=rf"dkim\.key_file {path}.*{words}") as caught:
        dkim.load_key(path, "dkim.key_file")
    assert caught.value.hint


def test_a_record_fits_the_strings_of_dns() -> None:
    line = dkim.zone_line("example.org", "r1", RSA)
    assert line.startswith('r1._domainkey.example.org. IN TXT ("v=DKIM1; k=rsa; p=')
    strings = line.partition("(")[2].rstrip(")").split('"')[1::2]
    assert all(len(text) <= 255 for text in strings)
    assert "".join(strings) == dkim.record(RSA)
    assert WHEN.tzinfo is UTC
