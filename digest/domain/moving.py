"""Lists of other programs: how their exports are told apart, and what a line of one says.

listmonk    cmd/subscribers.go, handleExportSubscribers: uuid, email, name, attributes, status, ...
mailchimp   an audience's export: subscribed_, unsubscribed_, cleaned_ and nonsubscribed_*.csv
ghost       members-csv/lib/unparse.js: id, email, name, note, subscribed_to_emails, ...
substack    email_list.*.csv: email, active_subscription, ..., email_disabled, created_at
digest      our own export, or any file with a column `address` or `email`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from digest.domain.subscriber import Status
from digest.errors import UsageError

ADDRESS_COLUMNS: Final = ("address", "email", "email address", "e-mail", "mail")
GONE: Final = frozenset({Status.UNSUBSCRIBED, Status.SUPPRESSED})

_STATUSES: Final = {
    "": Status.ACTIVE, "active": Status.ACTIVE, "enabled": Status.ACTIVE,
    "subscribed": Status.ACTIVE, "confirmed": Status.ACTIVE, "pending": Status.PENDING,
    "unconfirmed": Status.PENDING, "paused": Status.PAUSED, "unsubscribed": Status.UNSUBSCRIBED,
    "disabled": Status.UNSUBSCRIBED, "cleaned": Status.SUPPRESSED, "bounced": Status.SUPPRESSED,
    "suppressed": Status.SUPPRESSED, "blocklisted": Status.SUPPRESSED,
    "blacklisted": Status.SUPPRESSED,
}  # fmt: skip
_ABOUT_LEAVING: Final = re.compile(
    r"unsub|opt.?out|bounce|blo?a?c?k?list|suppress|clean|disabled|deleted|subscribed|"
    r"^(subscriber[_ ])?(type|state)$"
)
_MOMENT: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
    r"(?: ?(Z|[+-]\d\d:?\d\d))?(?: (?:[A-Z]{2,5}|[+-]\d{2,4}))?)?"
)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A line of a list. Times in UTC, None where the list says none.

    `status` is where they stand there; `reason` says in a word why they may not be written to.
    `wants` are preferences in the words of our own columns (zone, hour, ...).
    """

    address: str
    status: Status
    reason: str = ""
    wants: Mapping[str, str] = field(default_factory=dict)
    asked_at: datetime | None = None
    asked_ip: str = ""
    confirmed_at: datetime | None = None
    confirmed_ip: str = ""
    left_at: datetime | None = None

    @property
    def gone(self) -> bool:
        """Whether they left, or may not be written to."""
        return self.status in GONE


Row = Mapping[str, str]
Reader = Callable[[Row, str], "Newcomer | None"]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of list. `needs` are columns (lower case) that only it has.

    `read(row, file)` says what a row means, by lower-case column names; None: never subscribed.
    It raises UsageError, naming what is wrong with the row. `ours`: readers who left are kept as
    readers, as they were here, and not as hashes only.
    """

    name: str
    shown: str
    needs: frozenset[str]
    read: Reader
    ours: bool = False


def recognise(columns: Sequence[str]) -> Format:
    """The format that a header line is of. Raises UsageError when there is no address in it."""
    names = frozenset(columns)
    for known in FORMATS:
        if known.needs and known.needs <= names:
            return known
    check_columns(columns)
    return FORMATS[-1]


def check_columns(columns: Collection[str]) -> None:
    """Refuse a file without an address, or one that may say who left in words unknown here.

    Raises UsageError.
    """
    if not set(ADDRESS_COLUMNS) & set(columns):
        raise UsageError(
            "no column is named `address` or `email`",
            "the first line of the file names its columns",
        )
    if "status" in columns:
        return
    if strange := next((name for name in columns if _ABOUT_LEAVING.search(name)), ""):
        raise UsageError(
            f"the column `{strange}` may say who has left, in words that are not known here",
            "name it `status` (active, unsubscribed, suppressed), or take it out if all agreed",
        )


def as_left(newcomer: Newcomer) -> Newcomer:
    """The same one, said to have left."""
    return newcomer if newcomer.gone else replace(newcomer, status=Status.UNSUBSCRIBED)


def moment(row: Row, column: str) -> datetime | None:
    """A time of a row, in UTC unless it says otherwise; None where there is none.

    Understood are ISO 8601 and what Go prints (``2024-03-14 09:12:31.5 +0530 IST``).
    Raises UsageError for anything else: a spreadsheet may have mangled it.
    """
    text = row.get(column, "").strip()
    if not text:
        return None
    found = _MOMENT.fullmatch(text)
    at = None if found is None else _built(*found.groups())
    if at is None:
        raise UsageError(
            f"{column} {text[:40]!r} is no time such as 2024-03-14 09:12:31; give the file as it "
            "was exported"
        )
    return at


def _built(*parts: str | None) -> datetime | None:
    *whole, fraction, offset = parts
    year, month, day, hour, minute, second = (int(part or 0) for part in whole)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        plain = datetime(year, month, day, hour, minute, second, microsecond, _zone(offset))
        return plain.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(offset: str | None) -> timezone:
    if offset is None or offset == "Z":
        return UTC
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def status_of(text: str) -> Status:
    """A status in the words of any list. Raises UsageError for one that is not known."""
    word = text.strip().lower()
    if word not in _STATUSES:
        raise UsageError(f"status {text!r} is none of {', '.join(Status)}")
    return _STATUSES[word]


def _own(row: Row, _file: str) -> Newcomer:
    status = status_of(row.get("status", ""))
    return Newcomer(
        address=_address(row),
        status=status,
        reason=row.get("status", "").strip().lower() if status in GONE else "",
        wants=row,
        confirmed_at=moment(row, "confirmed_at"),
    )


def _listmonk(row: Row, _file: str) -> Newcomer:
    status = status_of(row.get("status", "") or "enabled")
    gone = status in GONE
    return Newcomer(
        address=_address(row),
        status=status,
        reason=row["status"].strip().lower() if gone else "",
        asked_at=moment(row, "created_at"),
        left_at=moment(row, "updated_at") if gone else None,
    )


def _mailchimp(row: Row, file: str) -> Newcomer | None:
    section = _section(file)
    left, cleaned = moment(row, "unsub_time"), moment(row, "clean_time")
    # Merge fields may be renamed; the address is the first of them.
    address = _address(row) or next(iter(row.values()), "")
    asked = moment(row, "optin_time")
    if cleaned or section == "cleaned":
        return Newcomer(address, Status.SUPPRESSED, "cleaned", left_at=cleaned, asked_at=asked)
    if left or section == "unsubscribed":
        return Newcomer(address, Status.UNSUBSCRIBED, "unsubscribed", left_at=left, asked_at=asked)
    if section == "nonsubscribed":
        return None
    if section != "subscribed" and {"unsub_time", "clean_time"} & row.keys():
        raise UsageError("neither UNSUB_TIME nor the file's name says whether they are subscribed")
    zone = row.get("timezone", "").strip()
    return Newcomer(
        address=address,
        status=Status.ACTIVE,
        wants={"zone": zone} if _is_zone(zone) else {},
        asked_at=asked,
        asked_ip=row.get("optin_ip", "").strip(),
        confirmed_at=moment(row, "confirm_time"),
        confirmed_ip=row.get("confirm_ip", "").strip(),
    )


def _section(file: str) -> str:
    letters = re.sub(r"[^a-z]", "", file.lower())
    names = ("nonsubscribed", "unsubscribed", "cleaned", "subscribed")
    return next((name for name in names if name in letters), "")


def _ghost(row: Row, _file: str) -> Newcomer:
    subscribed = _truth(row, "subscribed_to_emails")
    left = moment(row, "deleted_at")
    gone = left is not None or not subscribed
    return Newcomer(
        address=_address(row),
        status=Status.UNSUBSCRIBED if gone else Status.ACTIVE,
        reason="unsubscribed" if gone else "",
        asked_at=moment(row, "created_at"),
        left_at=left,
    )


def _substack(row: Row, _file: str) -> Newcomer:
    gone = _truth(row, "email_disabled")
    return Newcomer(
        address=_address(row),
        status=Status.UNSUBSCRIBED if gone else Status.ACTIVE,
        reason="unsubscribed" if gone else "",
        asked_at=moment(row, "created_at"),
    )


def _truth(row: Row, column: str) -> bool:
    word = row.get(column, "").strip().lower()
    if word not in {"true", "false"}:
        raise UsageError(f"{column} {word!r} is neither true nor false")
    return word == "true"


def _address(row: Row) -> str:
    return next((row[name] for name in ADDRESS_COLUMNS if row.get(name)), "")


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    try:
        return bool(name) and ZoneInfo(name) is not None
    except (KeyError, ValueError, OSError):
        return False


FORMATS: Final = (
    Format(
        "listmonk", "listmonk's export", frozenset({"uuid", "email", "status", "updated_at"}),
        _listmonk,
    ),
    Format(
        "mailchimp", "Mailchimp's audience export", frozenset({"leid", "euid", "optin_time"}),
        _mailchimp,
    ),
    Format(
        "ghost", "Ghost's members", frozenset({"email", "subscribed_to_emails", "created_at"}),
        _ghost,
    ),
    Format(
        "substack", "Substack's list",
        frozenset({"email", "active_subscription", "email_disabled"}), _substack,
    ),
    Format("digest", "columns of our own", frozenset(), _own, ours=True),
)  # fmt: skip
"""All formats; the last takes whatever names an address."""
