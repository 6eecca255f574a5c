"""The settings of the ledger."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from digest.settings.kinds import DomainPace, Minutes
from digest.settings.section import Section


class DeliverySettings(Section):
    """How deliveries are worked off."""

    window_h: int = Field(
        12, ge=1, le=23, description="How late a letter may still go out, hours after its time."
    )
    batch: int = Field(200, ge=1, le=1000, description="Deliveries claimed at once.")
    lease_minutes: int = Field(
        15,
        ge=11,
        le=240,
        description="After which a dead sender's claims are taken over, minutes.",
    )
    retry_minutes: list[Minutes] = Field(
        default_factory=lambda: [5, 15, 60, 120, 240],
        min_length=1,
        description="Waits before each new attempt after a 4xx reply, minutes.",
    )
    domain_paces: list[DomainPace] = Field(
        default_factory=list,
        description="Letters a minute that a recipient domain may get, such as gmail.com=600.",
    )
    on_ambiguous: Literal["resend", "hold"] = Field(
        "resend",
        description="What becomes of a letter whose end went out and whose reply never came.",
    )
    stop_refused: float = Field(
        0.2, ge=0, le=1, description="Share of 5xx among the first letters that stops an edition."
    )
    keep_days: int = Field(
        400, ge=2, le=36_500, description="How long `digest prune` keeps deliveries, days."
    )
