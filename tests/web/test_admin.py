"""/admin: who gets in, what they can do, and what others cannot."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes, policy

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from digest.domain.access import Scope
from digest.domain.alert import Kind, Trouble
from digest.domain.edition import EditionStatus, StoryPick
from digest.domain.story import Story
from digest.ports import Heard
from digest.storage.passwords import Argon2
from digest.web.admin_door import COOKIE
from digest.wiring import operator
from digest.workflows.admission import OPERATOR
from tests.web.conftest import NOW, World

PASSWORD = "correct horse battery staple"
TOMORROW = NOW.date() + timedelta(days=1)
PAGES = ("/admin", "/admin/login", "/admin/letter", "/admin/letter.txt", "/admin/letter.eml")
DEEDS = ("/admin/build", "/admin/swap", "/admin/hold", "/admin/release", "/admin/logout")


@pytest.fixture
def open_world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    # One test takes the real parameters; for the others the hash is as quick as can be.
    quick = PasswordHasher.from_parameters(CHEAPEST)
    monkeypatch.setattr(operator.passwords(), "_hasher", quick)
    operator.admission(world.wiring, world.store).set_password(PASSWORD, NOW)
    return world


def seal_of(page: str) -> str:
    found = re.search(r'name="seal" value="([^"]+)"', page)
    assert found
    return found[1]


def sign_in(world: World, secret: str = PASSWORD):
    seal = seal_of(world.client.get("/admin/login").text)
    return world.client.post("/admin/login", data={"secret": secret, "seal": seal})


def csrf(world: World) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', world.client.get("/admin").text)
    assert found
    return found[1]


@pytest.fixture
def signed_in(open_world: World) -> World:
    assert sign_in(open_world).status_code == 303
    return open_world


def a_draft(world: World) -> None:
    """Tomorrow's edition as a draft with two runners-up."""
    built = world.wiring.publisher(world.store).build(TOMORROW, NOW)
    spare = [
        StoryPick(
            0,
            Story(f"news/{n}", f"News <b>{n}</b>", f"https://news.example/{n}", "The Paper",
                  "What it says.", NOW, NOW),
            0.5, "came in late", {"relevance": 0.5},
        )
        for n in (1, 2)
    ]  # fmt: skip
    world.store.editions.save(
        replace(built, runners_up=tuple(spare)), world.store.editions.blocks(TOMORROW)
    )


def do(world: World, deed: str, **fields: str):
    data = {"csrf": csrf(world), "day": TOMORROW.isoformat(), **fields}
    return world.client.post(f"/admin/{deed}", data=data)


# --- the door ----------------------------------------------------------------------------------


def test_there_is_no_such_page_until_somebody_can_sign_in(world: World) -> None:
    for path in PAGES:
        assert world.client.get(path).status_code == 404, path
    for path in (*DEEDS, "/admin/login"):
        assert world.client.post(path).status_code == 404, path
    admission = operator.admission(world.wiring, world.store)
    admission.make("page", {Scope.ADMIN}, NOW + timedelta(days=1), NOW)
    assert world.client.get("/admin/login").status_code == 200
    world.pass_time(days=1)
    assert world.client.get("/admin/login").status_code == 404


def test_a_password_lets_in_and_its_cookie_is_strict(open_world: World) -> None:
    world = open_world
    assert world.client.get("/admin").headers["location"] == "/admin/login"
    wrong = sign_in(world, PASSWORD + "r")
    assert wrong.status_code == 403
    assert "set-cookie" not in wrong.headers
    right = sign_in(world)
    assert right.headers["location"] == "/admin"
    cookie = right.headers["set-cookie"]
    for word in ("HttpOnly", "SameSite=strict", "Secure", "Path=/admin", "Max-Age=43200"):
        assert word in cookie, word
    page = world.client.get("/admin")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert PASSWORD not in world.store.keys.password()
    assert world.client.post("/admin/logout", data={"csrf": csrf(world)}).status_code == 303
    world.client.cookies.set(COOKIE, cookie.split("=", 1)[1].split(";")[0], path="/admin")
    assert world.client.get("/admin").status_code == 303, "the old key opens nothing"


def test_a_cookie_over_plain_http_is_not_marked_secure(open_world: World) -> None:
    open_world.client.base_url = open_world.client.base_url.copy_with(scheme="http")
    assert "Secure" not in sign_in(open_world).headers["set-cookie"]


def test_a_token_with_the_scope_lets_in_and_revoking_it_puts_out(world: World) -> None:
    admission = operator.admission(world.wiring, world.store)
    _token, text = admission.make("page", {Scope.ADMIN}, None, NOW)
    _other, weak = admission.make("weak", set(Scope) - {Scope.ADMIN}, None, NOW)
    assert sign_in(world, weak).status_code == 403
    assert sign_in(world, text).status_code == 303
    assert world.client.get("/admin").status_code == 200
    _spare, _text = admission.make("spare", {Scope.ADMIN}, None, NOW)
    world.store.keys.revoke("page", NOW)
    assert world.client.get("/admin").status_code == 303


def test_a_password_is_hashed_slowly_and_anew_when_the_parameters_grew(open_world: World) -> None:
    world = open_world
    weak = world.store.keys.password()
    operator.passwords()._hasher = Argon2()._hasher
    assert sign_in(world).status_code == 303
    strong = world.store.keys.password()
    assert "$m=65536,t=3,p=4$" in strong
    assert strong != weak
    assert world.client.get("/admin").status_code == 200, "the session goes on"


@pytest.mark.parametrize("wait", [{"hours": 12}, {"minutes": 120}])
def test_a_session_ends(signed_in: World, wait: dict[str, float]) -> None:
    world = signed_in
    for _ in range(int(wait.get("hours", 0)) - 1):
        world.pass_time(hours=1)
        assert world.client.get("/admin").status_code == 200
    world.pass_time(**({"hours": 1} if "hours" in wait else wait))
    assert world.client.get("/admin").status_code == 303


def test_a_new_password_ends_the_sessions_of_the_old_one(signed_in: World) -> None:
    operator.admission(signed_in.wiring, signed_in.store).set_password("another long password", NOW)
    assert signed_in.client.get("/admin").status_code == 303


def test_guessing_ends_after_some_failures(make_world: Callable[..., World]) -> None:
    world = make_world(web={"admin_failures_per_network_h": 3, "page_cache_s": 0})
    operator.admission(world.wiring, world.store).set_password(PASSWORD, NOW)
    codes = [sign_in(world, "wrong").status_code for _ in range(3)]
    assert codes == [403, 403, 403]
    assert sign_in(world).status_code == 429, "the right one is not tried any more"
    world.pass_time(minutes=61)
    assert sign_in(world).status_code == 303


@pytest.mark.parametrize("deed", DEEDS)
def test_nothing_is_done_without_the_forms_own_token(signed_in: World, deed: str) -> None:
    world = signed_in
    day = TOMORROW.isoformat()
    for data in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "ü"}):
        assert world.client.post(deed, data={"day": day, **data}).status_code == 403
    right = {"day": day, "csrf": csrf(world)}
    foreign = world.client.post(deed, data=right, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    assert world.client.get(deed).status_code == 405
    assert world.store.ledger.holds() == []
    assert world.store.editions.get(TOMORROW) is None
    assert world.client.get("/admin").status_code == 200


def test_a_token_of_another_session_does_nothing(signed_in: World) -> None:
    world = signed_in
    other = csrf(world)
    sign_out = world.client.post("/admin/logout", data={"csrf": other})
    assert sign_out.status_code == 303
    sign_in(world)
    answer = world.client.post("/admin/hold", data={"csrf": other, "day": TOMORROW.isoformat()})
    assert answer.status_code == 403
    assert world.store.ledger.holds() == []


# --- behind it ---------------------------------------------------------------------------------


def test_a_draft_is_built_swapped_and_kept_for_calibration(signed_in: World) -> None:
    world = signed_in
    assert "No edition yet" in world.client.get(f"/admin?day={TOMORROW}").text
    assert do(world, "build").status_code == 303
    a_draft(world)
    page = world.client.get(f"/admin?day={TOMORROW}").text
    assert "News &lt;b&gt;1&lt;/b&gt;" in page
    before = world.store.editions.get(TOMORROW)
    assert before is not None
    dropped = before.stories[1]
    answer = do(world, "swap", slot="2", story="news/1", reason="Readers  asked <i>for</i> it.")
    assert answer.headers["location"] == f"/admin?day={TOMORROW}&done=swapped"
    after = world.store.editions.get(TOMORROW)
    assert after is not None
    assert [pick.story.id for pick in after.stories][1] == "news/1"
    assert after.stories[1].reason == "Readers asked <i>for</i> it"
    assert [pick.story.id for pick in after.runners_up] == [dropped.story.id, "news/2"]
    assert after.status is EditionStatus.DRAFT
    letter = world.client.get(f"/admin/letter?day={TOMORROW}").text
    assert "Readers asked &lt;i&gt;for&lt;/i&gt; it" in letter
    assert "News &lt;b&gt;1&lt;/b&gt;" in letter
    assert "Readers asked <i>for</i> it" in world.client.get(
        f"/admin/letter.txt?day={TOMORROW}"
    ).text.replace("\n", " ")
    (choice,) = world.store.choices.listing()
    assert choice["who"] == OPERATOR
    assert choice["taken"]["features"] == {"relevance": 0.5}
    assert choice["dropped"]["id"] == dropped.story.id
    world.wiring.publisher(world.store).publish(TOMORROW, NOW)
    late = do(world, "swap", slot="2", story="news/2", reason="too late")
    assert late.status_code == 409
    assert "published and stays as it is" in late.text


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"slot": "9", "story": "news/1", "reason": "why not"}, "no such story"),
        ({"slot": "5", "story": "news/1", "reason": "a"}, "3 to 200"),
        ({"slot": "1", "story": "news/9", "reason": "why not"}, "no runner-up"),
        ({"slot": "1", "story": "news/1", "reason": "a" * 201}, "3 to 200"),
        ({"slot": "1", "story": "news/1", "reason": "bell \x07 rings"}, "3 to 200"),
        ({}, "no such story"),
    ],
)
def test_a_swap_that_cannot_be_is_told(signed_in: World, fields: dict[str, str], word: str) -> None:
    a_draft(signed_in)
    before = signed_in.store.editions.get(TOMORROW)
    answer = do(signed_in, "swap", **fields)
    assert answer.status_code == 409
    assert word in answer.text
    assert signed_in.store.editions.get(TOMORROW) == before
    assert signed_in.store.choices.listing() == []


def test_a_held_edition_goes_out_only_when_it_is_let_go(signed_in: World) -> None:
    world = signed_in
    today = NOW.date().isoformat()
    world.wiring.registrar(world.store).add("ada@example.org", NOW)
    assert do(world, "hold", day=today, reason="a <doubt>").status_code == 303
    page = world.client.get("/admin").text
    assert "a &lt;doubt&gt;" in page
    courier = world.wiring.courier(world.store, world.wiring.transport(world.store))
    courier.deliver(NOW.date())
    assert world.smtp.letters == []
    assert do(world, "release", day=today).status_code == 303
    world.wiring.courier(world.store, world.wiring.transport(world.store)).deliver(NOW.date())
    assert [letter.recipients for letter in world.smtp.letters] == [("ada@example.org",)]


def test_the_page_tells_what_there_is(signed_in: World) -> None:
    world = signed_in
    registrar = world.wiring.registrar(world.store)
    for name in ("ada@example.org", "bo@example.com", "cy@example.org"):
        registrar.add(name, NOW)
    world.store.deliveries.enqueue(NOW.date(), NOW, 12, None)
    page = world.client.get("/admin").text
    assert "<b>3</b> active" in page
    assert '<th scope="row">example.org</th><td class="n">2</td>' in page
    assert "3 came and 0 left in 30 days" in page
    assert page.count('<svg class="bars"') == 2
    assert "No mail comes in" in page
    world.store.post.log(
        Heard(NOW, "bounce", "counted", 1, reason="soft: mailbox <full>", status="5.2.2",
              proof="return path"),
        None,
    )  # fmt: skip
    page = world.client.get("/admin").text
    assert "0 hard and 1 soft bounces" in page
    assert "<td>ada@example.org</td><td>bounce soft: mailbox &lt;full&gt; 5.2.2</td>" in page
    world.store.alerts.raised(
        Trouble(Kind.DISK, "host", "the disk is nearly full", "make room"), NOW
    )
    assert "the disk is nearly full; next: make room" in world.client.get("/admin").text
    assert "style=" not in page
    assert "<script" not in page.replace('<script src="', "", 1)


def test_the_letter_is_the_one_that_would_go_out(signed_in: World) -> None:
    answer = signed_in.client.get("/admin/letter.eml")
    assert answer.headers["content-type"] == "message/rfc822"
    assert "attachment" in answer.headers["content-disposition"]
    mail = message_from_bytes(answer.content, policy=policy.default)
    edition = signed_in.store.editions.get(NOW.date())
    assert edition is not None
    assert mail["Subject"] == edition.subject
    assert mail.get_body(("html",)) is not None
    assert signed_in.client.get("/admin/letter").status_code == 200
    assert edition.subject in signed_in.client.get("/admin/letter").text


@pytest.mark.parametrize("day", ["x", "2026-3-1", "20260301", "0001-01-01", "9999-12-31", "'"])
def test_a_day_that_is_none_is_not_found(signed_in: World, day: str) -> None:
    for path in PAGES:
        if path != "/admin/login":
            assert signed_in.client.get(path, params={"day": day}).status_code == 404
    for deed in ("build", "hold", "release", "swap"):
        assert do(signed_in, deed, day=day, slot="1").status_code == 404
    far = date(2030, 1, 1).isoformat()
    assert signed_in.client.get(f"/admin/letter?day={far}").status_code == 404
    assert do(signed_in, "build", day=far).status_code == 404


@pytest.mark.parametrize("form", [b"\xff\xfe=\x00", b"=&=&" * 500, b"secret=" + b"%00" * 9000])
def test_hostile_forms_break_nothing(signed_in: World, form: bytes) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for path in (*DEEDS, "/admin/login"):
        answer = signed_in.client.post(path, content=form, headers=kind)
        assert 400 <= answer.status_code < 500
    for cookie in ("", "\x01", "ü" * 500, "a" * 4000):
        signed_in.client.cookies.clear()
        answer = signed_in.client.get("/admin", headers={"cookie": f"{COOKIE}={cookie}".encode()})
        assert answer.status_code == 303
