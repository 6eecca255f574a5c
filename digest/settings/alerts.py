"""The settings of alerts: whom to tell when something is amiss, and from when on."""

from __future__ import annotations

from pydantic import Field, SecretStr

from digest.settings.kinds import Address, HookUrl, Network
from digest.settings.section import Section


class AlertSettings(Section):
    """Whom the program tells what is amiss. What is told is in the log as well, always."""

    mail_to: Address = Field(
        "",
        max_length=254,
        description="Address that gets a plain mail over the same SMTP servers; empty: none.",
    )
    webhook_url: HookUrl = Field(
        SecretStr(""),
        description="Address that gets a JSON document by POST; empty: none. It counts as secret, "
        "as those of chat services are.",
    )
    webhook_secret: SecretStr = Field(
        SecretStr(""),
        description="Key of the signature in X-Digest-Signature; empty: none is made.",
    )
    allow_private: list[Network] = Field(
        default_factory=list,
        description="Networks that the web hook may be on though private, such as 10.0.0.0/8, and "
        "whatever port it has there.",
    )
    unreachable_minutes: int = Field(
        10,
        ge=0,
        le=1440,
        description="How long a sender finds no SMTP server that can be used before it is told.",
    )
    free_mb: int = Field(
        500,
        ge=0,
        le=1_000_000,
        description="Free space of the disk of paths.state below which it is told, MB; 0: never.",
    )
    bounced_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of an edition's letters that were refused or came back (10 at least) "
        "from which it is told; 0: never.",
    )
