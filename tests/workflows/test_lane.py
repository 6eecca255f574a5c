"""Letters at the pace of their recipients' domains."""

from datetime import UTC, datetime, timedelta

from digest.domain.pace import Pace
from digest.workflows.lane import FAR, Lane

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)


def test_a_domain_that_has_had_enough_gets_the_rest_one_after_the_other():
    paces = {"slow.example": Pace(rate=2, burst=2), "fast.example": Pace()}
    lane = Lane(paces.__getitem__)
    assert [lane.until(f"a{n}@Slow.example", NOW) for n in range(2)] == [None, None]
    later = [lane.until(f"b{n}@slow.example", NOW) for n in range(4)]
    assert later == [NOW + timedelta(seconds=0.5 * n) for n in range(1, 5)]
    assert all(lane.until("c@fast.example", NOW) is None for _ in range(50))
    assert lane.until("b0@slow.example", NOW + timedelta(seconds=1)) is None


def test_a_domain_that_asks_for_fewer_gets_fewer():
    pace = Pace()
    lane = Lane(lambda _domain: pace)
    lane.until("a@x.example", NOW)
    lane.trouble("a@x.example", "452 4.2.2 mailbox full", NOW)
    assert lane.until("b@x.example", NOW) is None
    lane.trouble("a@x.example", "451 4.7.1 Greylisted, come back in five minutes", NOW)
    assert lane.until("b@x.example", NOW) is None
    lane.trouble("a@x.example", "450 4.2.1 busy, come later", NOW)
    assert lane.until("b@x.example", NOW) is None
    lane.trouble("a@x.example", "450 4.7.1 slow down", NOW)
    later = lane.until("b@x.example", NOW)
    assert later is not None
    assert NOW < later <= NOW + FAR
