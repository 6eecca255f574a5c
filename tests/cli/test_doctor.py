"""digest doctor, as a program: in words, with an exit code."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from digest.storage import open_store
from tests.cli.conftest import Run
from tests.databases import settings_for
from tests.dnsserver import DnsServer
from tests.smtpserver import SmtpServer


class Site(BaseHTTPRequestHandler):
    status = 200

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))  # type: ignore[attr-defined]
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def test_what_is_wrong_is_said_and_ends_with_1(digest: Run, smtp: SmtpServer) -> None:
    site = HTTPServer(("127.0.0.1", 0), Site)
    site.bodies = []  # type: ignore[attr-defined]
    threading.Thread(target=site.serve_forever, daemon=True).start()
    zone = {
        ("example.org", "TXT"): ['"v=spf1 mx -all"'],
        ("example.org", "MX"): ["10 mx.example.org."],
        ("mx.example.org", "A"): ["203.0.113.8"],
    }
    with DnsServer(zone) as names:
        done = digest(
            "doctor", "--json", "--nameserver", f"127.0.0.1:{names.port}",
            DIGEST_MAIL__FROM_ADDRESS="letters@example.org",
            DIGEST_SMTP__HOST="127.0.0.1", DIGEST_SMTP__PORT=str(smtp.port),
            DIGEST_SITE__BASE_URL=f"http://127.0.0.1:{site.server_port}",
        )  # fmt: skip
    site.shutdown()
    site.server_close()
    found = {one["name"].partition(" ")[0]: one for one in json.loads(done.stdout)}
    assert {name: one["state"] for name, one in found.items()} == {
        "disk": found["disk"]["state"], "database": "ok", "feeds": "warn", "suppression": "ok",
        "pace": "ok", "alerts": "warn",
        "relay": "ok",
        "SPF": "ok", "DKIM": "warn", "DMARC": "fail", "MX": "ok", "PTR": "skipped",
        "one-click": "warn", "clock": "ok",
    }  # fmt: skip
    assert "v=DMARC1; p=none" in found["DMARC"]["hint"]
    assert site.bodies == [b"List-Unsubscribe=One-Click"]  # type: ignore[attr-defined]
    assert done.returncode == 1
    assert smtp.letters == []


def test_offline_it_looks_at_what_is_here(digest: Run) -> None:
    done = digest("doctor", "--offline")
    assert done.returncode == 0, done.stdout
    assert "ok  database: " in done.stdout
    assert "relay" not in done.stdout
    strange = digest("doctor", "--offline", "--address", "mx.example")
    assert (strange.returncode, strange.stdout) == (2, "")
    assert "--address 'mx.example': is no address" in strange.stderr
    bad = digest("doctor", "--nameserver", "dns.example")
    assert bad.returncode == 2
    assert "is no address" in bad.stderr


def test_who_has_asked_for_fewer_letters_is_named(digest: Run, tmp_path: Path) -> None:
    digest("migrate")
    with open_store(settings_for(f"sqlite:///{tmp_path}/var/digest.db")) as store:
        for key, slowed, minutes in (("domain:x.example", 2.5, 3), ("domain:old.example", 1, 90)):
            with store.paces.held(key) as (state, at):
                state.slowed, state.trouble_at = slowed, at - timedelta(minutes=minutes)
    done = digest("doctor", "--offline")
    assert (
        "warn  pace: slowed down by 421, 450, 451 or 454: domain:x.example to 2.50 l" in done.stdout
    )
    assert "old.example" not in done.stdout


def test_a_key_that_is_given_away_too_soon_is_missed(digest: Run) -> None:
    old, new = "0123456789abcdef" * 4, "fedcba9876543210" * 4
    assert digest("doctor", "--offline", DIGEST_SECRET_KEY=old).returncode == 0
    digest("subscribers", "add", "ada@example.org", DIGEST_SECRET_KEY=old)
    digest("subscribers", "erase", "ada@example.org", "--yes", DIGEST_SECRET_KEY=old)
    kept = {"DIGEST_SECRET_KEY": new, "DIGEST_OLD_SECRET_KEYS": old}
    done = digest("doctor", "--offline", **kept)
    assert done.returncode == 0, done.stdout
    assert (
        "is on the suppression list"
        in digest("subscribers", "add", "ada@example.org", **kept).stderr
    )
    leaked = {"DIGEST_SECRET_KEY": new, "DIGEST_SUPPRESSION_KEYS": old}
    assert digest("doctor", "--offline", **leaked).returncode == 0
    done = digest("doctor", "--offline", DIGEST_SECRET_KEY=new)
    assert done.returncode == 1
    assert "put that key back into old_secret_keys" in done.stdout
