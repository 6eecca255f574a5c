"""A site over a small edition, with a real SMTP server; the clock is turned by the tests."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import pytest

from digest import resources
from digest.catalog.library import ContentLibrary
from digest.rendering.environment import Templates
from digest.settings import Settings
from digest.storage import SqlStore
from digest.web.app import create_app
from digest.wiring import Wiring
from tests.databases import postgres, sqlite_template  # noqa: F401 - fixtures
from tests.drawings import press_cache  # noqa: F401 - a fixture
from tests.smtpserver import SmtpServer

with warnings.catch_warnings():
    # It would rather have httpx2, which nothing else of ours needs.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
BASE = "https://digest.example.org"
SLUGS = ("entropy", "gradient-descent", "normal-distribution", "markov-chain", "momentum")


@pytest.fixture(scope="session")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five root cards and the shelf: enough for an edition, quick to draw."""
    shipped, own = resources.folder("content"), tmp_path_factory.mktemp("content")
    (own / "sources").mkdir()
    (own / "stories").symlink_to(shipped / "stories")
    slugs = sorted(folder.name for folder in (shipped / "concepts").iterdir() if folder.is_dir())
    (own / "wanted.toml").write_text(f"wanted = {slugs!r}\n", encoding="utf-8")
    for slug in SLUGS:
        shutil.copytree(shipped / "concepts" / slug, own / "concepts" / slug)
    return own


@pytest.fixture(scope="session")
def published(
    content: Path,
    press_cache: Path,  # noqa: F811 - the fixture imported above
    sqlite_template: Path,  # noqa: F811 - the fixture imported above
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A database with three editions, to be copied."""
    path = tmp_path_factory.mktemp("published") / "digest.db"
    shutil.copy(sqlite_template, path)
    two = {"edition": {"concepts": 2}}
    wiring = _wiring(path, content, press_cache, path.parent, lambda: NOW, **two)
    # All at once: a child process takes longer to start than to draw.
    concepts = wiring.library.concepts
    wiring.press.draw([(card, 0) for card in concepts] + [(card, 1) for card in concepts[:2]])
    with wiring.store() as store:
        for day in (date(2026, 3, 12), date(2026, 3, 13), NOW.date()):
            wiring.publisher(store).publish(day, NOW)
    return path


def _wiring(
    database: Path,
    content: Path,
    cache: Path,
    state: Path,
    clock: Callable[[], datetime],
    **changes: object,
) -> Wiring:
    values: dict[str, object] = {
        "secret_key": "0123456789abcdef" * 4,
        "site": {"base_url": BASE},
        "mail": {"from_address": "editor@digest.example.org"},
        "preflight": {"checks": "letter"},
        "database": {"url": f"sqlite:///{database}"},
        "paths": {"state": state, "cache": cache, "content": content},
    }
    wiring = Wiring(Settings.model_validate({**values, **changes}), clock)
    # Compiled and read once for all tests.
    wiring.__dict__["templates"] = _templates()
    wiring.__dict__["library"] = _library(content)
    return wiring


@cache
def _templates() -> Templates:
    return Templates(resources.folder("templates"))


@cache
def _library(content: Path) -> ContentLibrary:
    return ContentLibrary(content)


@dataclass
class World:
    """A running site, its store, its clock and the mails that came out of it."""

    wiring: Wiring
    store: SqlStore
    client: TestClient
    smtp: SmtpServer
    moment: list[datetime] = field(default_factory=lambda: [NOW])

    def pass_time(self, **how: float) -> None:
        self.moment[0] += timedelta(**how)

    def mails(self) -> list[EmailMessage]:
        """Send what waits; all mails so far, oldest first."""
        self.wiring.messenger(self.store).send()
        return [
            message_from_bytes(letter.data, policy=policy.default)  # type: ignore[misc]
            for letter in self.smtp.letters
        ]

    def link(self, mail: EmailMessage, kind: str) -> str:
        """The path of the first link of a kind (confirm, u, p, undo) in a mail's text."""
        body = mail.get_body(("plain",))
        assert body is not None
        found = re.search(rf"{BASE}(/{kind}/\S+)", body.get_content())
        assert found, body.get_content()
        return found[1]

    def subscribe(self, address: str = "ada@example.org", **fields: str):
        """Fill in the form as a person does."""
        page = self.client.get("/subscribe").text
        self.pass_time(seconds=5)
        return self.client.post(
            "/subscribe",
            data={
                "address": address, "zone": "Europe/Berlin", "hour": "6", "days": "daily",
                "level": "3", "website": "", "seal": seal_of(page), **fields,
            },
        )  # fmt: skip

    def reader(self, address: str = "ada@example.org") -> dict[str, str]:
        """A confirmed reader: the paths of their links."""
        assert self.subscribe(address).status_code == 200
        confirm = self.mails()[-1]
        assert self.client.post(self.link(confirm, "confirm")).status_code == 200
        found = self.store.subscribers.find(address)
        assert found is not None
        links = self.wiring.printer._links(found.id)  # type: ignore[attr-defined]
        return {
            "u": links.unsubscribe.removeprefix(BASE),
            "p": links.preferences.removeprefix(BASE),
        }


def seal_of(page: str) -> str:
    found = re.search(r'name="seal" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def make_world(
    tmp_path: Path,
    published: Path,
    content: Path,
    press_cache: Path,  # noqa: F811 - the fixture imported above
    smtp: SmtpServer,
) -> Iterator[Callable[..., World]]:
    stores = []

    def make(**changes: object) -> World:
        database = tmp_path / "digest.db"
        shutil.copy(published, database)
        moment = [NOW]
        wiring = _wiring(
            database,
            content,
            press_cache,
            tmp_path,
            lambda: moment[0],
            **{"smtp": smtp.settings().model_dump(), "web": {"page_cache_s": 0}, **changes},
        )
        opened = wiring.store()
        store = opened.__enter__()
        stores.append(opened)
        assert isinstance(store, SqlStore)
        app = create_app(wiring, store, background=False)
        client = TestClient(app, base_url=BASE, follow_redirects=False)
        return World(wiring, store, client, smtp, moment)

    yield make
    for opened in stores:
        opened.__exit__(None, None, None)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()
