"""The settings: one model, read from the environment, then digest.toml, then the defaults."""

from __future__ import annotations

from digest.settings.alerts import AlertSettings
from digest.settings.delivery import DeliverySettings, PreflightSettings
from digest.settings.kinds import Zone
from digest.settings.load import Loaded, load
from digest.settings.models import (
    DatabaseSettings,
    DkimSettings,
    EditionSettings,
    FeedSettings,
    MailSettings,
    PathSettings,
    Settings,
    SiteSettings,
    SmtpSettings,
    WebSettings,
)
from digest.settings.stories import StoriesSettings

__all__ = [
    "AlertSettings",
    "DatabaseSettings",
    "DeliverySettings",
    "DkimSettings",
    "EditionSettings",
    "FeedSettings",
    "Loaded",
    "MailSettings",
    "PathSettings",
    "PreflightSettings",
    "Settings",
    "SiteSettings",
    "SmtpSettings",
    "StoriesSettings",
    "WebSettings",
    "Zone",
    "load",
]
