"""Checks of all that must be right outside for letters to be taken: DNS records, and the relay."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address

from digest.domain.checkup import Finding, State, judge_dkim, judge_dmarc, judge_spf
from digest.errors import DigestError
from digest.mail.connection import Busy, open_session, place, tls_context
from digest.mail.dkim import DkimSigner, record
from digest.mail.names import Names
from digest.settings import MailSettings, SmtpSettings


def mail_findings(
    mail: MailSettings,
    servers: Sequence[SmtpSettings],
    signer: DkimSigner | None,
    names: Names,
    address: str = "",
) -> Iterator[Finding]:
    """All checks of mail, one after the other. `address` is where the relay sends from."""
    sender = mail.from_address.rpartition("@")[2]
    bounce = (mail.bounce_address or mail.from_address).rpartition("@")[2]
    for server in servers:
        yield relay(server)
    outside = [address] if address else _public(servers[0].host)
    yield _asked(f"SPF {bounce}", lambda: judge_spf(bounce, outside, names))
    yield from dkim(signer, names)
    signing = signer.signatures[0].domain if signer else ""
    yield _asked(
        f"DMARC _dmarc.{sender}",
        lambda: judge_dmarc(sender, _policy(sender, names), signing, bounce),
    )
    for domain in dict.fromkeys((sender, bounce)):
        yield _asked(f"MX {domain}", lambda domain=domain: mx(domain, names))  # type: ignore[misc]
    for one in outside:
        yield _asked(f"PTR {one}", lambda one=one: ptr(one, names))  # type: ignore[misc]
    if not outside:
        yield Finding(
            "PTR",
            State.SKIPPED,
            f"{servers[0].host} has no public address, so where it sends from is not known",
            "give it: digest doctor --address IP",
        )


def relay(server: SmtpSettings) -> Finding:
    """Connect as a sender does, with TLS and login, and leave."""
    name = f"relay {place(server)}"
    try:
        context = tls_context(server) if server.security != "none" else None
        session = open_session(server, context)
    except Busy as busy:
        return Finding(
            name, State.WARN, f"asks to wait: {busy.reply.line}", "try again in some minutes"
        )
    except DigestError as error:
        return Finding(name, State.FAIL, error.message, error.hint)
    with contextlib.suppress(OSError), session.sock as sock:
        sock.settimeout(5)
        sock.sendall(b"QUIT\r\n")
        peer = sock.getpeername()[0]
    offers = [word.upper() for word in ("pipelining", "8bitmime", "smtputf8", "size")
              if word in session.extensions]  # fmt: skip
    login = " and the login" if server.username else ""
    if server.security == "none" and not ip_address(peer.partition("%")[0]).is_loopback:
        return Finding(
            name,
            State.WARN,
            "takes mail, without TLS: letters and links go readable over the network",
            "set smtp.security to starttls or tls",
        )
    secured = "" if server.security == "none" else f" the certificate{login} hold;"
    return Finding(
        name, State.OK, f"takes mail;{secured} it offers {', '.join(offers) or 'nothing'}"
    )


def dkim(signer: DkimSigner | None, names: Names) -> Iterator[Finding]:
    """The record of each key in use."""
    if signer is None:
        yield Finding(
            "DKIM",
            State.WARN,
            "letters are not signed here (dkim.selector is empty)",
            "make a key: digest dkim new; or be sure that your relay signs for your domain",
        )
        return
    for one in signer.signatures:
        name = f"{one.selector}._domainkey.{one.domain}"
        wanted = record(one.key)
        yield _asked(
            f"DKIM {name}",
            lambda name=name, wanted=wanted: judge_dkim(name, names(name, "TXT"), wanted),  # type: ignore[misc]
        )


def mx(domain: str, names: Names) -> Finding:
    """Whether a domain takes mail: answers and bounces go there (RFC 5321, 5.1; RFC 7505)."""
    found = names(domain, "MX")
    hosts = [text.split()[-1].rstrip(".") for text in found]
    if hosts == [""]:
        return Finding(
            f"MX {domain}",
            State.FAIL,
            "says that it takes no mail at all (RFC 7505), so bounces and answers are lost",
            "give it an MX record, or set mail.bounce_address and mail.reply_to elsewhere",
        )
    if not hosts and not (names(domain, "A") or names(domain, "AAAA")):
        return Finding(
            f"MX {domain}",
            State.FAIL,
            "takes no mail: it has neither MX nor an address, so bounces and answers are lost",
            "give it an MX record",
        )
    dead = [host for host in hosts if not (names(host, "A") or names(host, "AAAA"))]
    if dead:
        return Finding(
            f"MX {domain}", State.FAIL, f"{', '.join(dead)} has no address", "correct the record"
        )
    if not hosts:
        return Finding(f"MX {domain}", State.WARN, "has no MX, only an address", "give it an MX")
    return Finding(f"MX {domain}", State.OK, f"takes mail at {', '.join(hosts)}")


def ptr(address: str, names: Names) -> Finding:
    """Whether an address has a name that leads back to it: Gmail asks for it."""
    found = names.reverse(address)
    kind = "AAAA" if ":" in address else "A"
    back = [name for name in found if address in {_plain(ip) for ip in names(name, kind)}]
    if back:
        return Finding(f"PTR {address}", State.OK, f"is {back[0]}, which leads back to it")
    words = f"is {', '.join(found)}, which does not lead back" if found else "has no name"
    return Finding(
        f"PTR {address}",
        State.FAIL,
        f"{words}; Gmail and others refuse mail from such addresses",
        "have who gave you the address set its reverse name to your mail server's",
    )


def _policy(domain: str, names: Names) -> Sequence[str]:
    """The policy's records: the domain's own, else its parent's (RFC 7489, 6.6.3)."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        found = names("_dmarc." + ".".join(labels[start:]), "TXT")
        if found:
            return found
    return []


def _public(host: str) -> list[str]:
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return []
    return sorted(one for one in found if ip_address(one.partition("%")[0]).is_global)


def _plain(address: str) -> str:
    return str(ip_address(address))


def _asked(name: str, check: Callable[[], Finding]) -> Finding:
    """The check's finding; a name server that does not answer is one, too."""
    try:
        return check()
    except DigestError as error:
        return Finding(name, State.SKIPPED, error.message, error.hint)
