"""Mail comes in over LMTP, from a Maildir and through a pipe."""

from __future__ import annotations

import smtplib
import socket
import subprocess
import sys

import pytest

from digest.domain.mailbox import Mailboxes
from digest.errors import OutputError, SettingsError, StorageError, TransportError
from digest.mail.receiver import LmtpServer, watch_maildir
from digest.settings import Settings
from digest.wiring import Wiring
from tests.inbound.conftest import DOMAIN

BOXES = Mailboxes(DOMAIN, ["k" * 64])


class Ear:
    """Notes what it hears; fails while `deaf`."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, str, str | None]] = []
        self.deaf = False

    def __call__(self, raw: bytes, recipient: str, sender: str | None) -> tuple[str, ...]:
        if self.deaf:
            raise StorageError("the database is away")
        self.heard.append((raw, recipient, sender))
        return ("done",)


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def server(ear):
    server = LmtpServer(BOXES, ear, host="127.0.0.1", port=0, socket=None, max_kb=64)
    server.start()
    yield server
    server.stop()


def client(server):
    return smtplib.LMTP("127.0.0.1", int(server.place.rpartition(":")[2]))


def test_each_recipient_gets_an_answer(server, ear):
    with client(server) as lmtp:
        # smtplib itself reads one reply only.
        lmtp.ehlo_or_helo_if_needed()
        lmtp.mail("ada@example.org")
        for box in ("help", "subscribe"):
            lmtp.rcpt(f"{box}@{DOMAIN}")
        lmtp.docmd("DATA")
        lmtp.send(b"hi\r\n...dot\r\n.\r\n")
        assert [lmtp.getreply()[0], lmtp.getreply()[0]] == [250, 250]
    assert [(to, by) for _, to, by in ear.heard] == [
        (f"help@{DOMAIN}", "ada@example.org"),
        (f"subscribe@{DOMAIN}", "ada@example.org"),
    ]
    assert ear.heard[0][0].endswith(b"..dot\r\n")


def test_strangers_are_refused_and_the_null_sender_is_told(server, ear):
    with client(server) as lmtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            lmtp.sendmail("a@example.org", ["root@example.org", f"x@{DOMAIN}"], "hi")
        assert {code for code, _ in refused.value.recipients.values()} == {550}
        lmtp.sendmail("", [f"bounces+x@{DOMAIN}"], "hi")
        lmtp.sendmail("a@example.org", [f"Postmaster@{DOMAIN}"], "hi")
    assert [by for _, _, by in ear.heard] == ["", "a@example.org"]


def test_what_cannot_be_heard_comes_again(server, ear):
    ear.deaf = True
    with client(server) as lmtp, pytest.raises(smtplib.SMTPDataError) as refused:
        lmtp.sendmail("a@example.org", [f"help@{DOMAIN}"], "hi")
    assert refused.value.smtp_code == 451


def test_what_is_too_big_is_refused(server, ear):
    with client(server) as lmtp, pytest.raises(smtplib.SMTPException):
        lmtp.sendmail("a@example.org", [f"help@{DOMAIN}"], "x\r\n" * 40_000)
    assert ear.heard == []


def test_a_unix_socket(tmp_path, ear):
    server = LmtpServer(BOXES, ear, host="", port=0, socket=tmp_path / "lmtp", max_kb=64)
    server.start()
    try:
        with smtplib.LMTP(str(tmp_path / "lmtp")) as lmtp:
            lmtp.sendmail("a@example.org", [f"help@{DOMAIN}"], "hi")
    finally:
        server.stop()
    assert len(ear.heard) == 1
    assert not (tmp_path / "lmtp").exists()


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = LmtpServer(BOXES, Ear(), host="127.0.0.1", port=port, socket=None, max_kb=64)
        with pytest.raises(TransportError, match=f"127.0.0.1:{port}: cannot listen"):
            server.start()


def test_a_maildir(tmp_path, ear):
    new = tmp_path / "new"
    new.mkdir()
    for name in ("1.a.host", "2.b.host"):
        (new / name).write_bytes(b"To: help@in.digest.example.org\n\nhi\n")
    assert watch_maildir(tmp_path, ear) == 2
    assert sorted(each.name for each in (tmp_path / "cur").iterdir()) == [
        "1.a.host:2,S", "2.b.host:2,S",
    ]  # fmt: skip
    (new / "3.c.host").write_bytes(b"x\n")
    ear.deaf = True
    assert watch_maildir(tmp_path, ear) == 0
    assert (new / "3.c.host").exists()
    with pytest.raises(OutputError, match="the Maildir cannot be used"):
        watch_maildir(tmp_path / "none", ear)


def test_a_pipe(tmp_path):
    (tmp_path / "digest.toml").write_text(
        f'[inbound]\ndomain = "{DOMAIN}"\n[smtp]\nport = 9\n', encoding="utf-8"
    )

    def run(text: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "digest", "receive", *words]
        return subprocess.run(
            command, input=text, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    mail = f"From: ada@example.org\nTo: subscribe@{DOMAIN}\n\nplease\n"
    done = run(mail)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("subscribe: asked for confirmation")
    empty = run("")
    assert empty.returncode == 2
    assert "there is no message in it" in empty.stderr


def test_without_a_domain_nothing_comes_in(tmp_path):
    wiring = Wiring(Settings.model_validate({"paths": {"state": tmp_path}}))
    with pytest.raises(SettingsError, match=r"inbound\.domain: is not set"):
        wiring.listener(None)
