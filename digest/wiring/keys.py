"""The secret key of an installation that names none, and how a key is called."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from digest.domain.tokens import keyed_hash
from digest.errors import OutputError, SettingsError
from digest.settings import Settings

MIN_KEY_LENGTH = 32
"""Characters of a secret key; `secrets.token_hex(32)` makes 64."""


def all_keys(settings: Settings) -> list[str]:
    """The secret key and the former ones, see `Wiring.keys`."""
    current = settings.secret_key.get_secret_value()
    if current and len(current) < MIN_KEY_LENGTH:
        raise SettingsError(
            f"secret_key: has {len(current)} characters, {MIN_KEY_LENGTH} at least",
            "make one: python3 -c 'import secrets; print(secrets.token_hex(32))'",
        )
    former = [key.get_secret_value() for key in settings.old_secret_keys]
    return [current or kept_key(settings.paths.state / "secret.key"), *former]


def kept_key(path: Path) -> str:
    """The key made once for this installation, readable by its owner only."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_name(f"{path.name}.{os.getpid()}")
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32) + "\n")
            try:
                # A link fails where another process was first: its key is the one that counts.
                os.link(new, path)
            except FileExistsError:
                pass
            finally:
                new.unlink()
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise OutputError(
            f"{path}: the secret key cannot be kept: {error.strerror}",
            "make the folder writable, or set DIGEST_SECRET_KEY_FILE",
        ) from error


def key_id(key: str) -> str:
    """A name of a secret key, 16 hexadecimal digits, that tells nothing of it."""
    return keyed_hash(key, "key-id", "")[:16]
