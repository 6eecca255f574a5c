"""Each check of the doctor against a name server and a relay of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from digest.domain.checkup import Finding, State
from digest.mail import checkup
from digest.mail.checkup import mail_findings
from digest.mail.dkim import DkimSigner, Signature, new_key, record
from digest.mail.names import Names
from digest.settings import MailSettings
from tests.dnsserver import DnsServer
from tests.smtpserver import SmtpServer

KEY = new_key("ed25519")
SIGNER = DkimSigner([Signature("example.org", "s1", KEY)])
MAIL = MailSettings(from_address="letters@example.org", bounce_address="b@bounce.example.org")
IP = "203.0.113.7"

Zone = dict[tuple[str, str], list[str]]


def good() -> Zone:
    return {
        ("bounce.example.org", "TXT"): ['"v=spf1 a:relay.example.org include:other.example -all"'],
        ("other.example", "TXT"): ['"v=spf1 ip4:198.51.100.0/24 -all"'],
        ("relay.example.org", "A"): [IP],
        ("s1._domainkey.example.org", "TXT"): [f'"{record(KEY)[:20]}" "{record(KEY)[20:]}"'],
        ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=quarantine"'],
        ("example.org", "MX"): ["10 mx.example.org."],
        ("bounce.example.org", "MX"): ["10 mx.example.org."],
        ("mx.example.org", "A"): ["203.0.113.8"],
        ("7.113.0.203.in-addr.arpa", "PTR"): ["relay.example.org."],
    }


def examined(zone: Zone, signer: DkimSigner | None = SIGNER) -> dict[str, Finding]:
    with DnsServer(zone) as server, SmtpServer() as relay:
        names = Names(["127.0.0.1"], server.port)
        found = list(mail_findings(MAIL, [relay.settings()], signer, names, IP))
    return {finding.name.partition(" ")[0] + f" {n}": finding for n, finding in enumerate(found)}


def only(found: dict[str, Finding], kind: str) -> list[Finding]:
    return [finding for name, finding in found.items() if name.startswith(kind)]


def test_where_all_is_right_nothing_is_to_mend() -> None:
    found = examined(good())
    assert {finding.state for finding in found.values()} == {State.OK}, found
    kinds = [name.partition(" ")[0] for name in found]
    assert kinds == ["relay", "SPF", "DKIM", "DMARC", "MX", "MX", "PTR"]


def without(name: str, kind: str) -> Callable[[Zone], None]:
    return lambda zone: zone.pop((name, kind)) and None


def putting(name: str, kind: str, *texts: str) -> Callable[[Zone], None]:
    return lambda zone: zone.update({(name, kind): list(texts)})


BOUNCE, DMARC, SELECTOR = "bounce.example.org", "_dmarc.example.org", "s1._domainkey.example.org"
MANY = " ".join(f"a:h{n}.example" for n in range(11))
BROKEN = [
    (without(BOUNCE, "TXT"), "SPF", State.FAIL, "no record"),
    (putting(BOUNCE, "TXT", '"v=spf1 -all"', '"v=spf1 mx -all"'), "SPF", State.FAIL, "2 records"),
    (putting(BOUNCE, "TXT", '"v=spf1 +all"'), "SPF", State.FAIL, "whole world"),
    (putting(BOUNCE, "TXT", '"v=spf1 mx ~all"'), "SPF", State.WARN, f"does not allow {IP}"),
    (putting(BOUNCE, "TXT", f'"v=spf1 {MANY} -all"'), "SPF", State.FAIL, "more than 10"),
    (without(SELECTOR, "TXT"), "DKIM", State.FAIL, "no such record"),
    (putting(SELECTOR, "TXT", '"v=DKIM1; k=ed25519; p=AAAA"'), "DKIM", State.FAIL, "another key"),
    (putting(SELECTOR, "TXT", '"v=DKIM1; p="'), "DKIM", State.FAIL, "withdrawn"),
    (without(DMARC, "TXT"), "DMARC", State.FAIL, "no policy"),
    (putting(DMARC, "TXT", '"v=DMARC1; p=none"'), "DMARC", State.WARN, "p=none"),
    (putting(DMARC, "TXT", '"v=DMARC1; p=sometimes"'), "DMARC", State.FAIL, "no policy"),
    (putting("example.org", "MX", "0 ."), "MX", State.FAIL, "no mail at all"),
    (without("mx.example.org", "A"), "MX", State.FAIL, "has no address"),
    (without("7.113.0.203.in-addr.arpa", "PTR"), "PTR", State.FAIL, "has no name"),
    (putting("relay.example.org", "A", "203.0.113.9"), "PTR", State.FAIL, "does not lead back"),
]


@pytest.mark.parametrize(("change", "kind", "state", "words"), BROKEN)
def test_what_is_wrong_is_said_with_the_next_step(
    change: Callable[[Zone], None], kind: str, state: State, words: str
) -> None:
    zone = good()
    change(zone)
    found = only(examined(zone), kind)
    assert any(one.state is state and words in one.words and one.hint for one in found), found


def test_spf_follows_redirects_and_ranges() -> None:
    zone = good()
    zone[BOUNCE, "TXT"] = ['"v=spf1 redirect=other.example"']
    zone["other.example", "TXT"] = ['"v=spf1 mx:bounce.example.org/24 -all"']
    (spf,) = only(examined(zone), "SPF")
    assert spf.state is State.OK


def test_unsigned_letters_and_strangers_bounces_do_not_align() -> None:
    zone = good()
    (dmarc,) = only(examined(zone, None), "DMARC")
    assert dmarc.state is State.OK  # by SPF: bounce.example.org is below example.org
    zone[DMARC, "TXT"] = ['"v=DMARC1; p=reject; aspf=s"']
    (dmarc,) = only(examined(zone, None), "DMARC")
    assert dmarc.state is State.FAIL
    assert "nothing is aligned" in dmarc.words
    (dkim,) = only(examined(zone, None), "DKIM")
    assert dkim.state is State.WARN


def test_a_name_server_that_is_silent_is_no_missing_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.mail.names._TIMEOUT_S", 0.3)
    with DnsServer(good(), silent=["example.org"]) as server:
        names = Names(["127.0.0.1"], server.port)
        (finding,) = checkup._asked("MX example.org", lambda: checkup.mx("example.org", names))
    assert finding.state is State.SKIPPED
    assert "no answer from the name servers" in finding.words


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_relay_is_tried_with_its_certificate_and_login(security: str) -> None:
    with SmtpServer(security=security, login=("ada", "secret")) as server:  # type: ignore[arg-type]
        fine = checkup.relay(server.settings())
        assert (fine.state, fine.words.startswith("takes mail; the certificate and the login")) == (
            State.OK, True,
        )  # fmt: skip
        wrong = checkup.relay(server.settings(password="no"))
        assert (wrong.state, "refused" in wrong.words) == (State.FAIL, True)
        stranger = checkup.relay(server.settings(ca_file=None))
        assert (stranger.state, "not trusted" in stranger.words) == (State.FAIL, True)
        assert server.letters == []


def test_a_relay_that_asks_to_wait_is_no_fault() -> None:
    with SmtpServer() as server:
        server.answer("CONNECT", "421 4.7.0 later")
        assert checkup.relay(server.settings()).state is State.WARN
