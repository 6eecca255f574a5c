"""A whole installation on loopback: content of its own, feeds, an SMTP server, either database."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from digest import resources
from digest.settings import Settings
from digest.wiring import Wiring
from tests.databases import database_url, postgres, sqlite_template  # noqa: F401 - fixtures
from tests.drawings import press_cache  # noqa: F401 - a fixture
from tests.feedserver import FeedServer
from tests.smtpserver import SmtpServer

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


def rss(outlet: str, items: list[tuple[str, str, datetime]]) -> str:
    """An RSS feed of (title, lead, when)."""
    slug = outlet.lower().replace(" ", "-")
    entries = "".join(
        f"<item><title>{title}</title><link>https://{slug}.example/{number}</link>"
        f"<guid>https://{slug}.example/{number}</guid><description>{lead}</description>"
        f"<pubDate>{format_datetime(when)}</pubDate></item>"
        for number, (title, lead, when) in enumerate(items)
    )
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>{outlet}</title>{entries}"
        "</channel></rss>"
    )


NEWS = [
    ("Example Lab", "lab", 1, [
        ("Introducing Quill 3, an open-weights language model", "Quill 3 is a language model of "
         "eight billion parameters. Its weights are open and it runs on one graphics card.", 5),
        ("How we train robots from video", "A new paper shows robots that learn from video. The "
         "policy needs a tenth of the demonstrations.", 30),
    ]),
    ("Daily Byte", "press", 2, [
        ("Example Lab releases Quill 3 language model with open weights", "The model has eight "
         "billion parameters and open weights. It runs on a single graphics card.", 4),
        ("Court rules on training data for AI models", "A court has ruled that training on "
         "licensed text is fair. The case had run for three years.", 8),
        ("Gardeners rejoice as spring arrives early", "Tulips are out. Bees are about.", 3),
    ]),
    ("Machine Weekly", "press", 2, [
        ("Quill 3: Example Lab's open language model beats larger rivals", "Benchmarks put the "
         "open model ahead of larger ones. The lab published its weights.", 3),
        ("New benchmark tests reasoning of language models", "The benchmark has two thousand "
         "problems. The best model solves a third of them.", 10),
        ("Chip maker announces accelerator for neural networks", "The accelerator doubles the "
         "memory bandwidth. Deep learning training gets faster.", 12),
    ]),
]  # fmt: skip


@pytest.fixture
def content(tmp_path: Path, feeds: FeedServer) -> Path:
    """Concepts and shelf as shipped; the sources are on loopback."""
    folder = tmp_path / "content"
    shipped = resources.folder("content")
    (folder / "sources").mkdir(parents=True)
    for name in ("concepts", "stories"):
        (folder / name).symlink_to(shipped / name)
    shutil.copy(shipped / "wanted.toml", folder)
    for outlet, kind, tier, items in NEWS:
        slug = outlet.lower().replace(" ", "-")
        dated = [(title, lead, NOW - timedelta(hours=hours)) for title, lead, hours in items]
        feeds.serve(f"/{slug}", rss(outlet, dated), etag=f'"{slug}"')
        (folder / "sources" / f"{slug}.toml").write_text(
            f'url = "{feeds.url(f"/{slug}")}"\ntitle = "{outlet}"\n'
            f'homepage = "https://{slug}.example/"\nowner = "{outlet}"\nkind = "{kind}"\n'
            f"tier = {tier}\nfilter = {'false' if kind == 'lab' else 'true'}\n"
        )
    for slug, how in {
        "dead": {"status": 500},
        "no-feed": {"body": "<html><body>hello</body></html>", "content_type": "text/html"},
        "huge": {"huge": 200_000_000},
    }.items():
        feeds.serve(f"/{slug}", **how)
        (folder / "sources" / f"{slug}.toml").write_text(
            f'url = "{feeds.url(f"/{slug}")}"\ntitle = "{slug}"\nhomepage = ""\n'
            f'owner = "{slug}"\nkind = "press"\ntier = 3\n'
        )
    return folder


@pytest.fixture
def make_wiring(
    tmp_path: Path,
    content: Path,
    press_cache: Path,  # noqa: F811 - the fixture imported above
    smtp: SmtpServer,
    database_url: str,  # noqa: F811 - the fixture imported above
) -> Callable[..., Wiring]:
    """The wiring of an installation; the clock stands at NOW unless another is given."""

    def make(clock: Callable[[], datetime] = lambda: NOW, **changes: object) -> Wiring:
        settings = Settings.model_validate(
            {
                "secret_key": "0123456789abcdef" * 4,
                "site": {"base_url": "https://digest.example.org"},
                "mail": {"from_address": "editor@digest.example.org"},
                "smtp": smtp.settings().model_dump(),
                "database": {"url": database_url},
                "paths": {
                    "state": tmp_path / "state",
                    "cache": press_cache,
                    "out": tmp_path / "out",
                    "content": content,
                },
                "feeds": {
                    "allow_private": ["127.0.0.0/8"],
                    "host_interval_s": 0,
                    "timeout_s": 5,
                },
                **changes,
            }
        )
        return Wiring(settings, clock)

    return make
