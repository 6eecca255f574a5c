"""Subscribing, confirming, changing, pausing, leaving and coming back, over the site."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from digest.cli import serve
from digest.domain.subscriber import WEEKDAYS, Status
from digest.storage import SqlStore
from tests.web.conftest import BASE, World


def status(world: World, address: str = "ada@example.org") -> Status | None:
    found = world.store.subscribers.find(address)
    return found and found.status


def actions(world: World) -> list[str]:
    return [str(consent.action) for consent in world.store.notices.consents()]


def test_a_reader_subscribes_confirms_and_is_kept_as_they_chose(world: World) -> None:
    answer = world.subscribe(days="weekdays", level="2")
    assert answer.status_code == 200
    assert status(world) is Status.PENDING
    (mail,) = world.mails()
    assert mail["To"] == "ada@example.org"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = world.link(mail, "confirm")
    assert world.client.get(path).status_code == 200
    assert status(world) is Status.PENDING, "looking confirms nothing"
    assert world.client.post(path).status_code == 200
    found = world.store.subscribers.find("ada@example.org")
    assert found is not None
    assert found.status is Status.ACTIVE
    assert found.confirmed_at == world.moment[0]
    wants = found.preferences
    assert (wants.zone, wants.hour, wants.days, wants.level) == ("Europe/Berlin", 6, WEEKDAYS, 2)
    assert actions(world) == ["asked", "confirmed"]
    assert world.client.post(path).status_code == 200, "a second press is harmless"
    assert actions(world) == ["asked", "confirmed"]


def test_a_confirmation_holds_nothing_that_was_typed(world: World) -> None:
    world.subscribe("Visit-evil.example.now@example.org")
    (mail,) = world.mails()
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            assert "evil" not in part.get_content()
    assert "evil" not in mail["Subject"]


def test_a_confirmation_can_be_declined_with_one_click(world: World) -> None:
    world.subscribe()
    (mail,) = world.mails()
    link = re.search(r"<(https://[^>]+)>", mail["List-Unsubscribe"])
    assert link
    leave = link[1].removeprefix(BASE)
    answer = world.client.post(leave, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert world.client.post(world.link(mail, "confirm")).status_code == 410
    assert status(world) is Status.UNSUBSCRIBED
    assert len(world.mails()) == 1, "no mail says goodbye to one who never came"


def test_every_address_gets_the_same_answer(world: World) -> None:
    world.reader()
    pages = {world.subscribe(a).text for a in ("ada@example.org", "new@example.org")}
    assert len(pages) == 1
    world.mails()
    page = world.client.get("/manage").text
    world.pass_time(seconds=5)
    seal = re.search(r'name="seal" value="([^"]+)"', page)
    assert seal
    answers = {
        world.client.post("/manage", data={"address": a, "seal": seal[1]}).text
        for a in ("ada@example.org", "nobody@example.org")
    }
    assert len(answers) == 1
    assert [mail["Subject"].split(":")[0] for mail in world.mails()[1:]] == [
        "You are subscribed", "Please confirm", "Your preferences",
    ]  # fmt: skip


def test_the_unanswered_are_reminded_once_and_then_forgotten(world: World) -> None:
    world.subscribe()
    world.mails()
    messenger = world.wiring.messenger(world.store)
    assert messenger.tend(world.moment[0]) == (0, 0)
    world.pass_time(days=2, hours=1)
    assert messenger.tend(world.moment[0]) == (1, 0)
    assert messenger.tend(world.moment[0]) == (0, 0)
    reminder = world.mails()[-1]
    assert "Still waiting" in reminder["Subject"]
    # The reminder's link ends with the request it asks about.
    world.pass_time(days=5)
    assert world.client.post(world.link(reminder, "confirm")).status_code == 410
    assert messenger.tend(world.moment[0]) == (0, 1)
    assert status(world) is None
    assert world.store.subscribers.find("ada@example.org") is None


def test_the_scheduler_reminds_and_sends(world: World) -> None:
    world.subscribe()
    world.pass_time(days=3)
    serve._notify(world.wiring)
    kinds = [letter.data.split(b"Subject: ")[1].split(b":")[0] for letter in world.smtp.letters]
    assert kinds == [b"Please confirm", b"Still waiting for you"]


def test_one_click_leaves_without_cookie_or_redirect_and_again(world: World) -> None:
    links = world.reader()
    for _ in range(2):
        answer = world.client.post(
            links["u"],
            content=b"List-Unsubscribe=One-Click",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert status(world) is Status.UNSUBSCRIBED
    consents = list(world.store.notices.consents())
    assert [(str(c.action), str(c.via)) for c in consents][-1] == ("left", "one-click")
    assert len(consents) == 3
    assert len([m for m in world.mails() if "You have left" in m["Subject"]]) == 1


def test_one_click_as_multipart_is_taken_too(world: World) -> None:
    links = world.reader()
    answer = world.client.post(links["u"], files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert status(world) is Status.UNSUBSCRIBED


def test_leaving_stops_what_is_queued_and_can_be_undone_for_a_week(world: World) -> None:
    links = world.reader()
    world.moment[0] = world.moment[0].replace(hour=10)
    today = world.moment[0].date()
    assert world.store.deliveries.enqueue(today, world.moment[0], 12, None) == 1
    page = world.client.post(links["u"]).text
    assert world.store.deliveries.claim(today, "me", world.moment[0], 10) == []
    assert world.store.deliveries.counts(today) == {"suppressed": 1}
    shown = re.search(r'action="(/undo/[^"]+)"', page)
    assert shown
    mailed = world.link(world.mails()[-1], "undo")
    assert world.client.get(mailed).status_code == 200
    assert status(world) is Status.UNSUBSCRIBED
    assert world.client.post(shown[1]).status_code == 200
    assert status(world) is Status.ACTIVE
    assert world.client.post(mailed).status_code == 200, "the other way back is harmless"
    world.pass_time(minutes=5)
    world.client.post(links["u"])
    assert world.client.post(shown[1]).status_code == 410, "it undid another leaving"
    world.pass_time(days=7)
    assert world.client.post(world.link(world.mails()[-1], "undo")).status_code == 410
    assert status(world) is Status.UNSUBSCRIBED
    assert actions(world) == ["asked", "confirmed", "left", "returned", "left"]


def test_preferences_are_changed_and_bad_ones_refused(world: World) -> None:
    path = world.reader()["p"]
    good = {
        "do": "save", "day": ["Mon", "Wed"], "hour": "21", "zone": "Asia/Tokyo", "concepts": "2",
        "stories": "3", "level": "1", "track": ["optimisation"], "images": "hosted",
    }  # fmt: skip
    answer = world.client.post(path, data=good)
    assert answer.status_code == 303
    assert "Saved" in world.client.get(answer.headers["location"]).text
    found = world.store.subscribers.find("ada@example.org")
    assert found is not None
    wants = found.preferences
    assert (wants.zone, wants.hour, wants.days) == ("Asia/Tokyo", 21, frozenset({0, 2}))
    assert (wants.concepts, wants.stories, wants.level) == (2, 3, 1)
    assert (wants.tracks, wants.images) == (frozenset({"optimisation"}), "hosted")
    for bad in ({"hour": "24"}, {"zone": "Nowhere/At_All"}, {"day": []}, {"concepts": "9"}):
        assert world.client.post(path, data={**good, **bad}).status_code == 400, bad
    again = world.store.subscribers.find("ada@example.org")
    assert again == found


def test_a_pause_holds_for_its_weeks_and_can_be_ended(world: World) -> None:
    path = world.reader()["p"]
    assert world.client.post(path, data={"do": "pause", "weeks": "2"}).status_code == 303
    found = world.store.subscribers.find("ada@example.org")
    assert found is not None
    assert (found.status, found.paused_until) == (
        Status.PAUSED,
        world.moment[0] + timedelta(weeks=2),
    )
    assert "Paused until" in world.client.get(path).text
    assert world.client.post(path, data={"do": "resume"}).status_code == 303
    assert status(world) is Status.ACTIVE
    assert world.client.post(path, data={"do": "pause", "weeks": "99"}).status_code == 400


def test_ones_data_is_handed_out_and_forgotten_for_good(world: World) -> None:
    path = world.reader()["p"]
    data = world.client.get(f"{path}/data.json")
    assert "attachment" in data.headers["content-disposition"]
    kept = json.loads(data.text)
    assert kept["reader"]["address"] == "ada@example.org"
    assert [c["action"] for c in kept["consents"]] == ["asked", "confirmed"]
    assert set(kept) == {"reader", "consents", "letters", "heard"}
    assert world.client.post(path, data={"do": "forget"}).status_code == 400
    assert world.client.post(path, data={"do": "forget", "sure": "yes"}).status_code == 200
    assert status(world) is None
    assert world.client.get(path).status_code == 410
    assert actions(world)[-1] == "erased"
    with world.store.read() as connection:
        raw = connection.exec_driver_sql(
            "SELECT group_concat(address || ip) FROM consents"
        ).scalar()
    assert "ada" not in str(raw)
    # The reader, and nobody else, can come back.
    world.pass_time(days=2)
    assert world.subscribe().status_code == 200
    confirm = world.mails()[-1]
    assert world.client.post(world.link(confirm, "confirm")).status_code == 200
    assert status(world) is Status.ACTIVE


def test_who_reported_us_as_spam_is_not_asked_again(world: World) -> None:
    key = "ada@example.org"
    world.store.subscribers.suppress(key, "complaint", world.moment[0])
    assert world.subscribe(key).status_code == 200
    assert world.mails() == []
    assert status(world) is None


def test_a_returning_reader_stays_gone_until_they_confirm(world: World) -> None:
    links = world.reader()
    world.client.post(links["u"])
    world.pass_time(days=30)
    world.subscribe()
    assert status(world) is Status.UNSUBSCRIBED
    assert world.client.post(world.link(world.mails()[-1], "confirm")).status_code == 200
    assert status(world) is Status.ACTIVE


def test_the_consent_log_cannot_be_changed(world: World) -> None:
    world.subscribe()
    store: SqlStore = world.store
    for statement in ("UPDATE consents SET action = 'confirmed'", "DELETE FROM consents"):
        with pytest.raises(Exception, match="append-only"), store.access.write() as connection:
            connection.exec_driver_sql(statement)


def test_a_server_that_is_busy_gets_the_notice_later(world: World) -> None:
    world.subscribe()
    world.smtp.answer("RCPT", "451 4.7.1 later", times=1)
    assert world.mails() == []
    assert world.mails() == [], "not before its time"
    world.pass_time(minutes=3)
    assert len(world.mails()) == 1
