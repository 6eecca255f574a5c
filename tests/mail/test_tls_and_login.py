"""TLS always verifies, and no password goes over an open line."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from pathlib import Path

import pytest
import trustme

from digest.domain.delivery import Accepted, Deferred
from digest.errors import SettingsError, TransportError
from digest.mail import connection
from digest.settings import SmtpSettings
from tests.mail.conftest import Connect, an_envelope
from tests.smtpserver import SmtpServer, certificates

SECRET = "pâss wörd"
ENCRYPTED = ["starttls", "tls"]


@pytest.mark.parametrize("security", ENCRYPTED)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_letter_over_tls(connect: Connect, security: str, host: str) -> None:
    with SmtpServer(security=security) as server:  # type: ignore[arg-type]
        transport = connect(server.settings(host=host))
        for _ in range(2):
            assert isinstance(transport.send(an_envelope()), Accepted)
        assert server.letters[0].data == an_envelope().data
        assert len(server.said("STARTTLS")) == (security == "starttls")
        assert len(server.said("EHLO")) == (2 if security == "starttls" else 1)
        transport.close()


@pytest.mark.parametrize("security", ENCRYPTED)
def test_an_untrusted_certificate_is_refused(connect: Connect, security: str) -> None:
    with SmtpServer(security=security) as server:  # type: ignore[arg-type]
        with pytest.raises(TransportError, match="certificate is not trusted") as caught:
            connect(server.settings(ca_file=None)).send(an_envelope())
        assert "smtp.ca_file" in caught.value.hint
        assert server.said("MAIL") == []


@pytest.mark.parametrize("security", ENCRYPTED)
def test_a_certificate_for_another_name_is_refused(
    connect: Connect, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: real("127.0.0.1", *rest, **more)
    )
    with SmtpServer(security=security) as server:  # type: ignore[arg-type]
        with pytest.raises(TransportError, match="certificate is for another name"):
            connect(server.settings(host="mail.example.org")).send(an_envelope())
        assert server.said("MAIL") == []


def test_ca_file_adds_to_the_system_roots(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca_file))
    plain = connection.tls_context(SmtpSettings())
    added = connection.tls_context(SmtpSettings(ca_file=ca_file))
    assert added.cert_store_stats()["x509"] == plain.cert_store_stats()["x509"] + 1
    assert added.verify_mode is ssl.CERT_REQUIRED
    assert added.check_hostname


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_is_none(connect: Connect, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    settings = SmtpSettings(security="tls", ca_file=path)
    with pytest.raises(SettingsError, match=f"smtp.ca_file {path}"):
        connect(settings).send(an_envelope())


def test_starttls_not_offered_is_refused(server: SmtpServer, connect: Connect) -> None:
    with pytest.raises(TransportError, match="does not offer STARTTLS"):
        connect(server.settings(security="starttls")).send(an_envelope())
    assert server.said("MAIL") == []


def test_tls_to_a_plain_server(server: SmtpServer, connect: Connect) -> None:
    with pytest.raises(TransportError, match="TLS failed") as caught:
        connect(server.settings(security="tls")).send(an_envelope())
    assert "465" in caught.value.hint


@pytest.mark.parametrize(("reply", "passing"), [("454 4.7.0 later", True), ("554 no", False)])
def test_starttls_refused(connect: Connect, reply: str, passing: bool) -> None:
    with SmtpServer(security="starttls") as server:
        server.answer("STARTTLS", reply)
        transport = connect(server.settings())
        if passing:
            assert transport.send(an_envelope()) == Deferred(reply, server_wide=True)
        else:
            with pytest.raises(TransportError, match=reply):
                transport.send(an_envelope())
        assert server.said("MAIL") == []


def test_what_came_before_starttls_is_discarded(connect: Connect) -> None:
    """A reply put into the open line must not be taken for one of the encrypted session."""
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"220 hi\r\n")
            heard.append(peer.recv(1000))
            peer.sendall(b"250-hi\r\n250 STARTTLS\r\n")
            heard.append(peer.recv(1000))
            peer.sendall(b"220 go\r\n250-evil\r\n250-SIZE 1\r\n250 AUTH PLAIN\r\n")
            with certificates().server.wrap_socket(peer, server_side=True) as line:
                heard.append(line.recv(1000))
                line.sendall(b"250-hi\r\n250 8BITMIME\r\n")
                heard.append(line.recv(1000))
                line.sendall(b"421 enough\r\n")
                heard.append(line.recv(1000))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        settings = SmtpSettings(
            host="127.0.0.1",
            port=listener.getsockname()[1],
            security="starttls",
            ca_file=certificates().ca_file,
            helo_name="client.example.org",
            timeout_s=5,
        )
        result = connect(settings).send(an_envelope())
        thread.join(5)
    assert result == Deferred("421 enough", server_wide=True)
    assert heard[2] == b"ehlo client.example.org\r\n"
    assert heard[3] == b"MAIL FROM:<bounces@example.org>\r\n"


# --- login -------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["none", *ENCRYPTED])
@pytest.mark.parametrize("hide", ["nothing", "PLAIN"])
def test_login(connect: Connect, security: str, hide: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if hide == "PLAIN":
        monkeypatch.setattr("aiosmtpd.smtp.SMTP.auth_PLAIN", None)
        monkeypatch.delattr("aiosmtpd.smtp.SMTP.auth_PLAIN")
    with SmtpServer(security=security, login=("adä", SECRET)) as server:  # type: ignore[arg-type]
        assert isinstance(connect(server.settings()).send(an_envelope()), Accepted)
        assert server.said("AUTH")[0].split(" ")[1] == ("LOGIN" if hide == "PLAIN" else "PLAIN")


def test_a_wrong_password(connect: Connect) -> None:
    with SmtpServer(security="starttls", login=("ada", SECRET)) as server:
        with pytest.raises(TransportError, match="login of 'ada' was refused: 535") as caught:
            connect(server.settings(password="wröng")).send(an_envelope())
        assert "wröng" not in str(caught.value)
        assert server.said("MAIL") == []


def test_a_login_that_may_work_later(connect: Connect) -> None:
    with SmtpServer(login=("ada", SECRET)) as server:
        server.answer("AUTH", "454 4.7.0 ask again", times=1)
        transport = connect(server.settings())
        later = Deferred("454 4.7.0 ask again", server_wide=True)
        assert transport.send(an_envelope()) == later
        assert isinstance(transport.send(an_envelope()), Accepted)


def test_a_server_that_wants_a_login_says_so(connect: Connect) -> None:
    with (
        SmtpServer(login=("ada", SECRET)) as server,
        pytest.raises(TransportError, match="wants a login: 530") as caught,
    ):
        connect(server.settings(username="", password="")).send(an_envelope())
    assert "smtp.username" in caught.value.hint


def test_no_login_offered(server: SmtpServer, connect: Connect) -> None:
    with pytest.raises(TransportError, match="offers no login with a password"):
        connect(server.settings(username="ada", password="x")).send(an_envelope())


def test_no_login_without_tls_beyond_loopback(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Loopback is all that a test has, so the peer's address is what is made up here.
    monkeypatch.setattr(connection, "_peer_address", lambda client: "192.0.2.1")
    with SmtpServer(login=("ada", SECRET)) as server:
        with pytest.raises(TransportError, match="no login without TLS"):
            connect(server.settings()).send(an_envelope())
        assert server.said("AUTH") == []
        secret = base64.b64encode(SECRET.encode()).decode()
        assert not any(secret in line for line in server.commands)


def test_no_empty_password(connect: Connect) -> None:
    with SmtpServer(login=("ada", SECRET)) as server:
        with pytest.raises(TransportError, match=r"smtp\.password is empty"):
            connect(server.settings(password="")).send(an_envelope())
        assert server.said("AUTH") == []
