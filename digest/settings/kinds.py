"""The kinds of values that settings take: text of one line, a zone, an address, a key.

Each refuses what it is not with a phrase that continues the name of the setting.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from digest.errors import UsageError

_SECRET_KEY_LENGTH = 32


def _line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line without control characters")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # OSError: "Europe" is a folder of the zone database, not a zone.
        raise ValueError("is no IANA time zone, such as Europe/Berlin or UTC") from None
    return name


def _address(text: str) -> str:
    if text and not re.fullmatch(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+", _line(text)):
        raise ValueError("is no bare address, such as letter@example.org")
    return text


def _sender(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return _address(text)


def _base_url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ValueError("is no web address without ? and #, such as https://digest.example.org")
    return text.rstrip("/")


def _list_id(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+", text):
        raise ValueError("is no dotted name, such as digest.example.org")
    return text


def _helo(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-fIPv.:]+\]", text):
        raise ValueError("is no host name or bracketed address (RFC 5321, 4.1.3)")
    return text


def _selector(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", text):
        raise ValueError("is no selector: letters, digits and hyphens")
    return text


def _domain_pace(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+=[1-9]\d{0,6}", text):
        raise ValueError("is no domain with its letters a minute, such as gmail.com=600")
    return text


def check_selector(text: str) -> str:
    """A DKIM selector given by hand. Raises UsageError for what is none."""
    try:
        return _selector(text)
    except ValueError as fault:
        raise UsageError(f"--selector {text!r}: {fault}", "such as d2026") from None


def _domain(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        raise ValueError("is no domain, such as example.org")
    return text


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("is no network, such as 127.0.0.0/8") from None
    return text


def _database(url: SecretStr) -> SecretStr:
    if not re.match(r"(sqlite|postgresql)(\+\w+)?://", url.get_secret_value()):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    return url


def _hook(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if text and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s#]*)?", text):
        # The text is not repeated: it is a secret.
        raise ValueError("is no web address, such as https://hooks.example.org/digest")
    return url


def _key(key: SecretStr) -> SecretStr:
    if 0 < len(key.get_secret_value()) < _SECRET_KEY_LENGTH:
        raise ValueError(f"must have {_SECRET_KEY_LENGTH} characters or more")
    return key


def _former_key(key: SecretStr) -> SecretStr:
    if not key.get_secret_value():
        raise ValueError("must not be empty: everybody can sign with an empty key")
    return _key(key)


def _path(value: object) -> object:
    if value == "":
        raise ValueError("must not be empty; the working folder is a single dot")
    return value


def _path_or_none(value: object) -> object:
    # TOML has no null, and an environment variable is text.
    return None if value == "" else value


Line = Annotated[str, AfterValidator(_line)]
Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, AfterValidator(_address)]
Folder = Annotated[Path, BeforeValidator(_path)]
OptionalPath = Annotated[Path | None, BeforeValidator(_path_or_none)]
Minutes = Annotated[int, Field(ge=1, le=1440)]
Sender = Annotated[str, AfterValidator(_sender)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
ListId = Annotated[str, AfterValidator(_list_id)]
HeloName = Annotated[str, AfterValidator(_helo)]
Network = Annotated[str, AfterValidator(_network)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
SecretKey = Annotated[SecretStr, AfterValidator(_key)]
HookUrl = Annotated[SecretStr, AfterValidator(_hook)]
FormerKey = Annotated[SecretStr, AfterValidator(_former_key)]
Selector = Annotated[str, AfterValidator(_selector)]
SigningDomain = Annotated[str, AfterValidator(_domain)]
DomainPace = Annotated[str, AfterValidator(_domain_pace)]
