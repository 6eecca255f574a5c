"""The secret key of an installation that names none."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from digest.errors import OutputError


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
