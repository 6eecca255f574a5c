"""Whatever breaks, somebody hears of it: programs, a real SMTP server, a real web hook."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from digest import resources
from digest.settings import Settings
from digest.wiring import Wiring
from digest.wiring.alarm import Watch
from tests.cli.conftest import Run
from tests.hookserver import HookServer
from tests.smtpserver import SmtpServer

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with HookServer() as server:
        yield server


def told_by(hook: HookServer) -> dict[str, str]:
    return {
        "DIGEST_ALERTS__WEBHOOK_URL": f"{hook.url}/alerts?key=s3cret",
        "DIGEST_ALERTS__ALLOW_PRIVATE": "127.0.0.0/8",
        "DIGEST_ALERTS__WEBHOOK_SECRET": "between us",
    }


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def test_a_test_goes_over_each_channel(digest: Run, smtp: SmtpServer, hook: HookServer) -> None:
    more = told_by(hook) | {
        "DIGEST_ALERTS__MAIL_TO": "operator@example.org",
        "DIGEST_SMTP__HOST": "127.0.0.1",
        "DIGEST_SMTP__PORT": str(smtp.port),
    }
    done = digest("alerts", "test", **more)
    assert (done.returncode, done.stdout) == (0, "web hook: told\nmail: told\n"), done.stderr
    (post,) = hook.posts
    assert (post.json["kind"], post.json["state"]) == ("test", "raised")
    assert post.headers["x-digest-signature"].startswith("v1=")
    (mail,) = smtp.letters
    assert mail.recipients == ("operator@example.org",)
    message = message_from_bytes(mail.data, policy=policy.default)
    assert message["Subject"] == "[digest] this is a test of the alerts of digest"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Id"] is None
    hook.answers = [404]
    done = digest("alerts", "test", **more)
    assert done.returncode == 1
    assert "web hook: the web hook answered 404" in done.stderr
    assert "s3cret" not in done.stderr + done.stdout
    assert digest("alerts", "test").returncode == 2


def test_a_letter_with_a_template_mark_is_held_told_and_let_go(
    digest: Run, smtp: SmtpServer, hook: HookServer, tmp_path: Path
) -> None:
    own = tmp_path / "templates" / "email"
    own.mkdir(parents=True)
    name = "letter.txt.jinja"
    shipped = (resources.folder("templates") / "email" / name).read_text()
    (own / name).write_text(shipped + "{{ '{{' }} forgotten }}\n")
    more = told_by(hook) | {
        "DIGEST_PATHS__TEMPLATES": str(own.parent),
        "DIGEST_SMTP__HOST": "127.0.0.1",
        "DIGEST_SMTP__PORT": str(smtp.port),
    }
    shown = digest("send", "--dry-run", "--json", **more)
    assert shown.returncode == 1
    found = json.loads(shown.stdout)["preflight"]
    assert [one["words"] for one in found if one["holds"]] == ["{{ forgotten }} was not filled in"]
    digest("subscribers", "add", "ada@example.org", "--hour", str(time.gmtime().tm_hour), **more)
    done = digest("send", **more)
    assert done.returncode == 8
    assert "is held: letter: template: {{ forgotten }} was not filled in" in done.stderr
    assert smtp.letters == []
    (post,) = hook.posts
    assert (post.json["kind"], post.json["state"]) == ("held", "raised")
    assert "digest resume" in post.json["hint"]
    assert "is held since" in digest("send", **more).stderr
    assert len(hook.posts) == 1, "each is told once"
    today = post.json["about"]
    digest("resume", today, **more)
    away = {"DIGEST_SMTP__PORT": closed_port(), "DIGEST_ALERTS__UNREACHABLE_MINUTES": "0"}
    done = digest("serve", "worker", "--once", **more | away)
    assert done.returncode == 6
    done = digest("send", **more)
    assert "1 sent" in done.stdout, done.stderr
    assert [(post.json["kind"], post.json["state"]) for post in hook.posts[1:]] == [
        ("held", "over"), ("servers", "raised"), ("servers", "over"),
    ]  # fmt: skip
    assert digest("alerts", "list", "--all", **more).returncode == 0


def test_a_scheduler_with_everything_broken_is_heard(
    digest: Run, hook: HookServer, own_content: Path
) -> None:
    for folder in ("concepts", "stories"):
        shutil.rmtree(own_content / folder)
        (own_content / folder).mkdir()
    broken = told_by(hook) | {
        "DIGEST_PATHS__CONTENT": str(own_content),
        "DIGEST_SMTP__HOST": "127.0.0.1",
        "DIGEST_SMTP__PORT": closed_port(),
        "DIGEST_ALERTS__MAIL_TO": "operator@example.org",
        "DIGEST_ALERTS__FREE_MB": "1000000",
        "DIGEST_PREFLIGHT__CHECKS": "all",
        "DIGEST_PREFLIGHT__BUDGET_S": "1",
    }
    hour = str(time.gmtime().tm_hour)
    digest("subscribers", "add", "ada@example.org", "--hour", hour, **broken)
    done = digest("serve", "scheduler", "--once", **broken)
    assert done.returncode == 1
    kinds = {post.json["kind"] for post in hook.posts}
    assert kinds == {"no-edition", "disk"}, done.stderr
    words = " ".join(post.json["text"] for post in hook.posts)
    assert "cannot be built: there is neither a concept nor a story" in words
    assert "nearly full" in words
    assert "by mail nothing could be told" in done.stderr
    assert "s3cret" not in done.stderr
    listed = json.loads(digest("alerts", "list", "--json", **broken).stdout)
    assert {one["kind"] for one in listed} == kinds
    (disk,) = [one for one in listed if one["kind"] == "disk"]
    assert digest("alerts", "dismiss", "disk", disk["about"], **broken).returncode == 0
    assert "no such alert" in digest("alerts", "dismiss", "disk", "elsewhere", **broken).stderr
    assert "nearly full" not in digest("alerts", "list", **broken).stdout
    # The database is away: that cannot be kept there, and is told all the same.
    away = broken | {"DIGEST_DATABASE__URL": f"postgresql://u:geheim@127.0.0.1:{closed_port()}/d"}
    done = digest("serve", "scheduler", "--once", **away)
    assert done.returncode == 1
    assert "geheim" not in done.stderr
    assert "cannot be reached" in done.stderr


def test_a_database_that_is_away_is_told_once_by_whoever_sees_it(
    hook: HookServer, tmp_path: Path
) -> None:
    moment = [NOW]
    given = {
        "database": {"url": f"postgresql://u@127.0.0.1:{closed_port()}/d"},
        "paths": {"state": str(tmp_path)},
        "alerts": {"webhook_url": hook.url, "allow_private": ["127.0.0.0/8"]},
    }
    one, two = (Watch(Wiring(Settings.model_validate(given), lambda: moment[0])) for _ in "12")
    for minutes in (0, 1, 2, 4, 6):
        moment[0] = NOW + timedelta(minutes=minutes)
        one.once()
        two.once()
    assert [(p.json["kind"], p.json["state"]) for p in hook.posts] == [("database", "raised")]
    assert hook.posts[0].json["since"] == NOW.isoformat()
    moment[0] = NOW + timedelta(hours=25)
    two.once()
    assert len(hook.posts) == 2
    for watch in (one, two):
        watch.database(None)
    assert [p.json["state"] for p in hook.posts[2:]] == ["over"]
    assert list(tmp_path.glob("database-away*")) == []
