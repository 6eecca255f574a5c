"""/livez, /readyz and /metrics, the last one read by Prometheus's own parser."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from digest.domain.alert import Kind, Trouble
from digest.ports import FeedResult, FeedState
from digest.web.app import create_app
from tests.web.conftest import BASE, NOW, World

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


def metrics(client: TestClient) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation, family.name
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            assert labels not in found.setdefault(sample.name, {}), (sample.name, labels)
            found[sample.name][labels] = sample.value
    return found


def local(world: World) -> TestClient:
    app = create_app(world.wiring, world.store, background=False)
    return TestClient(app, base_url=BASE, client=("127.0.0.9", 50000))


def test_it_lives_without_a_database_and_is_ready_only_with_one(world: World) -> None:
    assert world.client.get("/livez").text == "alive\n"
    ready = world.client.get("/readyz")
    assert ready.status_code == 200
    assert ready.text.splitlines() == [
        "database: answers", "migrations: up to date",
        "edition: 2026-03-14, published 0 hours ago",
    ]  # fmt: skip
    assert ready.headers["cache-control"] == "no-store"
    with world.store.access.write() as connection:
        connection.execute(text("UPDATE digest_revision SET version_num = '0001'"))
    ready = world.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.text == "database: its schema is not this program's: run digest migrate\n"
    with world.store.access.write() as connection:
        connection.execute(text("DROP TABLE digest_revision"))
    assert world.client.get("/readyz").status_code == 503
    assert world.client.get("/livez").status_code == 200


def test_an_old_edition_is_told_in_words(make_world: Callable[..., World]) -> None:
    world = make_world(web={"stale_after_h": 30})
    world.pass_time(hours=30)
    assert world.client.get("/readyz").status_code == 200
    world.pass_time(minutes=1)
    ready = world.client.get("/readyz")
    assert ready.status_code == 503
    assert "2026-03-14 is the last, published 30 hours ago; more than 30 hours" in ready.text
    assert make_world(web={"stale_after_h": 0}).client.get("/readyz").status_code == 200


def test_metrics_are_off_and_then_for_their_networks_only(make_world: Callable[..., World]) -> None:
    off = make_world()
    assert off.client.get("/metrics").status_code == 404
    assert local(off).get("/metrics").status_code == 404
    on = make_world(web={"metrics_from": ["127.0.0.0/8"], "page_cache_s": 0})
    assert local(on).get("/metrics").status_code == 200
    stranger = TestClient(
        create_app(on.wiring, on.store, background=False), base_url=BASE, client=("192.0.2.1", 5)
    )
    assert stranger.get("/metrics").status_code == 404
    # Nobody says for themselves where they come from.
    assert stranger.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 404


def test_metrics_count_what_there_is(make_world: Callable[..., World]) -> None:
    world = make_world(web={"metrics_from": ["127.0.0.0/8"], "page_cache_s": 0})
    registrar = world.wiring.registrar(world.store)
    for name in ("ada", "bo", "cy"):
        registrar.add(f"{name}@example.org", NOW)
    registrar.remove("cy@example.org")
    world.store.deliveries.enqueue(NOW.date(), NOW, 12, None)
    for name, failures, parked in (
        ("a", 0, False),
        ("b", 2, False),
        ("c", 3, False),
        ("d", 9, True),
    ):
        state = FeedState(name, failures=failures, parked=parked)
        world.store.entries.record(FeedResult(state), NOW)
    world.pass_time(minutes=3)
    client = local(world)
    client.get("/")
    client.get("/no-such-page")
    client.request("BREW", "/")
    found = metrics(client)
    assert found["digest_subscribers"][(("status", "active"),)] == 2
    assert found["digest_subscribers"][(("status", "unsubscribed"),)] == 1
    assert found["digest_deliveries"][(("state", "pending"),)] == 2
    assert found["digest_deliveries"][(("state", "sent"),)] == 0
    assert found["digest_last_edition_timestamp_seconds"][()] == NOW.timestamp()
    assert found["digest_last_edition_age_seconds"][()] == 180
    assert {dict(labels)["state"]: n for labels, n in found["digest_feeds"].items()} == {
        "ok": 1, "faulty": 1, "failing": 1, "parked": 1,
    }  # fmt: skip
    requests = found["digest_web_requests_total"]
    assert requests[(("method", "GET"), ("part", "pages"), ("status", "200"))] == 1
    assert requests[(("method", "GET"), ("part", "pages"), ("status", "404"))] == 1
    assert requests[(("method", "other"), ("part", "pages"), ("status", "405"))] == 1
    buckets = found["digest_web_request_seconds_bucket"]
    of_pages = [n for labels, n in buckets.items() if ("part", "pages") in labels]
    assert of_pages == sorted(of_pages), "buckets are cumulative"
    assert of_pages[-1] == found["digest_web_request_seconds_count"][(("part", "pages"),)] == 3


def test_metrics_tell_how_sending_fares(make_world: Callable[..., World]) -> None:
    world = make_world(web={"metrics_from": ["127.0.0.0/8"], "page_cache_s": 0})
    registrar, store = world.wiring.registrar(world.store), world.store
    for name in ("ada", "bo", "cy", "di"):
        registrar.add(f"{name}@example.org", NOW)
    store.deliveries.enqueue(NOW.date(), NOW, 12, None)
    due = NOW - timedelta(minutes=30)
    with store.access.write() as connection:
        moment = due.strftime("%Y-%m-%d %H:%M:%S.000000")
        connection.execute(text("UPDATE deliveries SET next_at = :at"), {"at": moment})
    found = metrics(local(world))
    assert found["digest_queue_rows"][(("state", "pending"),)] == 4
    assert found["digest_queue_oldest_due_seconds"][()] == 1800
    assert "digest_sender_letters_total" not in found
    world.smtp.answer("RCPT", "550 5.1.1 no such user", to="bo@example.org")
    world.smtp.answer("RCPT", "452 4.2.2 full", to="cy@example.org")
    world.wiring.courier(store, world.wiring.transport(world.store)).deliver(NOW.date())
    store.ledger.hold(NOW.date().isoformat(), "why", NOW, "complaints")
    store.alerts.raised(Trouble(Kind.DISK, "host", "the disk is nearly full"), NOW)
    found = metrics(local(world))
    assert found["digest_queue_rows"][(("state", "deferred"),)] == 1
    assert found["digest_queue_oldest_due_seconds"][()] == 0
    assert found["digest_delivery_errors"] == {
        (("class", "mailbox full"),): 1, (("class", "no such mailbox"),): 1,
    }  # fmt: skip
    assert found["digest_holds"][(("cause", "complaints"),)] == 1
    assert found["digest_alerts"][(("kind", "disk"),)] == 1
    me = ("sender", world.wiring.pulse.owner)
    letters = found["digest_sender_letters_total"]
    assert [letters[("outcome", o), me] for o in ("sent", "refused", "deferred")] == [2, 1, 1]
    assert found["digest_sender_commits_total"][(me,)] >= 2
    assert found["digest_sender_letters_out"][(me,)] == 0
    world.pass_time(minutes=20)
    assert "digest_sender_letters_total" not in metrics(local(world))


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_looking_takes_no_other_method(world: World, path: str) -> None:
    assert world.client.post(path).status_code == 405


def test_a_store_without_editions_is_ready(make_world: Callable[..., World]) -> None:
    world = make_world(web={"metrics_from": ["127.0.0.0/8"]})
    with world.store.access.write() as connection:
        for table in ("edition_picks", "edition_blocks", "editions"):
            connection.execute(text("DROP TRIGGER IF EXISTS published_edition"))
            for verb in ("insert", "update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_{verb}"))
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - names from above
    assert "none was published yet" in world.client.get("/readyz").text
    assert "digest_last_edition_age_seconds" not in metrics(local(world))
    assert world.moment[0] - NOW == timedelta(0)
