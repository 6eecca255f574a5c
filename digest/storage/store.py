"""The `Store`: the repositories behind one pair of doors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from typing import Literal

from sqlalchemy import Connection

from digest.ports import (
    AccessStore,
    AlertStore,
    ChoiceStore,
    DeliveryStore,
    EditionStore,
    EntryStore,
    LedgerStore,
    NoticeStore,
    PaceStore,
    PostStore,
    PulseStore,
    ReportStore,
    SubscriberStore,
)
from digest.settings import DatabaseSettings
from digest.storage import migrate
from digest.storage.access import AccessRows
from digest.storage.alerts import Alerts
from digest.storage.choices import Choices
from digest.storage.deliveries import Deliveries
from digest.storage.doors import Access, Doors, TrialDoors
from digest.storage.editions import Editions
from digest.storage.engine import Database, connect
from digest.storage.entries import Entries
from digest.storage.ledger import Ledger
from digest.storage.notices import Notices
from digest.storage.paces import PaceRows
from digest.storage.post import Post
from digest.storage.pulse import Pulses
from digest.storage.queue import MessageId, Queue
from digest.storage.reports import Reports
from digest.storage.subscribers import Subscribers
from digest.storage.suppressions import Hashes, plain_hashes


def plain_message_id(edition: date, subscriber_id: int) -> str:
    """A Message-ID for trials; wiring gives one that is keyed and bears the sender's domain."""
    name = hashlib.sha256(f"{edition}/{subscriber_id}".encode()).hexdigest()[:32]
    return f"{name}@localhost.localdomain"


class SqlStore:
    """`ports.Store` over SQL. May be used by several threads; each has its own transactions."""

    editions: EditionStore
    entries: EntryStore
    notices: NoticeStore
    post: PostStore
    subscribers: SubscriberStore
    deliveries: DeliveryStore
    ledger: LedgerStore
    keys: AccessStore
    choices: ChoiceStore
    reports: ReportStore
    alerts: AlertStore
    pulses: PulseStore
    paces: PaceStore

    def __init__(
        self,
        access: Access,
        message_id: MessageId = plain_message_id,
        *,
        lease_minutes: int = 15,
        retry_minutes: Sequence[int] = (5, 15, 60, 120, 240),
        on_ambiguous: Literal["resend", "hold"] = "resend",
        hashes_of: Hashes = plain_hashes,
        key_id: str = "",
    ) -> None:
        self.access = access
        self.editions = Editions(access)
        self.entries = Entries(access)
        self.notices = Notices(access)
        self.post = Post(access)
        self.subscribers = Subscribers(access, hashes_of, key_id)
        self.keys = AccessRows(access)
        self.choices = Choices(access)
        self.reports = Reports(access)
        self.alerts = Alerts(access)
        self.pulses = Pulses(access)
        self.paces = PaceRows(access)
        self.deliveries = Deliveries(
            access,
            message_id,
            lease_minutes=lease_minutes,
            retry_minutes=retry_minutes,
            on_ambiguous=on_ambiguous,
            hashes_of=hashes_of,
        )
        ledger = Ledger(access, Queue(access, message_id), hold=on_ambiguous == "hold")
        self.ledger, self.quiet = ledger, ledger.quiet

    def write(self) -> AbstractContextManager[None]:
        """Make the calls inside one transaction; calls outside one commit by themselves."""
        return self._write()

    def read(self) -> AbstractContextManager[Connection]:
        """A connection that sees one moment, for reports and tests."""
        return self.access.read()

    @contextmanager
    def _write(self) -> Iterator[None]:
        with self.access.write():
            yield


@contextmanager
def open_store(
    settings: DatabaseSettings,
    *,
    keep: bool = True,
    message_id: MessageId = plain_message_id,
    lease_minutes: int = 15,
    retry_minutes: Sequence[int] = (5, 15, 60, 120, 240),
    on_ambiguous: Literal["resend", "hold"] = "resend",
    hashes_of: Hashes = plain_hashes,
    key_id: str = "",
) -> Iterator[SqlStore]:
    """The store of a database; with `keep=False` nothing that is done in it lasts.

    An empty database gets its tables, one that was never made is made; with `keep=False` that,
    too, is only for as long as the store is open, and on disk nothing comes to be.
    Raises StorageError when the database cannot be used, MigrationError when its schema is older
    or newer than this program.
    """
    database = connect(settings, make=keep)
    doors: Doors | TrialDoors
    try:
        doors = _kept(database) if keep else _trial(database)
    except BaseException:
        database.close()
        raise
    store = SqlStore(
        doors,
        message_id,
        lease_minutes=lease_minutes,
        retry_minutes=retry_minutes,
        on_ambiguous=on_ambiguous,
        hashes_of=hashes_of,
        key_id=key_id,
    )
    try:
        yield store
    finally:
        store.quiet()
        doors.close()


def _kept(database: Database) -> Doors:
    with database.transaction("read") as connection:
        ready = migrate.check(connection)
    if not ready:
        migrate.upgrade(database)
    return Doors(database)


def _trial(database: Database) -> TrialDoors:
    ready = False
    if not database.is_sqlite or (database.path is not None and database.path.exists()):
        with database.transaction("read") as connection:
            ready = migrate.check(connection)
    doors = TrialDoors(database, prepare=migrate.upgrade_on)
    if not ready:
        # There is nothing yet that could be read.
        doors.begin()
    return doors
