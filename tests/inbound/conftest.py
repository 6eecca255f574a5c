"""A house that mail comes into: a database, a real SMTP server, a clock that tests turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from digest.domain.subscriber import Subscriber
from digest.settings import Settings
from digest.storage import SqlStore
from digest.wiring import Wiring
from tests.databases import postgres, sqlite_template  # noqa: F401 - fixtures
from tests.smtpserver import Arrived, SmtpServer

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
DOMAIN = "in.digest.example.org"


@dataclass
class House:
    wiring: Wiring
    store: SqlStore
    smtp: SmtpServer
    moment: list[datetime] = field(default_factory=lambda: [NOW])

    def pass_time(self, **how: float) -> None:
        self.moment[0] += timedelta(**how)

    def hear(self, text: str | bytes, to: str = "", by: str | None = None) -> tuple[str, ...]:
        raw = text if isinstance(text, bytes) else text.encode()
        return self.wiring.listener(self.store).hear(raw, self.moment[0], to, by)

    def write(self, box: str, *, by="ada@example.org", head="", body="hello", subject="hi"):
        """A mail of a person to a mailbox; returns what followed."""
        to = box if "@" in box else f"{box}@{DOMAIN}"
        stamp = self.moment[0].isoformat()
        text = (
            f"From: {by}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{stamp}@x>\n{head}\n{body}\n"
        )
        return self.hear(text, to, by)

    def sent(self) -> list[Arrived]:
        """Send what waits; all that arrived so far."""
        self.wiring.messenger(self.store).send()
        return self.smtp.letters

    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(each.data, policy=policy.default) for each in self.sent()]  # type: ignore[misc]

    def reader(self, address: str = "ada@example.org") -> Subscriber:
        reader, _ = self.wiring.registrar(self.store).add(address, self.moment[0])
        return reader

    def again(self, address: str = "ada@example.org") -> Subscriber:
        found = self.store.subscribers.find(address)
        assert found is not None
        return found

    def census(self) -> list[tuple[str, str]]:
        return [(s.address, str(s.status)) for s in self.store.subscribers.listing()]


@pytest.fixture
def house(tmp_path: Path, sqlite_template: Path) -> Iterator[House]:  # noqa: F811
    moment = [NOW]
    database = tmp_path / "digest.db"
    database.write_bytes(sqlite_template.read_bytes())
    with SmtpServer() as smtp:
        wiring = Wiring(
            Settings.model_validate(
                {
                    "secret_key": "0123456789abcdef" * 4,
                    "site": {"base_url": "https://digest.example.org"},
                    "mail": {"from_address": "editor@digest.example.org"},
                    "smtp": smtp.settings(),
                    "database": {"url": f"sqlite:///{database}"},
                    "paths": {"state": tmp_path},
                    "inbound": {"domain": DOMAIN},
                }
            ),
            lambda: moment[0],
        )
        with wiring.store() as store:
            yield House(wiring, store, smtp, moment)  # type: ignore[arg-type]
