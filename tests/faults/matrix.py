"""The reply matrix: five faults at eight steps, against a written table.

Three readers; the fault is there for good, or for the first one who meets it where the table says
`once`. Each cell says in which states the rows must end, and why.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from digest.domain.delivery import Letter
from digest.domain.edition import Edition, EditionStatus
from digest.domain.subscriber import Preferences, Status, Subscriber
from digest.errors import TransportError
from digest.mail.message import envelope
from digest.mail.smtp import SmtpTransport
from digest.settings import MailSettings, SmtpSettings
from digest.storage import SqlStore, open_store
from digest.workflows.deliver import Courier
from tests.databases import settings_for
from tests.faults.content import ROOT
from tests.faults.found import Found

ON = date(2026, 3, 14)
NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)
MAIL = MailSettings.model_validate({"from_address": "editor@digest.example.org"})
READERS: Final = ("a@one.example", "bad@two.example", "c@three.example")
STEPS: Final = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END", "RSET", "QUIT")
FAULTS: Final = {
    "4xx": "450 4.2.0 not now",
    "5xx": "550 5.2.0 never",
    "421": "421 4.3.2 closing",
    "drop": "drop",
    "time-out": "hang",
}

# What becomes of the reader `bad@`, whom alone the fault meets at RCPT, DATA and END (the others
# are sent), or of all three where the fault is the connection's.
FREE: Final = "pending"
TABLE: Final[dict[str, dict[str, str]]] = {
    # Nobody was named: nobody is blamed, and the run says that no server can be used.
    "CONNECT": {"4xx": "later", "5xx": "free", "421": "later", "drop": "free", "time-out": "free"},
    "EHLO": {"4xx": "later", "5xx": "free", "421": "later", "drop": "free", "time-out": "free"},
    # A refused sender is the operator's matter; MAIL names no reader.
    "MAIL": {"4xx": "later", "5xx": "free", "421": "later", "drop": "free", "time-out": "free"},
    # A refusal of RCPT is the reader's; a lost connection never.
    "RCPT": {"4xx": "deferred", "5xx": "refused", "421": "later", "drop": "free",
             "time-out": "free"},
    "DATA": {"4xx": "deferred", "5xx": "refused", "421": "later", "drop": "free",
             "time-out": "free"},
    # The end of data went out: without a reply it may have been taken.
    "END": {"4xx": "deferred", "5xx": "refused", "421": "later", "drop": "on_wire",
            "time-out": "on_wire"},
    # What was said before stands.
    "RSET": {"4xx": "stands", "5xx": "stands", "421": "stands", "drop": "stands",
             "time-out": "stands"},
    "QUIT": {"4xx": "sent", "5xx": "sent", "421": "sent", "drop": "sent", "time-out": "sent"},
}  # fmt: skip
"""free: unsent and free at once, no retry used up. later: unsent, tried again later, no retry used
up (or free). deferred, refused, on_wire, sent: the row's state. stands: `bad@` was refused with a
550 before, and stays so; the others are sent."""


class _PlainPrinter:
    def letter(self, edition, blocks, delivery):
        return Letter(edition.subject, None, f"Hello {delivery.subscriber_id}\n", (), ())


def _seal(letter, delivery):
    return envelope(
        letter,
        recipient=delivery.address,
        message_id=delivery.message_id,
        date=delivery.date_header,
        mail=MAIL,
    )


def publish(store: SqlStore) -> None:
    """An edition and the three readers."""
    store.editions.save(Edition(ON, 1, EditionStatus.DRAFT, NOW, "Subject", "", (), ()), [])
    store.editions.publish(ON, NOW)
    for address in READERS:
        store.subscribers.add(
            Subscriber(0, address, address, Status.ACTIVE, NOW, Preferences(hour=8))
        )


def cell(store: SqlStore, sinks: Sinks, step: str, fault: str) -> str:
    """Run one cell in a fresh store; what is wrong with it, empty when nothing is."""
    plan: dict[str, object] = {"at": {step: FAULTS[fault]}}
    if step in {"RCPT", "DATA", "END"}:
        plan["only"] = "bad@"
    if step == "RSET":
        plan["at"] = {"RSET": FAULTS[fault], "RCPT": "550 5.1.1 no such user"}
        plan["only"] = "bad@"
    port = sinks.start(**plan)
    server = SmtpSettings.model_validate(
        {"host": "127.0.0.1", "port": port, "connections": 1, "timeout_s": 0.4}
    )
    began = time.monotonic()

    def clock() -> datetime:
        # A minute a second: a server that shows trouble is written to slowly.
        return NOW + timedelta(minutes=time.monotonic() - began)

    courier = Courier(
        store=store,
        printer=_PlainPrinter(),
        transport=SmtpTransport([server], clock),
        seal=_seal,
        clock=clock,
        owner="matrix",
    )
    try:
        courier.deliver(ON)
    except TransportError:
        if step not in {"CONNECT", "EHLO", "MAIL"}:
            return "the run ended with an error"
    rows = {row.address: row for row in store.ledger.rows(ON, "", "", 9)}
    counts = Counter(row.status for row in rows.values())
    taken = sinks.taken()
    blamed = _blamed(store)
    return _wrong(TABLE[step][fault], step, rows["bad@two.example"].status, counts, taken, blamed)


def _wrong(
    wanted: str, step: str, bad: str, counts: Counter[str], taken: set[str], blamed: int
) -> str:
    said = f"{dict(counts)}, bad@ {bad}, {blamed} retries used, taken {sorted(taken)}"
    others = step in {"RCPT", "DATA", "END", "RSET"}
    holds = {
        "free": bad == "pending" and not blamed,
        "later": bad in {"pending", "deferred"} and not blamed,
        "deferred": bad == "deferred" and blamed == 1,
        "refused": bad == "refused" and not blamed,
        "on_wire": bad == "on_wire" and not blamed,
        "stands": bad == "refused" and not blamed,
        "sent": counts["sent"] == 3 and len(taken) == 3,
    }[wanted]
    if others and {"a@one.example", "c@three.example"} - taken:
        # A server that is closing to us may close to the others as well: they must be free then.
        holds = holds and wanted in {"later", "free", "on_wire"} and _all_free(counts, bad)
    if not others and wanted in {"free", "later"}:
        holds = holds and not taken and counts["refused"] == counts["on_wire"] == 0
    return "" if holds else said


def _all_free(counts: Counter[str], bad: str) -> bool:
    rest = counts - Counter([bad])
    return set(rest) <= {"sent", "pending", "deferred"}


def _blamed(store: SqlStore) -> int:
    """Retries used up, of all readers."""
    from sqlalchemy import func, select

    from digest.storage import schema

    with store.read() as connection:
        return connection.scalar(select(func.sum(schema.deliveries.c.deferrals))) or 0


def replies(_kind: str, _number: int, _readers: int) -> Found:
    """40 cells of the reply matrix, on SQLite: the states are the ledger's."""
    found = Found()
    with tempfile.TemporaryDirectory(prefix="digest-faults-") as name, Sinks() as sinks:
        made = Path(name, "made.db")
        with open_store(settings_for(f"sqlite:///{made}")) as store:
            publish(store)
        for step in STEPS:
            for fault in FAULTS:
                path = Path(name, f"{step}-{fault}.db")
                shutil.copy(made, path)
                with open_store(settings_for(f"sqlite:///{path}")) as store:
                    wrong = cell(store, sinks, step, fault)
                found.sums["cells"] += 1
                if wrong:
                    found.faults.append(f"{step} {fault}: {wrong}")
    return found


class Sinks:
    """Sinks one after another in one folder; use it in a `with`."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="digest-sinks-")
        self._running: subprocess.Popen[str] | None = None
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._folder.cleanup()

    @property
    def _log(self) -> Path:
        return Path(self._folder.name, f"{self._number}.log")

    def start(self, **plan: Any) -> int:
        """A sink with this plan in the place of the former one; returns its port."""
        self._number += 1
        if self._running is None:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.sink", "-"],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        self._running.stdin.write(json.dumps({"log": str(self._log), "plan": plan}) + "\n")
        self._running.stdin.flush()
        return int(self._running.stdout.readline())

    def taken(self) -> set[str]:
        """Who got a letter from the last sink."""
        if not self._log.exists():
            return set()
        return {json.loads(line)["to"] for line in self._log.read_text().splitlines()}

    def _stop(self) -> None:
        if self._running is not None and self._running.stdin is not None:
            self._running.stdin.close()
            self._running.wait(30)
