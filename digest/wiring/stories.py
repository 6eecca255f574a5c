"""Which model reads the entries, as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.ports import Store
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.workflows.meaning import Meaning


def meaning(settings: Settings, store: Store | None = None, model: str = "") -> Meaning | None:
    """What reads entries: by `model`, else by the setting; None where words alone decide."""
    if (model or settings.stories.model) == "none":
        return None
    from digest.embedding.minilm import MiniLm  # noqa: PLC0415 - numpy
    from digest.workflows.meaning import Meaning  # noqa: PLC0415 - as above

    return Meaning(MiniLm(), store.entries if store is not None else None)


def check_model(settings: Settings) -> None:
    """Raises SettingsError when a model is set whose packages are not installed."""
    if settings.stories.model != "none":
        from digest.embedding.minilm import MiniLm  # noqa: PLC0415 - numpy

        MiniLm.check()
