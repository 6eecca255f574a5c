"""The checks of the doctor and of the preflight: one list, of which each takes what it needs."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from digest.domain import tokens
from digest.domain.checkup import Finding, State
from digest.domain.edition import Edition
from digest.errors import DigestError, UsageError
from digest.ports import Store
from digest.wiring.operator import sample_delivery
from digest.wiring.senders import servers

if TYPE_CHECKING:
    from digest.mail.lint import Looked
    from digest.mail.names import Names
    from digest.wiring import Wiring

Check = Callable[[], Iterable[Finding]]

_PRIVATE: Final = frozenset({"localhost", "local", "localdomain", "test", "example", "invalid"})
"""Top-level names that nobody can have (RFC 2606, 6761, 6762): the DNS knows nothing of them."""
_EVERYWHERE: Final = ("0.0.0.0/0", "::/0")


def outside_checks(
    wiring: Wiring, names: Names | None, address: str = "", letter_bytes: int = 0
) -> list[Check]:
    """What is asked over the network: SMTP servers, DNS (unless `names` is None), the site."""
    from digest.ingest.probe import one_click  # noqa: PLC0415 - httpx and dnspython, once needed
    from digest.mail.checkup import name_checks, relay_checks  # noqa: PLC0415

    settings, used = wiring.settings, servers(wiring.settings)
    checks = relay_checks(used, letter_bytes)
    if names is not None:
        checks += name_checks(settings.mail, used, wiring.signer, names, address)
    # A link of a reader whom nobody is: nothing changes.
    nobody = wiring.link(tokens.Purpose.UNSUBSCRIBE, "0")
    checks.append(lambda: one_click(nobody, wiring.clock()))
    return checks


def look_over(
    wiring: Wiring, store: Store, on: date, *, network: bool = True, trial: bool = False
) -> Sequence[Finding]:
    """The findings of an edition's preflight, see `workflows.preflight.Find`.

    Without `network` only the letter is looked at; in a `trial` also where the site is this
    machine: such a letter is for nobody else, and that no site runs yet is no fault.
    """
    from digest.mail.lint import HTTPS  # noqa: PLC0415 - once an edition

    edition = store.editions.get(on)
    wanted = wiring.settings.preflight
    if edition is None or wanted.checks == "none":
        return []
    looked, size = _looked(wiring, store, edition)
    found = list(looked.findings)
    if trial and here_only(wiring.settings.site.base_url):
        found = [one for one in found if one.name != f"letter: {HTTPS}"]
        if network and wanted.checks == "all":
            found.append(_at_home(wiring.settings.site.base_url))
    elif network and wanted.checks == "all":
        from digest.mail.names import Names  # noqa: PLC0415 - dnspython, once needed

        sender = wiring.settings.mail.from_address.rpartition("@")[2]
        known = sender.rpartition(".")[2].lower() not in _PRIVATE
        checks = outside_checks(wiring, Names() if known else None, letter_bytes=size)
        checks += _link_checks(wiring, looked.links, wanted.budget_s)
        found += at_once(checks, wanted.budget_s)
    if not any(one.name.startswith("letter") for one in found):
        found.insert(0, Finding("letter", State.OK, f"is in order, {size / 1024:.0f} KB"))
    return found


def _at_home(base: str) -> Finding:
    return Finding(
        "links, SMTP server, DNS",
        State.SKIPPED,
        f"site.base_url is {base}, which leads to the reader's own machine",
        "before others get letters: digest config example > digest.toml, fill in [site], [mail] "
        "and [smtp], then run digest doctor",
    )


def here_only(address: str) -> bool:
    """Whether a web address leads to whatever machine it is opened on."""
    host = urlsplit(address).hostname or ""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")  # RFC 6761, 6.3


def _looked(wiring: Wiring, store: Store, edition: Edition) -> tuple[Looked, int]:
    """As `_letter`; what fails is a finding."""
    from digest.mail.lint import Looked  # noqa: PLC0415 - once an edition

    try:
        return _letter(wiring, store, edition)
    except DigestError as error:
        words = f"it cannot be composed: {error.message}"
        broken = Finding("letter", State.FAIL, words, error.hint, certain=True)
    except Exception as error:  # noqa: BLE001 - a fault of the looking must not stop a day
        words = f"it could not be looked over ({type(error).__name__}: {error})"
        broken = Finding("letter", State.SKIPPED, words)
    return Looked((broken,), ()), 0


def _letter(wiring: Wiring, store: Store, edition: Edition) -> tuple[Looked, int]:
    """The letter of a reader with the default wishes, looked over; and its size in bytes."""
    from digest.mail.lint import lint  # noqa: PLC0415 - once an edition

    delivery = sample_delivery(wiring, edition, f"reader@{wiring.domain}")
    blocks = store.editions.blocks(edition.date)
    raw = wiring.seal(wiring.printer.letter(edition, blocks, delivery), delivery).data
    outside = [
        words for block in blocks if block.kind == "story" for words in (block.text, block.html)
    ]
    leave = wiring.link(tokens.Purpose.UNSUBSCRIBE, str(delivery.subscriber_id))
    return lint(raw, partial(_ours, wiring), leave, outside), len(raw)


def _ours(wiring: Wiring, link: str) -> bool:
    """Whether a link to leave is one of ours."""
    try:
        token = link.rpartition("/")[2]
        tokens.read(wiring.keys, tokens.Purpose.UNSUBSCRIBE, token, wiring.clock())
    except UsageError:
        return False
    return link.startswith(f"{wiring.settings.site.base_url}/u/")


def _link_checks(wiring: Wiring, links: Sequence[str], budget_s: float) -> list[Check]:
    from digest.ingest.guard import networks  # noqa: PLC0415 - httpx, once needed

    base = wiring.settings.site.base_url
    own = [link for link in links if link.startswith(f"{base}/")]
    # Personal pages are nobody's here, and so is the reader's way out, which is tried by itself.
    own = [link for link in own if not link.startswith((f"{base}/u/", f"{base}/p/"))]
    other = [link for link in links if not link.startswith(f"{base}/")]
    feeds = networks(wiring.settings.feeds.allow_private)
    return [
        partial(_links, "site", own, networks(_EVERYWHERE), budget_s),
        partial(_links, "links", other, feeds, budget_s),
    ]


def _links(
    name: str, links: Sequence[str], allowed: Sequence[object], budget_s: float
) -> Iterator[Finding]:
    from digest.ingest.guard import Guard  # noqa: PLC0415 - httpx, once needed
    from digest.ingest.links import dead_links  # noqa: PLC0415

    if not links:
        return
    dead = dead_links(links, Guard(allowed), budget_s)  # type: ignore[arg-type]
    if 2 * len(dead) > len(links) > 1:
        words = f"{len(dead)} of {len(links)} links do not answer, so it may be this machine"
        state, hint = State.SKIPPED if name == "links" else State.WARN, "see digest doctor"
        yield Finding(name, state, words, hint)
    elif dead:
        said = "; ".join(f"{link[:120]}: {words}" for link, words in dead.items())
        words = f"{len(dead)} of {len(links)} lead nowhere: {said}"
        yield Finding(name, State.WARN, words, "open them and see; they hold nothing up")
    else:
        yield Finding(name, State.OK, f"{len(links)} links, none that leads nowhere")


def at_once(checks: Sequence[Check], budget_s: float) -> list[Finding]:
    """Run checks side by side; what is not through within `budget_s` is left out, and said so."""
    done: queue.SimpleQueue[tuple[int, list[Finding]]] = queue.SimpleQueue()

    def run(number: int, check: Check) -> None:
        try:
            found = list(check())
        except DigestError as error:
            found = [Finding("check", State.SKIPPED, error.message, error.hint)]
        except Exception as error:  # noqa: BLE001 - a fault of a check must not stop a day
            found = [Finding("check", State.SKIPPED, f"{type(error).__name__}: {error}")]
        done.put((number, found))

    for number, check in enumerate(checks):
        threading.Thread(target=run, args=(number, check), daemon=True, name="digest-check").start()
    end = time.monotonic() + budget_s
    came: dict[int, list[Finding]] = {}
    while len(came) < len(checks) and (rest := end - time.monotonic()) > 0:
        try:
            number, found = done.get(timeout=rest)
        except queue.Empty:
            break
        came[number] = found
    late = len(checks) - len(came)
    result = [finding for number in sorted(came) for finding in came[number]]
    if late:
        words = f"{late} of {len(checks)} checks were not through within {budget_s:g} s"
        result.append(
            Finding("time", State.SKIPPED, words, "digest doctor takes the time; or raise "
                    "preflight.budget_s")
        )  # fmt: skip
    return result
