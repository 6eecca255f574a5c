"""A preflight as it runs: the real letter, a real SMTP server, a real site."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from digest.domain.checkup import Finding, State
from digest.errors import CatalogError
from digest.wiring.checks import at_once, look_over
from tests.hookserver import HookServer
from tests.smtpserver import SmtpServer
from tests.web.conftest import NOW, World

TODAY = NOW.date()


@pytest.fixture(autouse=True)
def no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender's domain counts as one that nobody can have; the doctor's tests ask a server."""
    monkeypatch.setattr("digest.wiring.checks._PRIVATE", frozenset({"org"}))


@pytest.fixture
def site() -> Iterator[HookServer]:
    with HookServer() as server:
        yield server


def found(world: World) -> dict[str, Finding]:
    """By the first word of the name."""
    return {
        finding.name.partition(" ")[0]: finding
        for finding in look_over(world.wiring, world.store, TODAY)
    }


def settings(site: str, smtp: SmtpServer, budget_s: float = 5.0) -> dict[str, object]:
    return {
        "site": {"base_url": site},
        "preflight": {"checks": "all", "budget_s": budget_s},
        "smtp": {"host": smtp.host, "port": smtp.port, "timeout_s": 5},
        # No connection leads out: what names the letter's links is asked about refuses.
        "feeds": {"allow_private": ["192.0.2.0/24"]},
    }


def test_all_is_well_where_site_and_server_answer(
    make_world: Callable[..., World], site: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.ingest.links.dead_links", lambda *_: {})
    with SmtpServer() as smtp:
        told = found(make_world(**settings(site.url, smtp)))
        assert smtp.letters == []
    assert {name: finding.state for name, finding in told.items()} == {
        "letter:": State.WARN, "relay": State.OK, "one-click": State.WARN, "site": State.OK,
        "links": State.OK, "clock": State.FAIL,  # the test's own stands in March
    }  # fmt: skip
    assert "not https" in told["letter:"].words
    assert [post.path.rpartition("/")[0] for post in site.posts] == ["/u"]
    assert site.posts[0].body == b"List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("status", "holds", "words"),
    [(410, True, "does not know our signature"), (302, True, "redirects"), (404, True, "404"),
     (502, False, "502")],
)  # fmt: skip
def test_a_site_by_which_nobody_could_leave_holds(
    make_world: Callable[..., World], site: HookServer, monkeypatch: pytest.MonkeyPatch,
    status: int, holds: bool, words: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("digest.ingest.links.dead_links", lambda *_: {})
    site.answers = [status]
    with SmtpServer() as smtp:
        told = found(make_world(**settings(site.url, smtp)))
    assert (told["one-click"].state, told["one-click"].holds) == (State.FAIL, holds)
    assert words in told["one-click"].words


def test_a_letter_too_large_for_the_server_holds_and_a_server_that_is_away_does_not(
    make_world: Callable[..., World], site: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.ingest.links.dead_links", lambda *_: {})
    with SmtpServer(size_limit=20_000) as smtp:
        relay = found(make_world(**settings(site.url, smtp)))["relay"]
    assert relay.holds
    assert "takes 20_000 bytes a letter" in relay.words
    away = found(make_world(**settings(site.url, smtp)))["relay"]
    assert (away.state, away.holds) == (State.FAIL, False)


def test_own_links_are_asked_and_dead_ones_hold_nothing(
    make_world: Callable[..., World], site: HookServer
) -> None:
    with SmtpServer() as smtp:
        told = found(make_world(**settings(site.url, smtp)))
    # The site answers no page, and the outside is not to be reached from here.
    assert (told["site"].state, told["site"].holds) == (State.WARN, False)
    assert told["links"].state in {State.SKIPPED, State.WARN, State.OK}
    assert "/editions/2026-03-14" in site.heads
    assert not any(path.startswith(("/u/", "/p/")) for path in site.heads)


def test_what_hangs_is_left_out_in_time(make_world: Callable[..., World]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, SmtpServer() as smtp:
        smtp.hang("EHLO")
        began = time.monotonic()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        told = found(make_world(**settings(url, smtp, budget_s=0.5)))
        assert time.monotonic() - began < 5
    assert told["time"].state is State.SKIPPED
    assert "were not through within 0.5 s" in told["time"].words
    assert not any(finding.holds for finding in told.values())


def test_a_check_that_breaks_stops_no_day() -> None:
    def broken() -> list[Finding]:
        raise RuntimeError("oh")

    (finding,) = at_once([broken], 5)
    assert (finding.state, finding.words) == (State.SKIPPED, "RuntimeError: oh")


def test_a_sender_that_changed_after_the_edition_was_built_holds(
    make_world: Callable[..., World],
) -> None:
    world = make_world(
        mail={"from_address": "editor@another.example.org"}, preflight={"checks": "letter"}
    )
    told = look_over(world.wiring, world.store, TODAY)
    assert {finding.words for finding in told if finding.holds} >= {
        "cid:figure-entropy.20260314@digest.example.org is not in the letter"
    }


def test_a_letter_that_cannot_be_composed_holds_and_a_fault_of_ours_does_not(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()

    def broken(fault: Exception) -> Callable[..., object]:
        def letter(*_: object) -> object:
            raise fault

        return letter

    fault = CatalogError("letter.html.jinja:3: 'concpt' is undefined", "correct it")
    for raised, holds in ((fault, True), (ValueError("oh"), False)):
        monkeypatch.setattr(world.wiring.printer, "letter", broken(raised))
        (finding,) = look_over(world.wiring, world.store, TODAY)
        assert finding.holds is holds
        assert str(raised).partition("\n")[0] in finding.words
