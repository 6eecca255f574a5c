"""The settings as a person may see them: secrets hidden, advice given."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from digest.settings.load import Loaded
from digest.settings.models import Settings
from digest.settings.names import leaves, value_of

HIDDEN = "********"
NOT_SET = "(not set)"


def shown(settings: Settings) -> dict[str, object]:
    """Dotted name -> value fit for a screen and for JSON.

    A secret is `********`, an empty one `(not set)`; of a database URL only the password is
    hidden. Paths are text, an unset path is None.
    """
    return {name: _plain(value_of(settings, leaf)) for name, leaf in leaves().items()}


def secrets(settings: Settings) -> tuple[str, ...]:
    """All secret texts in use, longest first, for taking them out of a report."""
    found: set[str] = set()
    for name, leaf in leaves().items():
        if not leaf.secret:
            continue
        value = value_of(settings, leaf)
        for part in value if isinstance(value, list) else [value]:
            assert isinstance(part, SecretStr)  # noqa: S101 - what `secret` means
            text = part.get_secret_value()
            if name == "database.url":
                found.update(_url_passwords(text))
            else:
                found.add(text)
    return tuple(sorted(found - {""}, key=len, reverse=True))


def advice(loaded: Loaded) -> list[str]:
    """What works and is still worth a second look, one line each."""
    settings, origins = loaded.settings, loaded.origins
    found = []
    site = urlsplit(settings.site.base_url)
    if site.scheme != "https" and site.hostname not in {"localhost", "127.0.0.1", "::1"}:
        found.append(
            "site.base_url is not https: mail providers offer no one-click unsubscribe (RFC 8058)"
        )
    if origins["mail.from_address"] == "default":
        found.append("mail.from_address is not set: letters come from a made-up address")
    if settings.smtp.username and settings.smtp.security == "none":
        found.append("smtp.security is none and smtp.username is set: the password goes unhidden")
    in_file = [
        name
        for name, leaf in leaves().items()
        if leaf.secret and loaded.file and origins[name].startswith(f"{loaded.file}:")
    ]
    if in_file and loaded.file and _open_to_all(loaded.file):
        found.append(
            f"{loaded.file} holds {', '.join(in_file)} and every user of this machine can read "
            f"it: chmod 600 {loaded.file}"
        )
    return found


def _plain(value: object) -> object:
    if isinstance(value, SecretStr):
        return _hidden(value.get_secret_value())
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value


def _hidden(secret: str) -> str:
    if not secret:
        return NOT_SET
    if re.match(r"(sqlite|postgresql)(\+\w+)?://", secret) is None:
        return HIDDEN
    # From the first colon to the last @, as a password may hold both, and slashes too.
    scheme, _, rest = secret.partition("://")
    rest = re.sub(r"^([^:@]*):.*@", rf"\1:{HIDDEN}@", rest, flags=re.DOTALL)
    return f"{scheme}://" + re.sub(r"([?&]\w*password=)[^&]*", rf"\1{HIDDEN}", rest)


def _url_passwords(url: str) -> list[str]:
    _, _, rest = url.partition("://")
    login = re.match(r"[^:@]*:(.*)@", rest, flags=re.DOTALL)
    found = re.findall(r"[?&]\w*password=([^&]*)", rest) + ([login[1]] if login else [])
    # A driver's own error may show it decoded. A URL without a password is no secret.
    return [*found, *map(unquote, found), *([url] if found else [])]


def _open_to_all(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
