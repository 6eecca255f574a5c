"""/api/v1: tokens, scopes, limits, pages, problems, and a document that says what is done."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from digest.domain.access import Scope
from digest.domain.notice import Via
from digest.domain.subscriber import Status
from digest.web.api import PREFIX, document
from digest.web.api_operations import OPERATIONS
from digest.wiring import operator
from tests.web.conftest import BASE, NOW, World

ALL = frozenset(Scope)
PROBLEM = "application/problem+json"


def token(world: World, *scopes: Scope, name: str = "t", days: int | None = None) -> str:
    admission = operator.admission(world.wiring, world.store)
    now = world.moment[0]
    until = None if days is None else now + timedelta(days=days)
    return admission.make(name, scopes or ALL, until, now)[1]


def ask(world: World, text: str, method: str, path: str, **how):
    headers = {"authorization": f"Bearer {text}"} if text else {}
    return world.client.request(method, PREFIX + path, headers=headers, **how)


@pytest.fixture
def key(world: World) -> str:
    return token(world)


def test_only_a_token_that_holds_lets_in(world: World) -> None:
    good = token(world, Scope.STATS_READ, days=2)
    assert ask(world, good, "GET", "/stats").status_code == 200
    wrong = good[:-1] + ("A" if good[-1] != "A" else "B")
    unknown = f"dgt_{'0' * 12}_{'x' * 43}"
    for text in ("", "dgt_", wrong, unknown, good + "x", "ü" * 60):
        answer = world.client.get(
            PREFIX + "/stats", headers={"authorization": b"Bearer " + text.encode()}
        )
        assert answer.status_code == 401
        assert answer.headers["content-type"] == PROBLEM
        assert answer.headers["www-authenticate"].startswith("Bearer")
    basic = world.client.get(PREFIX + "/stats", headers={"authorization": f"Basic {good}"})
    assert basic.status_code == 401
    world.pass_time(days=2)
    assert ask(world, good, "GET", "/stats").status_code == 401, "it has ended"


def test_a_secret_is_kept_hashed_and_revoking_ends_it(world: World, key: str) -> None:
    assert ask(world, key, "GET", "/stats").status_code == 200
    (kept,) = world.store.keys.tokens()
    assert key.rpartition("_")[2] not in repr(kept)
    assert kept.last_used_at == NOW
    world.pass_time(seconds=30)
    ask(world, key, "GET", "/stats")
    assert world.store.keys.tokens()[0].last_used_at == NOW, "a write a minute at most"
    world.pass_time(seconds=31)
    ask(world, key, "GET", "/stats")
    assert world.store.keys.tokens()[0].last_used_at == world.moment[0]
    assert world.store.keys.revoke("t", NOW)
    assert ask(world, key, "GET", "/stats").status_code == 401
    assert not world.store.keys.revoke("t", NOW)
    token(world, Scope.STATS_READ)  # the name is free again


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.id)
def test_each_operation_asks_for_its_scope(world: World, operation) -> None:
    path = operation.path.replace("{id}", "1").replace("{date}", "2026-03-14")
    body = {"json": {"address": "ada@example.org", "weeks": 1}} if operation.body else {}
    others = ALL - {operation.scope, *operation.also.values()}
    refused = ask(world, token(world, *others), operation.method, path, **body)
    assert refused.status_code == 403
    assert str(operation.scope) in refused.json()["detail"]
    let_in = ask(world, token(world, operation.scope, name="u"), operation.method, path, **body)
    assert let_in.status_code not in {401, 403}


def test_adding_asks_the_address_and_tells_nothing(world: World) -> None:
    key = token(world, Scope.SUBSCRIBERS_WRITE)
    wants = {"zone": "Asia/Tokyo", "hour": 5, "days": "mon fri", "tracks": ["optimisation"]}
    new = ask(world, key, "POST", "/subscribers", json={"address": "Ada@example.org", **wants})
    assert new.status_code == 202
    found = world.store.subscribers.find("ada@example.org")
    assert found is not None
    assert found.status is Status.PENDING
    assert found.preferences.days == {0, 4}
    (mail,) = world.mails()
    assert mail["Subject"].startswith("Please confirm")
    world.client.post(world.link(mail, "confirm"))
    again = ask(world, key, "POST", "/subscribers", json={"address": "ada@example.org"})
    assert (again.status_code, again.text) == (202, new.text)
    assert {c.via for c in world.store.notices.consents()} == {Via.API, Via.SITE}
    direct = ask(
        world, key, "POST", "/subscribers", json={"address": "bo@example.org", "direct": True}
    )
    assert direct.status_code == 403
    assert world.store.subscribers.find("bo@example.org") is None


def test_adding_keeps_to_the_limits_of_the_site(make_world: Callable[..., World]) -> None:
    world = make_world(web={"requests_per_network_h": 2, "page_cache_s": 0})
    key = token(world, Scope.SUBSCRIBERS_WRITE)
    answers = [
        ask(world, key, "POST", "/subscribers", json={"address": f"r{n}@example.org"})
        for n in range(3)
    ]
    assert [a.status_code for a in answers] == [202, 202, 429]
    assert int(answers[2].headers["retry-after"]) > 0


def test_direct_adding_subscribes_at_once_and_is_logged(world: World) -> None:
    key = token(world, Scope.SUBSCRIBERS_DIRECT)
    body = {"address": "Ada@example.org", "direct": True, "level": 2}
    new = ask(world, key, "POST", "/subscribers", json=body)
    assert new.status_code == 201
    assert new.json()["status"] == "active"
    assert ask(world, key, "POST", "/subscribers", json=body).status_code == 200
    (consent,) = world.store.notices.consents()
    assert (consent.action, consent.via, consent.form) == ("confirmed", Via.API, "elsewhere")
    assert world.mails() == []
    world.wiring.registrar(world.store).erase("ada@example.org", NOW)
    assert ask(world, key, "POST", "/subscribers", json=body).status_code == 409
    assert ask(world, key, "POST", "/subscribers", json={"address": "x@x.org"}).status_code == 403


def test_subscribers_are_paged_shown_paused_and_removed(world: World, key: str) -> None:
    registrar = world.wiring.registrar(world.store)
    for number in range(5):
        registrar.add(f"r{number}@example.org", NOW)
    seen, after = [], 0
    while True:
        page = ask(world, key, "GET", f"/subscribers?limit=2&after={after}").json()
        seen += [item["address"] for item in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == [f"r{number}@example.org" for number in range(5)]
    (one,) = ask(world, key, "GET", "/subscribers?address=R3@Example.org").json()["items"]
    assert ask(world, key, "GET", "/subscribers?status=paused").json()["items"] == []
    paused = ask(world, key, "POST", f"/subscribers/{one['id']}/pause", json={"weeks": 2})
    assert paused.json()["status"] == "paused"
    assert ask(world, key, "GET", "/subscribers?status=paused").json()["items"][0]["id"] == 4
    world.store.deliveries.enqueue(NOW.date(), NOW, 12, None)
    shown = ask(world, key, "GET", "/subscribers/1").json()
    assert shown["letters"][0]["state"] == "pending"
    left = ask(world, key, "POST", "/subscribers/1/remove")
    assert (left.status_code, left.json()["status"]) == (200, "unsubscribed")
    assert world.mails()[-1]["To"] == "r0@example.org", "they are told, with the way back"
    again = ask(world, key, "POST", "/subscribers/1/pause", json={"weeks": 2})
    assert again.status_code == 409
    assert ask(world, key, "DELETE", "/subscribers/2").status_code == 204
    assert ask(world, key, "GET", "/subscribers/2").status_code == 404
    assert ask(world, key, "DELETE", "/subscribers/2").status_code == 404


def test_editions_deliveries_and_counts(world: World, key: str) -> None:
    page = ask(world, key, "GET", "/editions?limit=2").json()
    assert [e["date"] for e in page["items"]] == ["2026-03-14", "2026-03-13"]
    rest = ask(world, key, "GET", f"/editions?before={page['next']}").json()
    assert ([e["number"] for e in rest["items"]], rest["next"]) == ([1], None)
    whole = ask(world, key, "GET", "/editions/2026-03-14").json()
    assert whole["stories"][0]["title"]
    assert len(whole["concepts"]) == 2
    for path in ("2026-03-15", "2026-3-14", "20260314", "today", "2026-02-30"):
        assert ask(world, key, "GET", f"/editions/{path}").status_code == 404, path
    registrar = world.wiring.registrar(world.store)
    for name in ("ada@example.org", "bo@example.com", "cy@example.org"):
        registrar.add(name, NOW)
    world.store.deliveries.enqueue(NOW.date(), NOW, 12, None)
    found = ask(world, key, "GET", "/deliveries?domain=example.org&state=pending&limit=1").json()
    assert found["items"][0]["address"] == "cy@example.org"
    rest = ask(world, key, "GET", f"/deliveries?domain=example.org&before={found['next']}").json()
    assert [row["address"] for row in rest["items"]] == ["ada@example.org"]
    assert ask(world, key, "GET", "/deliveries?edition=2026-03-13").json()["items"] == []
    stats = ask(world, key, "GET", "/stats").json()
    assert stats["subscribers"]["active"] == 3
    assert stats["last_edition"]["deliveries"] == {"pending": 3}
    assert stats["last_edition"]["domains"]["example.org"] == {"pending": 2}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "word"),
    [
        ("GET", "/subscribers?limit=0", None, 422, "query.limit"),
        ("GET", "/subscribers?limit=501", None, 422, "query.limit"),
        ("GET", "/subscribers?after=-1", None, 422, "query.after"),
        ("GET", "/subscribers?after=99999999999", None, 422, "query.after"),
        ("GET", "/subscribers?status=asleep", None, 422, "query.status"),
        ("GET", "/subscribers?colour=red", None, 422, "query.colour"),
        ("GET", "/subscribers?limit=1&limit=2", None, 422, "twice"),
        ("GET", "/subscribers?address=%00", None, 422, "query.address"),
        ("GET", "/deliveries?edition=2026-13-01", None, 422, "query.edition"),
        ("GET", "/deliveries?before=9223372036854775808", None, 422, "query.before"),
        ("GET", "/deliveries?domain=%00%ff", None, 422, "query.domain"),
        ("GET", "/subscribers/99999999999999999999", None, 404, "no such"),
        ("GET", "/subscribers/one", None, 404, "no such"),
        ("GET", "/subscribers/1%0A%2B", None, 404, "no such"),
        ("POST", "/subscribers", b"{", 400, "no JSON"),
        ("POST", "/subscribers", b"[" * 60_000, 400, "no JSON"),
        ("POST", "/subscribers", b"[]", 422, "body"),
        ("POST", "/subscribers", b'{"address": 5}', 422, "body.address"),
        ("POST", "/subscribers", b'{"address": "no address"}', 422, "not an address"),
        (
            "POST",
            "/subscribers",
            b'{"address": "a@example.org\\r\\nBcc: b@example.org"}',
            422,
            "li",
        ),
        ("POST", "/subscribers", b'{"address": "a@example.org", "hour": "7"}', 422, "body.hour"),
        ("POST", "/subscribers", b'{"address": "a@example.org", "hour": 24}', 422, "body.hour"),
        ("POST", "/subscribers", b'{"address": "a@example.org", "zone": "Mars"}', 422, "zone"),
        ("POST", "/subscribers", b'{"address": "a@example.org", "days": "never"}', 422, "days"),
        ("POST", "/subscribers", b'{"address": "a@example.org", "admin": true}', 422, "admin"),
        ("POST", "/subscribers", b"\xff\xfe", 400, "no JSON"),
        ("POST", "/subscribers/1/pause", b'{"weeks": 5}', 422, "body.weeks"),
        ("POST", "/subscribers/1/pause", b'{"weeks": true}', 422, "body.weeks"),
        ("PUT", "/subscribers", b"{}", 405, "Method Not Allowed"),
        ("GET", "/nothing", None, 404, "Not Found"),
    ],
)
def test_what_is_not_right_is_a_problem_with_words(
    world: World, key: str, method: str, path: str, body: bytes | None, status: int, word: str
) -> None:
    how = {} if body is None else {"content": body}
    answer = world.client.request(
        method,
        PREFIX + path,
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
        **how,
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    said = answer.json()
    assert (said["status"], said["type"]) == (status, "about:blank")
    assert said["title"]
    assert word in answer.text
    assert world.store.subscribers.find("a@example.org") is None


def test_too_much_and_the_wrong_kind_are_refused(world: World, key: str) -> None:
    big = b'{"address": "' + b"a" * 70_000 + b'"}'
    answer = ask(world, key, "POST", "/subscribers", content=big)
    assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM)
    form = ask(world, key, "POST", "/subscribers", data={"address": "a@example.org"})
    assert form.status_code == 415


def test_a_token_has_so_many_requests_a_minute(make_world: Callable[..., World]) -> None:
    world = make_world(web={"api_requests_per_minute": 2})
    key, other = token(world), token(world, name="other")
    assert [ask(world, key, "GET", "/stats").status_code for _ in range(3)] == [200, 200, 429]
    assert ask(world, other, "GET", "/stats").status_code == 200
    codes = {ask(world, "", "GET", "/stats").status_code for _ in range(70)}
    assert codes == {401, 429}, "strangers are counted, too"


def test_the_document_is_the_one_that_requests_are_checked_by(world: World) -> None:
    served = world.client.get(PREFIX + "/openapi.json")
    assert served.headers["content-type"] == "application/json"
    said = served.json()
    assert said == json.loads(json.dumps(document("digest", BASE)))
    assert said["openapi"] == "3.1.0"
    assert said["servers"] == [{"url": f"{BASE}/api/v1"}]
    declared = {(o.path, o.method.lower()) for o in OPERATIONS}
    assert declared == {(path, verb) for path, verbs in said["paths"].items() for verb in verbs}
    properties = said["components"]["schemas"]["NewSubscriber"]["properties"]
    assert properties["hour"]["anyOf"][0] == {"type": "integer", "minimum": 0, "maximum": 23}
    text = json.dumps(said)
    for reference in {r.split('"')[0] for r in text.split('"$ref": "#/components/schemas/')[1:]}:
        assert reference in said["components"]["schemas"]
