"""Where content/, templates/ and migrations/ are: in the wheel, else in the checkout."""

from __future__ import annotations

from pathlib import Path

from digest.errors import OutputError

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder `name` (content, templates or migrations) that came with this program.

    A wheel carries them under ``digest/_shipped/``; an editable install has them beside the
    package. Raises OutputError when neither is there, which means a broken installation.
    """
    for candidate in (_PACKAGE / "_shipped" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise OutputError(
        f"{_PACKAGE / '_shipped' / name}: the folder {name!r} is missing from this installation",
        "install digest-letter again",
    )


def data(name: str) -> Path:
    """A file of data that came with this program, such as the weights of the ranking.

    Raises OutputError when it is not there, which means a broken installation.
    """
    found = _PACKAGE / "_data" / name
    if found.is_file():
        return found
    raise OutputError(
        f"{found}: the file is missing from this installation", "install digest-letter again"
    )
