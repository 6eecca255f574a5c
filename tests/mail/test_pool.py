"""Several connections and several servers: pipelining, shares, fail-over, pace."""

from __future__ import annotations

import base64
import random
import re
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from digest.domain.delivery import Accepted, Deferred, Envelope, Outcome, Rejected, Unknown
from digest.domain.pace import Pace
from digest.errors import TransportError
from digest.mail.smtp import SmtpTransport
from digest.settings import SmtpSettings
from digest.wiring import utc_now
from tests.mail.conftest import an_envelope
from tests.smtpserver import SmtpServer


class Pile:
    """A desk with many letters."""

    def __init__(self, count: int) -> None:
        self.left = [letter(number) for number in range(count)]
        self.out: dict[str, Envelope] = {}
        self.ended_as: dict[str, Outcome] = {}
        self.most_out = 0

    def take(self, most: int) -> Sequence[Envelope]:
        taken, self.left = self.left[:most], self.left[most:]
        self.out |= {one.recipient: one for one in taken}
        self.most_out = max(self.most_out, len(self.out))
        return taken

    def ended(self, envelope: Envelope, outcome: Outcome) -> None:
        del self.out[envelope.recipient]
        assert envelope.recipient not in self.ended_as
        self.ended_as[envelope.recipient] = outcome

    def wait(self, *, idle: bool) -> float | None:
        return None

    @property
    def counts(self) -> Counter[str]:
        return Counter(type(outcome).__name__ for outcome in self.ended_as.values())


def letter(number: int) -> Envelope:
    made = an_envelope(recipient=f"r{number}@example.org")
    return Envelope(made.sender, made.recipient, made.parts, f"{number}@example.org")


def sent(*servers: SmtpSettings, count: int, paces: Sequence[Pace] = ()) -> Pile:
    transport = SmtpTransport(servers, utc_now, paces)
    pile = Pile(count)
    try:
        transport.run(pile)
    finally:
        transport.close()
    return pile


def arrived(*servers: SmtpServer) -> list[str]:
    return sorted(one.recipients[0] for server in servers for one in server.letters)


def test_all_connections_work_and_each_letter_arrives_once(server: SmtpServer) -> None:
    pile = sent(server.settings(connections=5, letters_per_connection=7), count=100)
    assert pile.counts == {"Accepted": 100}
    assert arrived(server) == sorted(f"r{n}@example.org" for n in range(100))
    assert 15 <= server.connections <= 30
    # What is taken is bounded by the connections: two letters each, and one that waits.
    assert pile.most_out <= 2 * 5 + 5


def test_a_group_holds_the_next_letters_commands() -> None:
    with SmtpServer() as server:
        server.delay("END", 0.2, times=1)
        sent(server.settings(connections=1), count=2)
    # All of it was there before the first letter's end was answered.
    verbs = [line.split(" ")[0] for line in server.commands]
    assert verbs == ["EHLO", *["MAIL", "RCPT", "DATA", "END"] * 2, "QUIT"]


@pytest.mark.parametrize("step", ["RCPT", "END"])
def test_refusals_in_the_middle_of_a_group_are_those_readers_matter(
    server: SmtpServer, step: str
) -> None:
    refused = {f"r{number}@example.org" for number in range(0, 40, 3)}
    for address in refused:
        server.answer(step, "550 5.1.1 no such user", to=address)
    server.answer(step, "450 4.2.1 later", to="r1@example.org")
    pile = sent(server.settings(connections=3), count=40)
    assert {a for a, o in pile.ended_as.items() if isinstance(o, Rejected)} == refused
    assert isinstance(pile.ended_as["r1@example.org"], Deferred)
    assert pile.counts["Accepted"] == 40 - len(refused) - 1
    assert len(arrived(server)) == pile.counts["Accepted"]
    assert server.connections <= 3


def test_a_dropped_end_leaves_one_letter_in_doubt_and_the_next_goes_on(server: SmtpServer) -> None:
    server.drop("END", to="r5@example.org", times=1)
    pile = sent(server.settings(connections=2), count=20)
    assert isinstance(pile.ended_as["r5@example.org"], Unknown)
    assert pile.counts == {"Accepted": 19, "Unknown": 1}


def test_421_between_letters_blames_nobody(server: SmtpServer) -> None:
    transport = SmtpTransport([server.settings(connections=1)], utc_now)
    first, second = Pile(3), Pile(8)
    transport.run(first)
    # The old connection has served its time; then the server says so to a new one, too.
    server.answer("MAIL", "421 4.4.2 enough", times=2)
    transport.run(second)
    transport.close()
    assert first.counts == {"Accepted": 3}
    assert second.counts == {"Accepted": 7, "Deferred": 1}
    (later,) = [one for one in second.ended_as.values() if isinstance(one, Deferred)]
    assert later == Deferred("421 4.4.2 enough", server_wide=True)
    assert server.connections == 3


def test_servers_share_by_weight() -> None:
    with SmtpServer() as one, SmtpServer() as two:
        pile = sent(
            one.settings(weight=3, connections=2), two.settings(weight=1, connections=2), count=80
        )
        assert pile.counts == {"Accepted": 80}
        assert 52 <= len(one.letters) <= 68
        by_server = Counter(outcome.server for outcome in pile.ended_as.values())
        assert by_server == {f"127.0.0.1:{each.port}": len(each.letters) for each in (one, two)}
        assert len(arrived(one, two)) == 80


def test_a_spare_takes_over_when_the_others_are_gone() -> None:
    with SmtpServer() as one, SmtpServer() as spare:
        one.answer("MAIL", "451 4.3.0 out of order")
        pile = sent(one.settings(connections=2), spare.settings(connections=2, weight=0), count=30)
        assert len(spare.letters) == pile.counts["Accepted"]
        assert pile.counts["Accepted"] >= 26
        assert pile.counts["Deferred"] + pile.counts["Accepted"] == 30


def test_a_server_that_is_not_there_is_left_out_and_no_letter_is_lost() -> None:
    with SmtpServer() as gone:
        nowhere = gone.settings(connections=2)
    with SmtpServer() as one:
        pile = sent(nowhere, one.settings(connections=2), count=20)
        assert pile.counts == {"Accepted": 20}
    with pytest.raises(TransportError, match="nothing listens there"):
        sent(nowhere, nowhere, count=3)


def test_a_server_that_takes_fewer_connections_gets_fewer() -> None:
    with SmtpServer() as server:
        server.delay("END", 0.05)
        transport = SmtpTransport([server.settings(connections=6)], utc_now)
        first, second = Pile(1), Pile(30)
        transport.run(first)
        server.answer("CONNECT", "421 4.7.0 too many connections from you")
        transport.run(second)
        transport.close()
        assert second.counts == {"Accepted": 30}


def test_the_pace_of_a_server_holds() -> None:
    with SmtpServer() as server:
        began = time.monotonic()
        pile = sent(server.settings(connections=4), count=30, paces=[Pace(rate=40, burst=10)])
        took = time.monotonic() - began
    assert pile.counts == {"Accepted": 30}
    assert took >= 0.45  # ten at once, twenty at forty a second


def test_lock_step_says_one_command_at_a_time() -> None:
    with SmtpServer(pipelining=False) as server:
        server.delay("MAIL", 0.01)
        pile = sent(server.settings(connections=2), count=6)
    assert pile.counts == {"Accepted": 6}
    assert all(isinstance(outcome, Accepted) for outcome in pile.ended_as.values())
    assert not [line for line in server.commands if re.match("RSET", line)]


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_large_letters_arrive_whole_when_the_socket_is_full(security: str) -> None:
    rng = random.Random(7)  # noqa: S311 - it is content, not a secret
    lines = [base64.b64encode(rng.randbytes(57)) for _ in range(40_000)]
    big = b"\r\n".join(lines) + b"\r\n"  # 3 MB, more than a socket takes at once
    with SmtpServer(security=security) as server:  # type: ignore[arg-type]
        transport = SmtpTransport([server.settings(connections=2)], utc_now)
        pile = Pile(4)
        pile.left = [
            Envelope(one.sender, one.recipient, (b"A: b\r\n\r\n", big, b"end\r\n"), one.message_id)
            for one in pile.left
        ]
        transport.run(pile)
        transport.close()
        assert pile.counts == {"Accepted": 4}
        assert {one.data for one in server.letters} == {b"A: b\r\n\r\n" + big + b"end\r\n"}
