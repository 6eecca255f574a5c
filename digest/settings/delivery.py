"""The settings of the ledger, and of what is looked at before an edition's first letter."""

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
        description="Letters a minute that a recipient domain may get from all senders together, "
        "such as gmail.com=600.",
    )
    on_ambiguous: Literal["resend", "hold"] = Field(
        "resend",
        description="What becomes of a letter whose end went out and whose reply never came.",
    )
    stop_refused: float = Field(
        0.2, ge=0, le=1, description="Share of 5xx among the first letters that stops an edition."
    )
    stop_complaints: float = Field(
        0.003,
        ge=0,
        le=1,
        description="Share of complaints among an edition's letters that stops it (3 complaints at "
        "least); 0: never. Gmail asks for less than 0.003.",
    )
    keep_days: int = Field(
        400, ge=2, le=36_500, description="How long `digest prune` keeps deliveries, days."
    )


class PreflightSettings(Section):
    """What is looked at once before an edition's first letter goes out; errors hold it."""

    checks: Literal["all", "letter", "none"] = Field(
        "all",
        description="all: the letter, its links, the site, DNS and the SMTP servers; letter: the "
        "letter only, nothing is asked over the network; none.",
    )
    budget_s: float = Field(
        20.0,
        gt=0,
        le=300,
        description="Time for all that is asked over the network, seconds; what has not answered "
        "by then is left out.",
    )
