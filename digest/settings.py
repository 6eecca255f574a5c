"""The settings: one model, read from the environment, then digest.toml, then the defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin or UTC")
    return name


Zone = Annotated[str, AfterValidator(_zone)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class SiteSettings(_Section):
    """Who publishes, and where the site is."""

    title: str = Field("digest", min_length=1, max_length=40, description="Name of the letter.")
    tagline: str = Field(
        "Five ideas and five stories of machine learning, every morning.",
        max_length=80,
        description="One line below the name.",
    )
    base_url: str = Field(
        "http://localhost:8000",
        pattern=r"^https?://[^\s/]+(/[^\s]*)?$",
        description="Public address of the site; links in the letters start with it.",
    )
    postal_address: str = Field(
        "", max_length=200, description="Postal address in the footer, where law asks for one."
    )

    @field_validator("base_url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        return value.rstrip("/")


class MailSettings(_Section):
    """What the letters say of themselves."""

    from_name: str = Field("digest", max_length=60, description="Display name of the sender.")
    from_address: str = Field(
        "digest@localhost.localdomain", description="Address of the sender (the From header)."
    )
    reply_to: str = Field("", description="Where answers go; empty: to the sender.")
    bounce_address: str = Field(
        "", description="Return path of the envelope; empty: the sender's address."
    )
    list_id: str = Field(
        "", description="List-Id, a dotted name such as digest.example.org; empty: from the sender."
    )
    images: Literal["cid", "hosted"] = Field(
        "cid", description="Figures inside the letter (cid) or linked from the site (hosted)."
    )
    auto_submitted: bool = Field(
        default=False, description="Add the header Auto-Submitted: auto-generated (RFC 3834)."
    )
    precedence_bulk: bool = Field(default=False, description="Add the header Precedence: bulk.")


class SmtpSettings(_Section):
    """The server that takes the letters."""

    host: str = Field("localhost", min_length=1, description="Host name of the SMTP server.")
    port: int = Field(25, ge=1, le=65535, description="Port: 25, 587 (STARTTLS) or 465 (TLS).")
    security: Literal["none", "starttls", "tls"] = Field(
        "none", description="none, starttls (refused where not offered) or tls from the start."
    )
    username: str = Field("", description="User name; empty: no login.")
    password: SecretStr = Field(
        SecretStr(""), description="Password; better as a file: DIGEST_SMTP__PASSWORD_FILE."
    )
    ca_file: Path | None = Field(
        None, description="Certificates to trust besides the system's, as a PEM file."
    )
    helo_name: str = Field("", description="Name said in EHLO; empty: this machine's.")
    timeout_s: float = Field(60.0, gt=0, le=3600, description="Longest wait for a reply, seconds.")
    letters_per_connection: int = Field(
        100, ge=1, le=100_000, description="Letters after which a connection is made anew."
    )


class DatabaseSettings(_Section):
    """Where subscribers, editions and deliveries live."""

    url: SecretStr = Field(
        SecretStr("sqlite:///var/digest.db"),
        description="sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME.",
    )
    busy_timeout_s: float = Field(
        30.0, gt=0, le=600, description="How long to wait for SQLite's write lock, seconds."
    )


class PathSettings(_Section):
    """Folders. Relative ones start at the working folder."""

    state: Path = Field(Path("var"), description="What must be kept: the secret key.")
    cache: Path = Field(Path("var/cache"), description="Figures and pages; may be deleted.")
    out: Path = Field(Path("var/out"), description="Where a dry run writes its letters.")
    content: Path | None = Field(
        None, description="A content/ folder of your own; empty: the one shipped."
    )
    templates: Path | None = Field(
        None, description="A folder whose templates take the place of those shipped."
    )


class EditionSettings(_Section):
    """The day's issue."""

    concepts: int = Field(5, ge=1, le=5, description="Concepts in an edition, at most.")
    stories: int = Field(5, ge=0, le=5, description="Stories in an edition, at most.")
    zone: Zone = Field("UTC", description="IANA zone whose date is `today`.")
    hour: int = Field(7, ge=0, le=23, description="Local hour for readers who chose none.")
    story_window_h: int = Field(
        72, ge=12, le=240, description="How far back stories are looked for, hours."
    )
    lead_minutes: int = Field(
        30,
        ge=0,
        le=720,
        description="How long before its first reader is due an edition is built, minutes.",
    )


class FeedSettings(_Section):
    """How feeds are fetched."""

    contact: str = Field(
        "", description="Address or URL in the User-Agent, for those who run the feeds."
    )
    connect_timeout_s: float = Field(10.0, gt=0, le=60, description="Time to connect, seconds.")
    timeout_s: float = Field(20.0, gt=0, le=120, description="Time for one feed in all, seconds.")
    max_bytes: int = Field(
        5_000_000, ge=10_000, le=50_000_000, description="Size of a feed, decompressed, bytes."
    )
    host_interval_s: float = Field(
        2.0, ge=0, le=60, description="Pause between two requests to one host, seconds."
    )
    dry_run_budget_s: float = Field(
        15.0, ge=0, le=120, description="Time a dry run gives to all feeds together, seconds."
    )
    collect_every_minutes: int = Field(
        30, ge=5, le=720, description="How often the scheduler asks the feeds, minutes."
    )
    park_after_failures: int = Field(
        10, ge=2, le=100, description="Failures in a row after which a feed is parked."
    )
    allow_private: list[str] = Field(
        default_factory=list,
        description="Networks that feeds may be on though private, such as 127.0.0.0/8.",
    )


class DeliverySettings(_Section):
    """How deliveries are worked off."""

    window_h: int = Field(
        12, ge=1, le=23, description="How late a letter may still go out, hours after its time."
    )
    batch: int = Field(50, ge=1, le=1000, description="Deliveries claimed at once.")
    lease_minutes: int = Field(
        15, ge=11, le=240, description="After which a dead sender's claims are taken over, minutes."
    )
    retry_minutes: list[int] = Field(
        default_factory=lambda: [5, 15, 60, 120, 240],
        min_length=1,
        description="Waits before each new attempt after a 4xx, minutes.",
    )
    on_ambiguous: Literal["resend", "hold"] = Field(
        "resend",
        description="What becomes of a letter whose end went out and whose reply never came.",
    )


class Settings(_Section):
    """All of them."""

    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Key of all signed links, 32 characters or more; empty: made once and kept in "
        "paths.state.",
    )
    old_secret_keys: list[SecretStr] = Field(
        default_factory=list, description="Former keys, so that links already sent go on working."
    )
    site: SiteSettings = Field(default_factory=SiteSettings)
    mail: MailSettings = Field(default_factory=MailSettings)
    smtp: SmtpSettings = Field(default_factory=SmtpSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    paths: PathSettings = Field(default_factory=PathSettings)
    edition: EditionSettings = Field(default_factory=EditionSettings)
    feeds: FeedSettings = Field(default_factory=FeedSettings)
    delivery: DeliverySettings = Field(default_factory=DeliverySettings)
