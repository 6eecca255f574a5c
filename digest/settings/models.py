"""The models: every setting with its type, bounds, default and description.

Numbers carry their unit in their name (`timeout_s`, `window_h`, `max_bytes`). Text is one line,
because most of it ends up in a header of a letter, where a line break would begin a new header.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import (
    Field,
    SecretStr,
    model_validator,
)

from digest.settings.alerts import AlertSettings
from digest.settings.delivery import DeliverySettings, PreflightSettings
from digest.settings.inbound import InboundSettings
from digest.settings.kinds import (
    Address,
    BaseUrl,
    DatabaseUrl,
    Folder,
    FormerKey,
    HeloName,
    Line,
    ListId,
    Network,
    OptionalPath,
    SecretKey,
    Selector,
    Sender,
    SigningDomain,
    Zone,
)
from digest.settings.section import Section as _Section
from digest.settings.stories import StoriesSettings


class SiteSettings(_Section):
    """Who publishes, and where the site is."""

    title: Line = Field("digest", min_length=1, max_length=40, description="Name of the letter.")
    tagline: Line = Field(
        "Five ideas and five stories of machine learning, every morning.",
        max_length=80,
        description="One line below the name.",
    )
    base_url: BaseUrl = Field(
        "http://localhost:8000",
        description="Public address of the site; every link in a letter starts with it.",
    )
    postal_address: Line = Field(
        "", max_length=200, description="Postal address in the footer, where law asks for one."
    )


class MailSettings(_Section):
    """What the letters say of themselves."""

    from_name: Line = Field("digest", max_length=60, description="Display name of the sender.")
    from_address: Sender = Field(
        "digest@localhost.localdomain",
        max_length=254,
        description="Address of the sender (the From header).",
    )
    reply_to: Address = Field(
        "", max_length=254, description="Where answers go; empty: to the sender."
    )
    bounce_address: Address = Field(
        "",
        max_length=254,
        description="Return path of the envelope, where bounces go; empty: the sender's address.",
    )
    list_id: ListId = Field(
        "",
        max_length=255,
        description="List-Id (RFC 2919), a dotted name such as digest.example.org; empty: made "
        "from the sender's domain.",
    )
    images: Literal["cid", "hosted"] = Field(
        "cid", description="Figures travel inside the letter (cid) or are linked (hosted)."
    )
    auto_submitted: bool = Field(
        default=False, description="Add the header Auto-Submitted: auto-generated (RFC 3834)."
    )
    precedence_bulk: bool = Field(default=False, description="Add the header Precedence: bulk.")


class SmtpSettings(_Section):
    """The server that takes the letters."""

    host: Line = Field("localhost", min_length=1, description="Host name of the SMTP server.")
    port: int = Field(
        25, ge=1, le=65535, description="Port: 25, 587 (with starttls) or 465 (with tls)."
    )
    security: Literal["none", "starttls", "tls"] = Field(
        "none",
        description="none, starttls (refused where the server does not offer it) or tls from the "
        "first byte.",
    )
    username: Line = Field("", description="User name; empty: no login.")
    password: SecretStr = Field(
        SecretStr(""), description="Password of the login; better kept in a file."
    )
    ca_file: OptionalPath = Field(
        None,
        description="PEM file of certificates to trust besides the system's; empty: none.",
    )
    helo_name: HeloName = Field(
        "", max_length=255, description="Name said in EHLO; empty: this machine's."
    )
    timeout_s: float = Field(60.0, gt=0, le=3600, description="Longest wait for a reply, seconds.")
    connections: int = Field(
        4, ge=1, le=200, description="Connections open at once, at most; each carries one letter."
    )
    letters_per_connection: int = Field(
        100, ge=1, le=100_000, description="Letters after which a connection is made anew."
    )
    letters_per_second: float = Field(
        0.0,
        ge=0,
        le=100_000,
        description="Letters a second that this server may get from all senders together, at "
        "most; 0: no limit.",
    )
    warm_up_per_day: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Letters on the first day, for a new domain or address, from all senders "
        "together; each day after it twice as many; 0: no such limit.",
    )
    weight: int = Field(
        1,
        ge=0,
        le=1000,
        description="Share of the letters, beside other servers; 0: only when no other is left.",
    )

    @model_validator(mode="after")
    def _login(self) -> Self:
        if self.password.get_secret_value() and not self.username:
            raise ValueError("password is set and username is not: no login would be tried")
        return self


class MoreSmtpSettings(SmtpSettings):
    """One more server beside [smtp], used where its host is set; `weight` shares the letters."""

    host: Line = Field("", description="Host name of the server; empty: there is none.")


class DkimSettings(_Section):
    """Signing the letters (RFC 6376). `digest dkim new` makes a key and prints its DNS record."""

    selector: Selector = Field(
        "",
        max_length=63,
        description="Selector of the RSA key, such as d2026; empty: the letters are not signed "
        "here, the relay has to.",
    )
    key_file: OptionalPath = Field(
        None,
        description="PEM file of the RSA key; empty: dkim/SELECTOR.pem in paths.state.",
    )
    ed25519_selector: Selector = Field(
        "",
        max_length=63,
        description="Selector of an Ed25519 key for a second signature (RFC 8463); empty: none.",
    )
    ed25519_key_file: OptionalPath = Field(
        None,
        description="PEM file of the Ed25519 key; empty: dkim/ED25519_SELECTOR.pem in paths.state.",
    )
    domain: SigningDomain = Field(
        "",
        max_length=253,
        description="Domain that signs; empty: that of mail.from_address.",
    )


class DatabaseSettings(_Section):
    """Where subscribers, editions and deliveries live."""

    url: DatabaseUrl = Field(
        SecretStr("sqlite:///var/digest.db"),
        description="sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME.",
    )
    busy_timeout_s: float = Field(
        30.0, gt=0, le=600, description="Longest wait for SQLite's write lock, seconds."
    )


class PathSettings(_Section):
    """Folders. Relative ones start at the working folder."""

    state: Folder = Field(Path("var"), description="What must be kept: the secret key.")
    cache: Folder = Field(Path("var/cache"), description="Figures and pages; may be deleted.")
    out: Folder = Field(Path("var/out"), description="Where a dry run writes its letters.")
    content: OptionalPath = Field(
        None, description="A content/ folder of your own; empty: the one shipped."
    )
    sources: OptionalPath = Field(
        None,
        description="A folder of sources of your own, beside those shipped; one of the same name "
        "takes the place of ours; empty: none.",
    )
    templates: OptionalPath = Field(
        None,
        description="A folder whose templates take the place of those shipped; empty: none.",
    )
    weights: OptionalPath = Field(
        None,
        description="Weights of the ranking of your own, made by `digest stories calibrate`; "
        "empty: those shipped.",
    )


class EditionSettings(_Section):
    """The day's issue."""

    concepts: int = Field(5, ge=1, le=5, description="Concepts in an edition, at most.")
    stories: int = Field(5, ge=0, le=5, description="Stories in an edition, at most.")
    zone: Zone = Field(
        "UTC", description="IANA time zone, such as Europe/Berlin, whose date an edition bears."
    )
    hour: int = Field(7, ge=0, le=23, description="Local hour for readers who chose none.")
    story_window_h: int = Field(
        72, ge=12, le=240, description="How far back stories are looked for, hours."
    )
    lead_minutes: int = Field(
        30,
        ge=0,
        le=720,
        description="How long before its first reader is due an edition is published, minutes.",
    )
    review_minutes: int = Field(
        0,
        ge=0,
        le=1440,
        description="How long before that a draft is built for an editor to look at and change, "
        "minutes; 0: none. Stories that come in later are not in it.",
    )


class FeedSettings(_Section):
    """How feeds are fetched."""

    contact: Line = Field(
        "",
        max_length=200,
        description="Address or URL in the User-Agent, for those who run the feeds.",
    )
    connect_timeout_s: float = Field(
        10.0, gt=0, le=60, description="Longest wait for a connection, seconds."
    )
    timeout_s: float = Field(20.0, gt=0, le=120, description="Time for one feed in all, seconds.")
    max_bytes: int = Field(
        5_000_000, ge=10_000, le=50_000_000, description="Largest feed, decompressed, bytes."
    )
    host_interval_s: float = Field(
        2.0, ge=0, le=60, description="Pause between two requests to one host, seconds."
    )
    dry_run_budget_s: float = Field(
        15.0,
        ge=0,
        le=120,
        description="Time that `digest send` gives to all feeds together where no fresh story is "
        "stored, seconds; 0: it asks none.",
    )
    collect_every_minutes: int = Field(
        30, ge=5, le=720, description="How often the scheduler asks the feeds, minutes."
    )
    park_after_failures: int = Field(
        10, ge=2, le=100, description="Failures in a row after which a feed is parked."
    )
    allow_private: list[Network] = Field(
        default_factory=list,
        description="Networks that feeds may be on though private, such as 127.0.0.0/8.",
    )


class WebSettings(_Section):
    """The site: where it listens, whom it believes, how much it takes."""

    host: Line = Field(
        "127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 is all of IPv4."
    )
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    trusted_proxies: list[Network] = Field(
        default_factory=list,
        description="Networks of the proxies whose X-Forwarded-For and X-Forwarded-Proto are "
        "believed, such as 127.0.0.0/8; nobody else's are.",
    )
    requests_per_network_h: int = Field(
        20,
        ge=1,
        le=100_000,
        description="Requests for a mail (subscribe, manage) from one network (/24, /56) an hour.",
    )
    requests_per_minute: int = Field(
        60, ge=1, le=100_000, description="Requests for a mail a minute, from all networks."
    )
    requests_per_domain_h: int = Field(
        100,
        ge=1,
        le=1_000_000,
        description="Mails on request to addresses of one domain an hour.",
    )
    min_fill_s: float = Field(
        2.0, ge=0, le=60, description="A form that comes back sooner was filled by a program."
    )
    max_body_kb: int = Field(
        64, ge=8, le=16_384, description="Largest body of a request, kilobytes."
    )
    page_cache_s: int = Field(
        30, ge=0, le=3600, description="How long a page of the archive may be shown as it was."
    )
    metrics_from: list[Network] = Field(
        default_factory=list,
        description="Networks that may read /metrics (Prometheus), such as 10.0.0.0/8; for nobody "
        "else there is such a page.",
    )
    stale_after_h: int = Field(
        80,
        ge=0,
        le=8760,
        description="/readyz answers 503 when the newest edition is older, hours; 0: never. A "
        "weekend without letters is 72.",
    )
    api_requests_per_minute: int = Field(
        300, ge=1, le=100_000, description="Requests of one token to the API a minute."
    )
    admin_session_h: int = Field(
        12, ge=1, le=720, description="How long one stays signed in to /admin, hours."
    )
    admin_idle_minutes: int = Field(
        120, ge=5, le=1440, description="How long one stays signed in without looking at a page."
    )
    admin_failures_per_network_h: int = Field(
        10, ge=1, le=1000, description="Failed attempts to sign in from one network an hour."
    )


class Settings(_Section):
    """All of them."""

    secret_key: SecretKey = Field(
        SecretStr(""),
        description="Key of all signed links, 32 characters or more; empty: made once and kept in "
        "paths.state.",
    )
    old_secret_keys: list[FormerKey] = Field(
        default_factory=list, description="Former keys, so that links already sent go on working."
    )
    suppression_keys: list[FormerKey] = Field(
        default_factory=list,
        description="Former keys by which addresses are looked up in the suppression list and "
        "nothing is signed: for one that leaked.",
    )
    site: SiteSettings = Field(default_factory=SiteSettings)
    mail: MailSettings = Field(default_factory=MailSettings)
    smtp: SmtpSettings = Field(default_factory=SmtpSettings)
    smtp2: MoreSmtpSettings = Field(default_factory=MoreSmtpSettings)
    smtp3: MoreSmtpSettings = Field(default_factory=MoreSmtpSettings)
    dkim: DkimSettings = Field(default_factory=DkimSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    paths: PathSettings = Field(default_factory=PathSettings)
    edition: EditionSettings = Field(default_factory=EditionSettings)
    feeds: FeedSettings = Field(default_factory=FeedSettings)
    stories: StoriesSettings = Field(default_factory=StoriesSettings)
    delivery: DeliverySettings = Field(default_factory=DeliverySettings)
    preflight: PreflightSettings = Field(default_factory=PreflightSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    inbound: InboundSettings = Field(default_factory=InboundSettings)
