"""The ways to the operator, and the watch that every long-running process keeps."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from digest.domain.alert import AGAIN, Alert, Kind, Trouble, as_text, paragraph
from digest.domain.delivery import Accepted, Letter
from digest.errors import DigestError, StorageError, TransportError
from digest.ports import Channel, Store
from digest.workflows.alarm import Thresholds, look, tell, tell_over

if TYPE_CHECKING:
    from digest.wiring import Wiring

log = logging.getLogger("digest.alerts")

PATIENCE: Final = timedelta(minutes=3)
"""How long a database may be away before it is told: one that is restarted is back by then."""


@dataclass(frozen=True, slots=True)
class MailChannel:
    """A plain mail to alerts.mail_to over the SMTP servers of the letters; not by the ledger."""

    wiring: Wiring
    name: str = "mail"

    def takes(self, alert: Alert) -> bool:
        """Not that no SMTP server can be used: there is none to take it."""
        return alert.kind is not Kind.SERVERS or alert.over_at is not None

    def tell(self, alerts: Sequence[Alert], now: datetime) -> None:
        """One mail for all. Raises DigestError when no server takes it."""
        from digest.mail.message import envelope  # noqa: PLC0415 - when there is something to tell
        from digest.workflows.desk import OneLetter, told  # noqa: PLC0415

        wiring = self.wiring
        title = wiring.settings.site.title
        rest = f" (and {len(alerts) - 1} more)" if len(alerts) > 1 else ""
        footer = f"\n-- \n{title}, {wiring.settings.site.base_url}/admin\n"
        letter = Letter(
            subject=f"[{title}] {alerts[0].title}"[:150] + rest,
            html=None,
            text=as_text(alerts, now) + footer,
            images=(),
            # RFC 3834, 5: nobody's program should answer it.
            headers=(("Auto-Submitted", "auto-generated"),),
        )
        names = ",".join(f"{alert.kind}/{alert.about}/{alert.state}" for alert in alerts)
        tag = wiring.keyed_hash("alert-id", f"{names}/{now.isoformat()}")[:32]
        desk = OneLetter(
            envelope(
                letter,
                recipient=wiring.settings.alerts.mail_to,
                message_id=f"alert.{tag}@{wiring.domain}",
                date=now.replace(microsecond=0),
                mail=wiring.settings.mail,
                signer=wiring.signer,
            )
        )
        transport = wiring.transport()
        try:
            transport.run(desk)
        finally:
            transport.close()
        if not isinstance(desk.outcome, Accepted):
            raise TransportError(
                f"{wiring.settings.alerts.mail_to}: {told(desk.outcome)}", "check alerts.mail_to"
            )


@dataclass(frozen=True, slots=True)
class HookChannel:
    """A JSON document by POST to alerts.webhook_url, one for each alert."""

    wiring: Wiring
    name: str = "web hook"

    def takes(self, alert: Alert) -> bool:
        """All."""
        del alert
        return True

    def tell(self, alerts: Sequence[Alert], now: datetime) -> None:
        """See `hook_body`. Raises DigestError when it is not taken."""
        from digest.ingest.guard import Guard, networks  # noqa: PLC0415 - httpx, when needed
        from digest.ingest.hook import post  # noqa: PLC0415

        settings = self.wiring.settings.alerts
        guard = Guard(networks(settings.allow_private), section="alerts")
        for alert in alerts:
            post(
                settings.webhook_url.get_secret_value(),
                hook_body(alert, self.wiring.settings.site.title, now),
                secret=settings.webhook_secret.get_secret_value(),
                now=now,
                guard=guard,
            )


def hook_body(alert: Alert, title: str, now: datetime) -> bytes:
    """The document of an alert; `text` is what chat services show (Slack, Mattermost)."""
    said = {
        "text": f"[{title}] {paragraph(alert, now)}",
        "kind": alert.kind.value,
        "about": alert.about,
        "state": alert.state,
        "words": alert.words,
        "hint": alert.hint,
        "since": alert.since.isoformat(),
        "over_at": alert.over_at and alert.over_at.isoformat(),
        "at": now.isoformat(),
    }
    return json.dumps(said, ensure_ascii=False).encode()


def channels(wiring: Wiring) -> list[Channel]:
    """The channels of the settings: the web hook first, as it does not hang on the relay."""
    found: list[Channel] = []
    if wiring.settings.alerts.webhook_url.get_secret_value():
        found.append(HookChannel(wiring))
    if wiring.settings.alerts.mail_to:
        found.append(MailChannel(wiring))
    return found


def free_mb(folder: Path) -> tuple[float, Path]:
    """Free space (MB, 10^6 bytes) where a folder is or will be, and where that is."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free / 1_000_000, place.absolute()


def attend(wiring: Wiring, store: Store) -> None:
    """Look what is amiss and tell what is to be told."""
    settings, now = wiring.settings, wiring.clock()
    free, place = free_mb(settings.paths.state)
    limits = Thresholds(
        window_h=settings.delivery.window_h,
        bounced=settings.alerts.bounced_share,
        host=socket.gethostname(),
        free_mb=free,
        least_mb=settings.alerts.free_mb,
        place=str(place),
    )
    look(store, now, {source.id for source in wiring.library.sources if source.enabled}, limits)
    tell(store, channels(wiring), now)
    wiring.pulse.idle(store)


@dataclass(slots=True)
class Outcome:
    """Whether a job went well; what raises did not."""

    well: bool = False


@contextmanager
def guarded(wiring: Wiring, store: Store, job: str) -> Iterator[Outcome]:
    """What fails inside is told to the operator; that it works again is told as well.

    A database that cannot be used passes through: see `Watch.database`. A server that cannot be
    used has an alert of its own (`Kind.SERVERS`), after some patience.
    """
    outcome = Outcome()
    try:
        yield outcome
    except StorageError:
        raise
    except TransportError as error:
        outcome.well = False
        log.error("%s: %s", job, error)  # noqa: TRY400 - its message says it
    except Exception as error:
        outcome.well = False
        if isinstance(error, DigestError):
            log.error("%s: %s", job, error)  # noqa: TRY400 - its message says it
            words, hint = error.message, error.hint
        else:
            log.exception("unexpected fault of %s", job)
            words, hint = type(error).__name__, "the log has the whole of it"
        now = wiring.clock()
        store.alerts.raised(Trouble(Kind.FAULT, job, f"{job} fails: {words}", hint), now)
        tell(store, channels(wiring), now)
    else:
        store.alerts.settle(Kind.FAULT, job, wiring.clock())


@contextmanager
def told_when_broken(wiring: Wiring, store: Store) -> Iterator[None]:
    """A worker that breaks by a fault of ours says so before it goes; one that ends well, too."""
    about = f"worker on {socket.gethostname()}"
    try:
        yield
    except DigestError:
        raise
    except Exception as error:
        words = f"the {about} broke: {type(error).__name__}: {error}"
        trouble = Trouble(Kind.FAULT, about, words, "its log has the whole of it; start it again")
        store.alerts.raised(trouble, wiring.clock())
        tell(store, channels(wiring), wiring.clock())
        raise
    else:
        store.alerts.settle(Kind.FAULT, about, wiring.clock())


class Watch:
    """Keeps the watch in one process: a database that cannot be used is told as well.

    That cannot be kept in the database. Two files in paths.state hold it, made and taken away in
    one step, so that of all processes on a machine one tells.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._seen = wiring.settings.paths.state / "database-away.seen"
        self._told = wiring.settings.paths.state / "database-away.told"
        self._alone: datetime | None = None

    def once(self) -> None:
        """Look and tell; never raises: what keeps the watch must not fall asleep."""
        try:
            with self._wiring.store() as store, guarded(self._wiring, store, "watch"):
                attend(self._wiring, store)
            self.database(None)
        except StorageError as error:
            log.error("%s", error)  # noqa: TRY400 - its message says it
            self.database(error)
        except Exception:
            log.exception("unexpected fault of the watch")

    def database(self, error: DigestError | None) -> None:
        """The database cannot be used (`error`), or can again (None)."""
        now = self._wiring.clock()
        try:
            since = self._away(now) if error is not None else self._back()
        except OSError as fault:
            # A full disk: this process remembers for itself.
            log.warning("%s: %s", self._seen.parent, fault.strerror)
            since, self._alone = (None, now) if self._alone is not None else (now, now)
        if since is None:
            return
        words = error.message if error is not None else "the database can be used again"
        alert = Alert(
            Kind.DATABASE,
            socket.gethostname(),
            f"the database cannot be used: {words}" if error is not None else words,
            error.hint if error is not None else "",
            since,
            over_at=None if error is not None else now,
        )
        heard = tell_over(channels(self._wiring), [alert], now)
        log.error("%s%s", alert.title, "" if heard else " (told in the log only)")

    def _away(self, now: datetime) -> datetime | None:
        """Since when, where it is this process's turn to tell; else None."""
        moment = now.timestamp()
        if self._told.exists():
            if moment - self._told.stat().st_mtime < AGAIN.total_seconds():
                return None
            os.utime(self._told, (moment, moment))
            return now
        try:
            self._seen.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._seen, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            os.utime(self._seen, (moment, moment))
        except FileExistsError:
            began = self._seen.stat().st_mtime
            if moment - began < PATIENCE.total_seconds():
                return None
            self._seen.rename(self._told)
            os.utime(self._told, (moment, moment))
            return datetime.fromtimestamp(began, now.tzinfo)
        return None

    def _back(self) -> datetime | None:
        """The moment when it was told, where it was and this process may tell the end."""
        self._seen.unlink(missing_ok=True)
        if not self._told.exists():
            return None
        told = self._told.stat().st_mtime
        self._told.unlink()
        return datetime.fromtimestamp(told, self._wiring.clock().tzinfo)
