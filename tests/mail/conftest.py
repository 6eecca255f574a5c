from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from digest.domain.delivery import Envelope, Letter, Outcome, Unsent
from digest.errors import TransportError
from digest.mail.message import envelope
from digest.mail.smtp import SmtpTransport
from digest.settings import MailSettings, SmtpSettings
from digest.workflows.desk import OneLetter
from tests.smtpserver import SmtpServer

Connect = Callable[[SmtpSettings], "Sender"]

WHEN = datetime(2026, 11, 3, 7, 0, tzinfo=UTC)
MAIL = MailSettings(
    from_name="digest",
    from_address="digest@example.org",
    bounce_address="bounces@example.org",
)
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU"
    b"\x00\x00\x00\nIDATx\x9cc\xf8\x0f\x00\x01\x01\x01\x00\x1b\xb6\xeeV"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)


def a_letter(**changes: object) -> Letter:
    given: dict[str, object] = {
        "subject": "Momentum, and four more",
        "html": (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>x</title></head>'
            '<body><p>q(x_t | x_0) → N(0, 1)</p><img src="cid:fig.2026-11-03@example.org"></body>'
            "</html>\n"
        ),
        "text": "Momentum: v ← βv + g\n.a line with a dot first\n\nbye\n",
        "images": (("fig.2026-11-03@example.org", "momentum.png", PNG),),
        "headers": (
            ("List-Id", "digest <digest.example.org>"),
            (
                "List-Unsubscribe",
                f"<https://example.org/u/{'k' * 90}>, <mailto:leave@example.org?subject=leave>",
            ),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
    }
    return Letter(**(given | changes))  # type: ignore[arg-type]


def an_envelope(letter: Letter | None = None, recipient: str = "ada@example.org") -> Envelope:
    return envelope(
        letter or a_letter(),
        recipient=recipient,
        message_id="1.ada@example.org",
        date=WHEN,
        mail=MAIL,
    )


class Sender:
    """A transport, used for one letter at a time."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._now = WHEN
        self.transport = SmtpTransport([settings], lambda: self._now)
        self.close = self.transport.close

    def send(self, envelope: Envelope) -> Outcome:
        """How the letter ended. Raises what the run raises where it did not end."""
        self._now += timedelta(hours=1)  # what slowed the last letter down is over
        desk = OneLetter(envelope)
        try:
            self.transport.run(desk)
        except TransportError:
            if desk.outcome == Unsent("the run ended before it"):
                raise
        return desk.outcome


@pytest.fixture(params=[True, False], ids=["pipelining", "lock-step"])
def server(request: pytest.FixtureRequest) -> Iterator[SmtpServer]:
    with SmtpServer(pipelining=request.param) as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened: list[Sender] = []

    def make(settings: SmtpSettings) -> Sender:
        opened.append(Sender(settings))
        return opened[-1]

    yield make
    for transport in opened:
        transport.close()
