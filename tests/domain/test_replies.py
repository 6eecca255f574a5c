from __future__ import annotations

from datetime import timedelta

import pytest

from digest.domain.replies import about_one_reader, enhanced, error_class, greylisted, wait_after

WAITS = [timedelta(minutes=minutes) for minutes in (5, 15, 120)]


@pytest.mark.parametrize(
    ("reply", "code", "what"),
    [
        ("250 2.0.0 ok", "2.0.0", "none"),
        ("", "", "none"),
        ("550 5.1.1 <x@y.example> unknown", "5.1.1", "no such mailbox"),
        ("550-5.1.1 several lines", "5.1.1", "no such mailbox"),
        ("556 5.1.10 null MX", "5.1.10", "no such domain"),
        ("452 4.2.2 over quota", "4.2.2", "mailbox full"),
        ("451 4.7.1 greylisted", "4.7.1", "policy"),
        ("421 4.3.2 shutting down", "4.3.2", "server"),
        ("451 4.4.1 no route", "4.4.1", "network"),
        ("552 5.3.4 too big", "5.3.4", "letter too large"),
        ("554 5.6.0 content", "5.6.0", "content"),
        ("550 no", "", "mailbox"),
        ("554 no", "", "policy"),
        ("421 busy", "", "server"),
        ("599 new", "", "other"),
        ("the connection died", "", "connection"),
        ("550 192.168.1.1 is listed", "", "mailbox"),
    ],
)
def test_what_a_reply_says(reply: str, code: str, what: str) -> None:
    assert enhanced(reply) == code
    assert error_class(reply) == what


def test_waits_follow_the_list_and_a_full_mailbox_is_given_an_hour() -> None:
    assert [wait_after("451 4.7.1 grey", used, WAITS) for used in range(4)] == [*WAITS, None]
    full = [wait_after("452 4.2.2 full", used, WAITS) for used in range(4)]
    assert full == [timedelta(hours=1), timedelta(hours=1), timedelta(hours=2), None]


@pytest.mark.parametrize(
    ("reply", "is_one"),
    [
        ("451 4.7.1 Please try again later", True),
        ("450 4.2.0 <a@example.org>: Recipient address rejected: Greylisted", True),
        ("451 Graylisting in action, come back in 5 minutes", True),
        ("421 4.7.1 Too many messages, greylisted", False),
        ("450 4.7.1 slow down", False),
        ("451 4.7.1 Rate limit reached, try again later", False),
        ("450 4.2.1 The user is receiving mail too quickly", False),
        ("451 4.7.0 Temporary server error", False),
        ("550 5.7.1 greylist", False),
    ],
)
def test_greylisting_is_told_from_a_wish_for_fewer_letters(reply: str, is_one: bool) -> None:
    assert greylisted(reply) is is_one


@pytest.mark.parametrize(
    ("reply", "is_so"),
    [
        ("450 4.2.1 The user is receiving mail too quickly", True),
        ("451 4.1.1 not verified yet", True),
        ("450 4.1.8 sender's domain not found", False),
        ("450 4.7.1 slow down", False),
        ("450 busy", False),
        ("421 4.2.1 closing", False),
    ],
)
def test_what_is_about_one_mailbox_is_told_from_what_is_about_a_domain(
    reply: str, is_so: bool
) -> None:
    assert about_one_reader(reply) is is_so
