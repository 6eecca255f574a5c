"""An SMTP session made ready: connect, greet, TLS, login; and in plain words what went wrong.

What fails here concerns every letter, so it is a `TransportError` with the server's name and the
next step, or `Busy` when the server says that it may work later (RFC 5321, 3.8 and 4.2.1).
"""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from digest.errors import SettingsError, TransportError
from digest.mail.reply import Reply
from digest.settings import SmtpSettings

_HOSTNAME_MISMATCH = 62  # X509_V_ERR_HOSTNAME_MISMATCH in openssl's x509_vfy.h
_IP_MISMATCH = 64  # X509_V_ERR_IP_ADDRESS_MISMATCH


class Busy(Exception):  # noqa: N818 - the server is, and nothing is wrong
    """The server answers 4xx before any letter was named: it may work later."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.line)
        self.reply = reply


def tls_context(settings: SmtpSettings) -> ssl.SSLContext:
    """A context that verifies certificate and name; `smtp.ca_file` adds to the system's roots.

    smtplib's own default verifies nothing. Raises SettingsError for a file that cannot be used.
    """
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        try:
            context.load_verify_locations(cafile=settings.ca_file)
        except (OSError, ssl.SSLError) as fault:
            raise SettingsError(
                f"smtp.ca_file {settings.ca_file}: no certificates can be read from it ({fault})",
                "give a PEM file that this user may read, or leave the setting out",
            ) from fault
    return context


@dataclass(frozen=True, slots=True)
class Session:
    """A connection ready for MAIL: its socket (non-blocking), the server's extensions by name in
    lower case, and what the server has said since.
    """

    sock: socket.socket
    extensions: Mapping[str, str]
    heard: bytes


def open_session(settings: SmtpSettings, context: ssl.SSLContext | None) -> Session:
    """A session that is ready for MAIL. `context` is needed for starttls and tls. Blocks.

    Raises TransportError when the server cannot be used, Busy when it asks to wait.
    """
    client = _ready(settings, context)
    sock = client.sock
    if sock is None or client.file is None:  # pragma: no cover - EHLO was answered
        raise TransportError(f"{place(settings)}: the connection was lost", "try again")
    sock.setblocking(False)
    heard = b""
    with contextlib.suppress(OSError):  # TLS says so when nothing is there
        heard = client.file.peek()
    client.file.close()
    client.sock = client.file = None
    return Session(sock, dict(client.esmtp_features), heard)


def _ready(settings: SmtpSettings, context: ssl.SSLContext | None) -> smtplib.SMTP:
    client: smtplib.SMTP | None = None
    try:
        client = _dial(settings, context)
        _hello(client, settings)
        if settings.security == "starttls":
            _start_tls(client, settings, context)
            _hello(client, settings)
        if settings.username:
            _login(client, settings)
    except BaseException as fault:
        if client is not None:
            client.close()
        if isinstance(fault, smtplib.SMTPResponseException):
            raise _answered(
                Reply.of(fault.smtp_code, _bytes(fault.smtp_error)), settings
            ) from fault
        if isinstance(fault, OSError | UnicodeError):
            raise _unreachable(fault, settings) from fault
        raise
    return client


def place(settings: SmtpSettings) -> str:
    """host:port, as errors name it."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def login_refused(reply: Reply, settings: SmtpSettings) -> TransportError:
    """The error for a reply that is about the login."""
    if not settings.username:
        return TransportError(
            f"{place(settings)}: the SMTP server wants a login: {reply.line}",
            "set smtp.username, and smtp.password (or DIGEST_SMTP__PASSWORD_FILE)",
        )
    return TransportError(
        f"{place(settings)}: the login of {settings.username!r} was refused: {reply.line}",
        "check smtp.username and smtp.password; some providers want a password made for programs",
    )


def _dial(settings: SmtpSettings, context: ssl.SSLContext | None) -> smtplib.SMTP:
    where = (settings.host, settings.port, settings.helo_name or None, settings.timeout_s)
    if settings.security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(*where[:3], timeout=where[3], context=context)
    else:
        client = smtplib.SMTP(*where)
    if client.sock is not None:
        # The last five bytes of a letter go out by themselves; Nagle would hold them for an ack.
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _hello(client: smtplib.SMTP, settings: SmtpSettings) -> None:
    reply = Reply.of(*client.ehlo())
    if not (reply.positive or reply.temporary):
        reply = Reply.of(*client.helo())
    if not reply.positive:
        raise _answered(reply, settings)


def _start_tls(
    client: smtplib.SMTP, settings: SmtpSettings, context: ssl.SSLContext | None
) -> None:
    if not client.has_extn("starttls"):
        raise TransportError(
            f"{place(settings)}: the SMTP server does not offer STARTTLS",
            "set smtp.security to tls (often with port 465), or to none on a network that you "
            "trust",
        )
    client.starttls(context=context)


def _login(client: smtplib.SMTP, settings: SmtpSettings) -> None:
    if settings.security == "none" and not ip_address(_peer_address(client)).is_loopback:
        raise TransportError(
            f"{place(settings)}: no login without TLS, it would show the password to the network",
            "set smtp.security to starttls or tls, or leave smtp.username empty",
        )
    user = settings.username.encode()
    password = settings.password.get_secret_value().encode()
    if not password:
        raise TransportError(
            f"{place(settings)}: smtp.username is set and smtp.password is empty",
            "set smtp.password, or DIGEST_SMTP__PASSWORD_FILE to the name of a file with it",
        )
    offered = client.esmtp_features.get("auth", "").upper().split()
    # Not client.login(): it sends ASCII only, where RFC 4616 says UTF-8.
    if "PLAIN" in offered:
        code, text = client.docmd("AUTH", "PLAIN " + _base64(b"\0" + user + b"\0" + password))
    elif "LOGIN" in offered:
        code, text = client.docmd("AUTH", "LOGIN " + _base64(user))
        if code == 334:  # noqa: PLR2004 - RFC 4954, 4: go on
            code, text = client.docmd(_base64(password))
    else:
        raise TransportError(
            f"{place(settings)}: the SMTP server offers no login with a password "
            f"(AUTH {' '.join(offered) or 'is missing'})",
            "leave smtp.username empty, or use the port for submission (587 or 465)",
        )
    reply = Reply.of(code, text)
    if reply.temporary:
        raise Busy(reply)
    if not reply.positive:
        raise login_refused(reply, settings)


def _peer_address(client: smtplib.SMTP) -> str:
    if client.sock is None:
        raise smtplib.SMTPServerDisconnected("the connection was lost")
    return str(client.sock.getpeername()[0]).partition("%")[0]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _answered(reply: Reply, settings: SmtpSettings) -> Exception:
    if reply.temporary:
        return Busy(reply)
    if reply.wants_login:
        return login_refused(reply, settings)
    return TransportError(
        f"{place(settings)}: the SMTP server refuses this machine: {reply.line}",
        "ask who runs the server, or check smtp.host, smtp.port and smtp.helo_name",
    )


def _unreachable(fault: Exception, settings: SmtpSettings) -> TransportError:
    where = place(settings)
    cause = fault.__context__ if isinstance(fault, smtplib.SMTPServerDisconnected) else fault
    match cause:
        case ssl.SSLCertVerificationError(verify_code=code) if code in {
            _HOSTNAME_MISMATCH,
            _IP_MISMATCH,
        }:
            what = f"the certificate is for another name ({cause.verify_message})"
            hint = "set smtp.host to a name in the certificate"
        case ssl.SSLCertVerificationError():
            what = f"the certificate is not trusted ({cause.verify_message})"
            hint = "set smtp.ca_file to the certificate of who signed it, as a PEM file"
        case ssl.SSLError():
            what = f"TLS failed ({cause.reason or cause})"
            hint = "check smtp.security: tls is for port 465, starttls for 587 and 25"
        case TimeoutError():
            what = f"no answer within {settings.timeout_s:g} s"
            hint = (
                "check smtp.host, smtp.port and smtp.security; many networks block port 25: try 587"
            )
        case socket.gaierror() | UnicodeError():
            what = "no such host name"
            hint = "check smtp.host, and that this machine can look up names"
        case ConnectionRefusedError():
            what = "nothing listens there (connection refused)"
            hint = "start the SMTP server, or check smtp.host and smtp.port"
        case _:
            what = f"no connection ({fault})"
            hint = "check smtp.host, smtp.port and smtp.security, then the server's log"
    return TransportError(f"{where}: {what}", hint)
