"""Paces that outlast a process, in a file that the senders of a machine share."""

import json
import math
from datetime import UTC, datetime, timedelta

import pytest

from digest.errors import OutputError
from digest.mail.paces import PaceFile

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)


def spent(pace, now, most=10_000):
    count = 0
    while count < most and pace.delay(now) == 0:
        pace.spend(now)
        count += 1
    return count


def test_a_restart_gives_no_new_burst(tmp_path):
    path = tmp_path / "state" / "pace.json"
    assert spent(PaceFile(path).of("server:a:25", rate=20), NOW) == 20
    again = PaceFile(path).of("server:a:25", rate=20)
    assert spent(again, NOW) == 0
    assert spent(again, NOW + timedelta(milliseconds=500)) == 10
    assert path.stat().st_mode & 0o777 == 0o600
    assert spent(PaceFile(path).of("server:b:25", rate=20), NOW) == 20


def test_two_senders_share_one_rate(tmp_path):
    path, now, counts = tmp_path / "pace.json", NOW, [0, 0]
    paces = [PaceFile(path).of("server:a:25", rate=40) for _ in range(2)]
    for _ in range(200):
        for number, pace in enumerate(paces):
            if pace.delay(now) == 0:
                pace.spend(now)
                counts[number] += 1
        now += timedelta(milliseconds=20)
    assert sum(counts) == pytest.approx(4 * 40 + 40, abs=21)
    assert min(counts) > 20


def test_trouble_is_remembered(tmp_path):
    path = tmp_path / "pace.json"
    pace = PaceFile(path).of("domain:x.example")
    assert pace.free
    pace.slow(NOW)
    assert not path.read_text().startswith("{}")
    again = PaceFile(path).of("domain:x.example")
    assert not again.free
    assert spent(again, NOW) == 0
    assert spent(again, NOW + timedelta(seconds=2)) == 1
    # Nothing is known of others: the file is not asked.
    assert PaceFile(path).of("domain:y.example").free


def test_a_warm_up_doubles_each_day(tmp_path):
    path = tmp_path / "pace.json"
    for day, most in enumerate([50, 100, 200, 400]):
        now = NOW + timedelta(days=day)
        pace = PaceFile(path).of("server:a:25", warm_up=50)
        assert spent(pace, now) == most
        assert pace.delay(now) == math.inf


def test_a_file_cut_short_stops_nothing_and_a_folder_in_its_place_is_named(tmp_path):
    path = tmp_path / "pace.json"
    path.write_text('{"server:a:25": {"tok')
    assert spent(PaceFile(path).of("server:a:25", rate=5), NOW) == 5
    assert "server:a:25" in json.loads(path.read_text())
    with pytest.raises(OutputError, match="the pace of sending cannot be kept"):
        PaceFile(tmp_path).of("server:a:25", rate=5).delay(NOW)
