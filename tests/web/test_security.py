"""The security checklist, as far as it concerns the site."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path

import pytest
from jinja2 import FileSystemLoader

from digest.domain.subscriber import Status
from digest.web.security import network_of
from tests.web.conftest import BASE, World, seal_of
from tests.web.test_pages import PATHS


def test_every_answer_has_the_headers(world: World) -> None:
    links = world.reader()
    for path in (*PATHS, *links.values(), "/nowhere", "/static/x/y", "/livez", "/worker.js"):
        headers = world.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert "set-cookie" not in headers


def test_without_tls_there_is_no_hsts(world: World) -> None:
    answer = world.client.get("http://digest.example.org/")
    assert "strict-transport-security" not in answer.headers


def test_readers_pages_are_kept_by_no_cache(world: World) -> None:
    links = world.reader()
    for path in (*links.values(), f"{links['p']}/data.json"):
        headers = world.client.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-robots-tag"] == "noindex"


def test_a_scanner_that_looks_at_every_link_changes_nothing(world: World) -> None:
    links = world.reader()
    world.client.post(links["u"])
    world.subscribe("eve@example.org")
    before = world.store.subscribers.find("ada@example.org")
    pending = world.store.subscribers.find("eve@example.org")
    seen: set[str] = set()
    for mail in world.mails():
        for part in mail.walk():
            if part.get_content_maintype() == "text":
                seen |= set(re.findall(rf"{BASE}[^\s\"<>]+", part.get_content()))
        seen |= set(re.findall(rf"{BASE}[^\s>]+", mail["List-Unsubscribe"]))
    assert len(seen) == 5, "two to confirm, two to leave, one to come back"
    for link in seen:
        assert world.client.get(link).status_code in {200, 410}
        assert world.client.head(link).status_code in {200, 410}
    assert world.store.subscribers.find("ada@example.org") == before
    assert world.store.subscribers.find("eve@example.org") == pending


@pytest.mark.parametrize("kind", ["u", "p", "confirm", "undo"])
def test_a_token_serves_one_purpose_and_no_change_of_it_passes(world: World, kind: str) -> None:
    links = world.reader()
    token = links["u"].removeprefix("/u/")
    other = links["p"].removeprefix("/p/")
    wrong = {
        "u": other, "p": token, "confirm": token, "undo": other,
    }[kind]  # fmt: skip
    for bad in (wrong, token[:-1], token + "A", token.swapcase(), "x", "..%2f", "%00", "é" * 40):
        for method in ("GET", "POST"):
            answer = world.client.request(method, f"/{kind}/{bad}")
            assert answer.status_code in {404, 410}, (method, bad)
    assert world.store.subscribers.counts()[Status.ACTIVE] == 1


def test_links_of_a_letter_survive_a_change_of_key(make_world) -> None:
    old = make_world()
    leave = old.reader()["u"]
    fresh = make_world(secret_key="f" * 64, old_secret_keys=["0123456789abcdef" * 4])
    assert fresh.client.get(leave).status_code == 200


def test_one_network_asks_twenty_times_an_hour_at_most(make_world) -> None:
    world = make_world(web={"requests_per_network_h": 3, "page_cache_s": 0})
    answers = [world.subscribe(f"a{n}@example{n}.org").status_code for n in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    assert len(world.mails()) == 3
    world.pass_time(hours=1)
    assert world.subscribe("b@example.org").status_code == 200


def test_an_address_gets_one_confirmation_a_day_and_three_ever(world: World) -> None:
    for _day in range(6):
        for _time in range(2):
            assert world.subscribe("ada@example.org").status_code == 200
        world.pass_time(days=1, hours=1)
    assert len(world.mails()) == 3


def test_all_requests_together_and_one_domain_have_a_limit(make_world) -> None:
    world = make_world(web={"requests_per_minute": 4, "requests_per_domain_h": 2})
    page = world.client.get("/subscribe").text
    world.pass_time(seconds=5)
    answers = [
        world.client.post(
            "/subscribe", data={"address": f"a{n}@example.org", "seal": seal_of(page)}
        ).status_code
        for n in range(6)
    ]
    assert answers == [200, 200, 200, 200, 503, 503]
    assert len(world.mails()) == 2, "the domain's limit"


def test_programs_are_told_from_people(world: World) -> None:
    assert world.subscribe(website="https://spam.example").status_code == 200
    page = world.client.get("/subscribe").text
    fields = {"address": "bot@example.org", "seal": seal_of(page)}
    assert world.client.post("/subscribe", data=fields).status_code == 400, "too quick"
    world.pass_time(days=1, hours=1)
    assert world.client.post("/subscribe", data=fields).status_code == 400, "too old"
    for bad in ("", "x", world.reader()["p"].removeprefix("/p/")):
        answer = world.client.post("/subscribe", data={**fields, "seal": bad})
        assert answer.status_code == 400
    assert [m["To"] for m in world.mails()] == ["ada@example.org"]


def test_the_asker_is_seen_through_trusted_proxies_only(make_world) -> None:
    def networks(world: World, *forwarded: str) -> list[int]:
        codes = []
        for number, value in enumerate(forwarded):
            page = world.client.get("/subscribe").text
            world.pass_time(seconds=5)
            answer = world.client.post(
                "/subscribe",
                data={"address": f"x{number}@example{number}.org", "seal": seal_of(page)},
                headers={"x-forwarded-for": value},
            )
            codes.append(answer.status_code)
        return codes

    web = {"requests_per_network_h": 1}
    assert networks(make_world(web=web), "192.0.2.1", "198.51.100.1") == [200, 429]
    # The test client's own address is no IP address, so the proxy stands for itself.
    world = make_world(web={**web, "trusted_proxies": ["10.0.0.0/8"]})
    world.client._transport.client = ("10.0.0.1", 1)  # type: ignore[attr-defined]
    assert networks(
        world, "192.0.2.1", "198.51.100.7, 10.0.0.2", "6.6.6.6, 192.0.2.200", "junk, 203.0.113.5"
    ) == [200, 200, 429, 200]


def test_blocks_of_addresses() -> None:
    assert network_of("192.0.2.77") == "192.0.2.0/24"
    assert network_of("::ffff:192.0.2.77") == "192.0.2.0/24"
    assert network_of("2001:db8:1:2ff::1") == network_of("2001:db8:1:200::2")
    assert network_of("2001:db8:1:300::1") != network_of("2001:db8:1:200::2")
    assert network_of("unix") == "unix"


def test_bodies_and_methods_are_bounded(world: World) -> None:
    big = b"x" * 70_000
    assert world.client.post("/subscribe", content=big).status_code == 413

    def pieces():
        for _ in range(20):
            yield b"x" * 5_000

    assert world.client.post("/subscribe", content=pieces()).status_code == 413
    many = "&".join(f"a{n}=1" for n in range(1000))
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert world.client.post("/subscribe", content=many, headers=kind).status_code == 400
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert world.client.request(method, "/subscribe").status_code == 405
    answer = world.client.post("/editions/")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


def test_what_is_typed_is_shown_as_text(world: World) -> None:
    page = world.subscribe('"><img src=x onerror=alert(1)>@b.org', zone="<b>Mars</b>{{7*7}}").text
    assert "<img src=x" not in page
    assert "<b>Mars" not in page
    assert "{{7*7}}" in page, "no template of ours is filled with a reader's words"
    found = world.client.get("/concepts/", params={"q": "'\"><script>alert(1)</script>{{7*7}}"})
    assert "<script>alert" not in found.text
    assert "49" not in found.text.split("value=")[1][:120]


def test_no_header_can_be_smuggled_into_a_mail(world: World) -> None:
    for bad in (
        "a@example.org\r\nBcc: b@example.org", "a@example.org\nX: y", "a@b.org%0d%0aBcc:b",
        "<a@example.org>", "a b@example.org", "a@example.org,b@example.org", "a@b@c.org",
        "\0@x.org",
    ):  # fmt: skip
        assert world.subscribe(bad).status_code == 400, bad
    assert world.mails() == []
    assert world.smtp.commands == []


def test_no_page_redirects_to_where_it_is_told(world: World) -> None:
    for path in ("//evil.example/", "/\\evil.example", "/?url=https://evil.example",
                 "/editions?next=//evil.example", "/concepts?url=//evil.example"):  # fmt: skip
        answer = world.client.get(path, headers={"host": "evil.example"})
        assert "evil" not in answer.headers.get("location", "")
    assert "evil" not in world.client.get("/", headers={"host": "evil.example"}).text


def test_nothing_secret_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    links = world.reader()
    for path in links.values():
        world.client.get(path)
        world.client.post(path)
    secrets = [world.wiring.keys[0], *(path.split("/")[2] for path in links.values())]
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("digest"))
    assert [s for s in secrets if s in ours] == []


def test_the_confirm_link_ends_after_seven_days(world: World) -> None:
    world.subscribe()
    (mail,) = world.mails()
    world.pass_time(days=7, seconds=1)
    link = world.link(mail, "confirm")
    assert world.client.get(link).status_code == 410
    assert world.client.post(link).status_code == 410
    assert world.moment[0] - timedelta(days=7) > mail["Date"].datetime


def test_a_broken_template_is_told_in_the_log_and_not_to_readers(
    make_world, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mine" / "web").mkdir(parents=True)
    for name in ("help", "said"):
        (tmp_path / "mine" / "web" / f"{name}.html.jinja").write_text("{{ oops }}")
    world = make_world()
    world.wiring.templates._environment.loader.loaders.insert(
        0, FileSystemLoader(tmp_path / "mine")
    )
    world.wiring.templates._environment.cache.clear()
    try:
        answer = world.client.get("/help")
    finally:
        world.wiring.templates._environment.loader.loaders.pop(0)
        world.wiring.templates._environment.cache.clear()
    assert answer.status_code == 500
    assert "oops" not in answer.text
    assert "'oops' is undefined" in caplog.text
    assert "Traceback" not in caplog.text
