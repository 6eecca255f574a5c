"""Every error that a person may meet, in one tree.

DigestError                 exit code   what failed
├── UsageError                  2       the command line's words, an address, a file handed in
├── SettingsError               3       digest.toml, an environment variable, a secret file
├── CatalogError                4       content/ and templates/: a card, figure, source, template
├── StorageError                5       the database cannot be reached or read
│   └── MigrationError          5       its schema is older or newer than this program
├── TransportError              6       the SMTP server as a whole (never one reader's address)
├── OutputError                 7       a file or folder cannot be written
└── EditionError                8       an edition cannot be built, or must not change any more

Exit code 0 means that all went well; 1 means that the command did its work and
reports something that did not (a refused address, a card left out).

Each carries `message` (what is wrong, naming file, line, setting or address) and
`hint` (the next step). The command line prints both and no traceback.
"""

from __future__ import annotations


class DigestError(Exception):
    """An error with a next step, fit to be shown to a person."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(DigestError):
    """The words of a command, an address or an input file are off."""

    exit_code = 2


class SettingsError(DigestError):
    """A setting is unknown, of the wrong type, or its secret file unreadable."""

    exit_code = 3


class CatalogError(DigestError):
    """Something under content/ or templates/ is broken; `message` starts with `file:line:`."""

    exit_code = 4


class StorageError(DigestError):
    """The database cannot be opened, read or written."""

    exit_code = 5


class MigrationError(StorageError):
    """The database's schema is not the one of this program."""


class TransportError(DigestError):
    """The SMTP server cannot be used at all: unreachable, TLS or login refused."""

    exit_code = 6


class OutputError(DigestError):
    """A file or folder cannot be written."""

    exit_code = 7


class EditionError(DigestError):
    """An edition cannot be built or must not be changed any more."""

    exit_code = 8
