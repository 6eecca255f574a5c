"""Whatever is sent: no 5xx, no traceback, no change of state."""

from __future__ import annotations

import json
import os
import re
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.domain.access import Scope
from digest.wiring import operator
from tests.web.conftest import BASE, NOW, World, seal_of

EXAMPLES = int(os.environ.get("DIGEST_HOSTILE_EXAMPLES", "30"))
"""Of each test, each some requests; the gates ask for more than 10 000 in all."""

TEXT = st.text(max_size=60) | st.sampled_from(
    ["'", '"', "<script>", "{{7*7}}", "../..", "%00", "\r\nX: y", "1" * 400, "-1", "9e99", "٣", "²"]
)
FIELDS = ("address", "zone", "hour", "days", "day", "level", "track", "do", "weeks", "images",
          "concepts", "stories", "sure", "seal", "website", "text_only", "q")  # fmt: skip
MANY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@pytest.fixture
def busy(make_world) -> World:
    """A site with a reader, on which no limit stops the storm."""
    lots = 1_000_000
    limits = {
        "requests_per_network_h": 100_000, "requests_per_minute": 100_000,
        "requests_per_domain_h": lots, "page_cache_s": 0, "api_requests_per_minute": 100_000,
    }  # fmt: skip
    return make_world(web=limits)


@MANY
@given(fields=st.dictionaries(st.sampled_from(FIELDS), TEXT, max_size=8), signed=st.booleans())
def test_forms(busy: World, fields: dict[str, str], signed: bool) -> None:
    if not hasattr(busy, "links"):
        busy.links = busy.reader()  # type: ignore[attr-defined]
        busy.before = busy.store.subscribers.find("ada@example.org")  # type: ignore[attr-defined]
    links = busy.links  # type: ignore[attr-defined]
    if signed:
        fields["seal"] = seal_of(busy.client.get("/subscribe").text)
        busy.pass_time(seconds=3)
    for path in ("/subscribe", "/manage", links["p"], "/confirm/x", "/undo/x", "/u/x"):
        if path == links["p"] and fields.get("do") in {"save", "pause", "resume", "forget"}:
            continue
        answer = busy.client.post(path, data=fields)
        assert answer.status_code < 500, (path, fields)
        assert "Traceback" not in answer.text
    assert busy.store.subscribers.find("ada@example.org") == busy.before  # type: ignore[attr-defined]


@MANY
@given(
    path=st.lists(st.text(max_size=20) | st.sampled_from(["..", "editions", "concepts", "u", "p"]),
                  max_size=4).map("/".join),
    query=st.dictionaries(st.sampled_from(("year", "track", "level", "q", "done")), TEXT),
    headers=st.dictionaries(
        st.sampled_from(("X-Forwarded-For", "If-None-Match", "Accept-Encoding", "Host", "Cookie")),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
    ),
)  # fmt: skip
def test_addresses(busy: World, path: str, query: dict[str, str], headers: dict[str, str]) -> None:
    from urllib.parse import quote

    for start in ("/", "/editions/", "/concepts/", "/og/concepts/", "/static/", "/u/", "/feeds/"):
        answer = busy.client.get(
            BASE + start + quote(path, safe="/"), params=query,
            headers={k: v.strip() for k, v in headers.items()},
        )  # fmt: skip
        assert answer.status_code < 500, (start, path)


@MANY
@given(body=st.binary(max_size=300), kind=st.sampled_from([
    "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x",
    "application/json", "text/plain; charset=utf-7", "", "x/y; z=\xff",
]))  # fmt: skip
def test_bodies(busy: World, body: bytes, kind: str) -> None:
    for path in ("/subscribe", "/manage", "/u/x", "/p/x"):
        answer = busy.client.post(
            path, content=body, headers={"content-type": kind.encode("latin1")}
        )
        assert answer.status_code < 500
        assert not re.search("Traceback", answer.text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
PARTS = ("subscribers", "editions", "deliveries", "stats", "openapi.json")
ASKED = ("limit", "after", "before", "status", "state", "address", "domain", "edition", "q")
GIVEN = ("address", "zone", "hour", "days", "level", "tracks", "direct", "weeks", "images", "x")
SHUT = ("build", "swap", "hold", "release", "login", "logout")
SENT = ("day", "slot", "story", "reason", "csrf", "secret", "seal", "again")


@MANY
@given(
    part=st.sampled_from(PARTS),
    rest=st.none() | st.integers() | TEXT,
    query=st.dictionaries(st.sampled_from(ASKED), TEXT | st.integers(), max_size=4),
    body=st.dictionaries(st.sampled_from(GIVEN), JSON, max_size=5) | JSON | st.binary(max_size=40),
)
def test_the_api(busy: World, part: str, rest: object, query: dict, body: object) -> None:
    if not hasattr(busy, "key"):
        admission = operator.admission(busy.wiring, busy.store)
        busy.key = admission.make("hostile", set(Scope), None, NOW)[1]  # type: ignore[attr-defined]
    tail = "" if rest is None else f"/{quote(str(rest).encode('utf-8', 'replace'), safe='')}"
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    key = busy.key  # type: ignore[attr-defined]
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    for method, ending in (("GET", ""), ("POST", ""), ("DELETE", ""), ("POST", "/pause")):
        answer = busy.client.request(
            method, f"/api/v1/{part}{tail}{ending}", params=query, content=raw, headers=headers
        )
        assert answer.status_code < 500, (method, part, rest, query, body)
        assert "Traceback" not in answer.text
        # No route is asked for a path with a line break in it: the site itself has no such page.
        if answer.content and "\n" not in str(rest):
            json.loads(answer.content)


@MANY
@given(
    deed=st.sampled_from(SHUT),
    fields=st.dictionaries(st.sampled_from(SENT), TEXT),
    cookie=TEXT,
)
def test_the_operators_page(busy: World, deed: str, fields: dict[str, str], cookie: str) -> None:
    if not hasattr(busy, "shut"):
        busy.store.keys.set_password("no hash of argon2", NOW)
        busy.shut = True  # type: ignore[attr-defined]
    headers = {"cookie": f"digest_admin={quote(cookie.encode('utf-8', 'replace'))}"}
    answer = busy.client.post(f"/admin/{deed}", data=fields, headers=headers)
    assert answer.status_code < 500
    for path in ("", "/letter", "/login"):
        looked = busy.client.get(f"/admin{path}", params=fields, headers=headers)
        assert looked.status_code in {200, 303, 404}
    assert busy.store.ledger.holds() == []
    assert busy.store.choices.listing() == []
