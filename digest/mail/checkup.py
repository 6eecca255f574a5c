"""Checks of all that must be right outside for letters to be taken: DNS records, and the relay."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from ipaddress import ip_address

from digest.domain.checkup import Finding, State, judge_dkim, judge_dmarc, judge_spf
from digest.errors import DigestError
from digest.mail.connection import Busy, open_session, place, tls_context
from digest.mail.dkim import DkimSigner, record
from digest.mail.names import Names
from digest.settings import MailSettings, SmtpSettings

Check = Callable[[], Iterable[Finding]]


def mail_findings(
    mail: MailSettings,
    servers: Sequence[SmtpSettings],
    signer: DkimSigner | None,
    names: Names,
    address: str = "",
) -> Iterator[Finding]:
    """All checks of mail, one after the other. `address` is where the relay sends from."""
    for check in [*relay_checks(servers), *name_checks(mail, servers, signer, names, address)]:
        yield from check()


def relay_checks(servers: Sequence[SmtpSettings], letter_bytes: int = 0) -> list[Check]:
    """A check for each server: does it take mail, and a letter of this size?"""
    return [partial(_one, relay, server, letter_bytes) for server in servers]


def name_checks(
    mail: MailSettings,
    servers: Sequence[SmtpSettings],
    signer: DkimSigner | None,
    names: Names,
    address: str = "",
) -> list[Check]:
    """A check for each record of DNS that decides whether letters are taken."""
    sender = mail.from_address.rpartition("@")[2]
    bounce = (mail.bounce_address or mail.from_address).rpartition("@")[2]
    outside = [address] if address else _public(servers[0].host)
    signing = signer.signatures[0].domain if signer else ""

    def policy() -> Finding:
        return judge_dmarc(sender, _policy(sender, names), signing, bounce)

    checks: list[Check] = [
        partial(_asked, f"SPF {bounce}", partial(judge_spf, bounce, outside, names)),
        partial(dkim, signer, names),
        partial(_asked, f"DMARC _dmarc.{sender}", policy),
    ]
    checks += [
        partial(_asked, f"MX {domain}", partial(mx, domain, names))
        for domain in dict.fromkeys((sender, bounce))
    ]
    checks += [partial(_asked, f"PTR {one}", partial(ptr, one, names)) for one in outside]
    if not outside:
        unknown = Finding(
            "PTR",
            State.SKIPPED,
            f"{servers[0].host} has no public address, so where it sends from is not known",
            "give it: digest doctor --address IP",
        )
        checks.append(lambda: [unknown])
    return checks


def relay(server: SmtpSettings, letter_bytes: int = 0) -> Finding:
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
    most = session.extensions.get("size", "")
    if most.isdigit() and 0 < int(most) < letter_bytes:
        return Finding(
            name,
            State.FAIL,
            f"takes {int(most):_} bytes a letter, and this one has {letter_bytes:_}",
            'raise the limit there (Postfix: message_size_limit), or set mail.images = "hosted"',
            certain=True,
        )
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


def _one(check: Callable[..., Finding], *given: object) -> Iterator[Finding]:
    yield check(*given)


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
        yield from _asked(f"DKIM {name}", partial(_key_record, name, record(one.key), names))


def _key_record(name: str, wanted: str, names: Names) -> Finding:
    return judge_dkim(name, names(name, "TXT"), wanted)


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


def _asked(name: str, check: Callable[[], Finding]) -> Iterator[Finding]:
    """The check's finding; a name server that does not answer is one, too."""
    try:
        yield check()
    except DigestError as error:
        yield Finding(name, State.SKIPPED, error.message, error.hint)
