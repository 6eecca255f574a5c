"""The site in Chromium: a reader's whole way, with scripts and without; axe, widths, sizes, hosts.

The site is the real command, its mails go to a real SMTP server, its pages are of this checkout.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from digest.wiring import utc_now
from tests.gates import tools
from tests.gates.browser import GRAVE, SCHEMES
from tests.smtpserver import SmtpServer

pytestmark = pytest.mark.gate

ROOT = Path(__file__).resolve().parents[2]
WIDTHS = (360, 1280)
NARROWEST = 320
MOST_BYTES = 100_000
SWIPES = 20
PATIENCE_S = 60


@dataclass
class Running:
    """A site that runs."""

    base: str
    smtp: SmtpServer
    folder: Path
    environ: dict[str, str]

    def digest(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "digest", *words],
            cwd=self.folder, env=self.environ, capture_output=True, text=True, check=True,
            timeout=300,
        )  # fmt: skip
        return done.stdout

    def link(self, kind: str, letters: int) -> str:
        """The newest mail's link of a kind, once there are so many mails."""
        end = time.monotonic() + PATIENCE_S
        while len(self.smtp.letters) < letters:
            assert time.monotonic() < end, f"{len(self.smtp.letters)} mails came, not {letters}"
            time.sleep(0.05)
        mail = message_from_bytes(self.smtp.letters[-1].data, policy=policy.default)
        body = mail.get_body(("plain",))  # type: ignore[attr-defined]
        found = re.search(rf"{self.base}/{kind}/\S+", body.get_content())
        assert found, body.get_content()
        return found[0]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("site")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with SmtpServer() as smtp:
        environ = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
            "DIGEST_SITE__BASE_URL": base, "DIGEST_WEB__PORT": str(port),
            "DIGEST_WEB__MIN_FILL_S": "0.2", "DIGEST_WEB__PAGE_CACHE_S": "0",
            "DIGEST_WEB__REQUESTS_PER_NETWORK_H": "1000",
            "DIGEST_MAIL__FROM_ADDRESS": "letters@example.org",
            "DIGEST_SMTP__HOST": smtp.host, "DIGEST_SMTP__PORT": str(smtp.port),
            "DIGEST_PATHS__CACHE": str(ROOT / "var/cache"),
        }  # fmt: skip
        running = Running(base, smtp, folder, environ)
        today = utc_now().date()
        for days in (2, 1, 0):
            day = (today - timedelta(days=days)).isoformat()
            running.digest("edition", "build", "--publish", "--date", day)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "digest", "serve", "web"],
                cwd=folder, env=environ, stderr=log,
            )  # fmt: skip
        try:
            wait_for(base + "/livez", process, folder / "log")
            yield running
        finally:
            process.terminate()
            assert process.wait(30) == 0
    assert "Traceback" not in (folder / "log").read_text()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(url, timeout=5):  # noqa: S310 - http on loopback
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def phone(browser: Browser, site: Running) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True,
        timezone_id="Asia/Tokyo",
    )  # fmt: skip
    yield context
    context.close()


def subscribe(page: Page, site: Running, address: str) -> None:
    page.goto(f"{site.base}/subscribe")
    page.get_by_label("Your mail address").fill(address)
    page.get_by_label("At what hour").select_option("6")
    page.get_by_label("Monday to Friday").check()
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("heading", name="Please look into your inbox").wait_for()


def whole_way(page: Page, site: Running, address: str) -> dict[str, str]:
    """Subscribe, confirm, change the hour, pause, leave, undo; returns the links used."""
    before = len(site.smtp.letters)
    subscribe(page, site, address)
    confirm = site.link("confirm", before + 1)
    page.goto(confirm)
    page.get_by_role("button", name="Confirm the subscription").click()
    page.get_by_role("heading", name="You are subscribed").wait_for()
    page.get_by_role("link", name="Your preferences: hour").click()
    preferences = page.url
    page.get_by_label("Hour", exact=True).select_option("21")
    page.get_by_label("Concepts in a letter").select_option("3")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    assert page.get_by_label("Hour", exact=True).input_value() == "21"
    page.get_by_role("button", name="2 weeks").click()
    page.get_by_text("Paused until").wait_for()
    page.get_by_role("button", name="Go on now").click()
    page.get_by_text("Your letters go on.").wait_for()
    page.get_by_role("link", name="Leave this list").click()
    leave = page.url
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("heading", name="You have left").wait_for()
    undo = site.link("undo", before + 2)
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("heading", name="Welcome back").wait_for()
    said = site.digest("subscribers", "show", address)
    assert "active" in said
    assert "21:00" in said
    assert "3 concepts" in said
    return {"confirm": confirm, "p": preferences, "u": leave, "undo": undo}


def test_a_reader_goes_the_whole_way_with_scripts(phone: BrowserContext, site: Running) -> None:
    page = phone.new_page()
    page.goto(site.base)
    page.get_by_role("link", name="Subscribe", exact=True).first.click()
    assert page.get_by_label("Your time zone").input_value() == "Asia/Tokyo"
    whole_way(page, site, "scripts@example.org")
    assert "Asia/Tokyo" in site.digest("subscribers", "show", "scripts@example.org")
    assert phone.cookies() == []


def test_and_without_scripts(browser: Browser, site: Running) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    whole_way(page, site, "plain@example.org")
    page.goto(site.base)
    page.get_by_role("link", name="Concepts").first.click()
    page.get_by_label("Track").select_option("optimisation")
    page.get_by_role("button", name="Show").click()
    titles = page.locator("#cards h2").all_inner_texts()
    assert "Momentum (heavy ball)" in titles
    page.get_by_role("link", name="Momentum").click()
    page.get_by_text("Show the answer").click()
    assert page.locator("details p").is_visible()
    assert page.locator("figure img").evaluate("i => i.naturalWidth") > 0
    context.close()


def top(page: Page) -> str:
    return page.locator(".top-card").get_attribute("data-slug") or ""


def swipe(page: Page, by: int) -> None:
    """A finger on the top card moves sideways by so many pixels."""
    box = page.locator(".top-card").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, min(max(box["y"] + 60, 160), 600)
    session = page.context.new_cdp_session(page)
    send = session.send
    send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        points = [{"x": x + by * step / 5, "y": y}]
        send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
    send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def moved(page: Page, before: str) -> str:
    page.wait_for_function(
        "slug => document.querySelector('.top-card')?.dataset.slug !== slug", arg=before
    )
    return top(page)


def test_twenty_cards_by_touch_by_key_and_by_mouse(phone: BrowserContext, site: Running) -> None:
    page = phone.new_page()
    page.goto(f"{site.base}/concepts/")
    page.locator(".top-card").wait_for()
    page.locator(".top-card").scroll_into_view_if_needed()
    seen = [top(page)]
    for number in range(SWIPES):
        swipe(page, 140 if number % 4 else -140)
        seen.append(moved(page, seen[-1]))
    assert len(set(seen)) == SWIPES + 1
    swipe(page, 20)
    page.wait_for_timeout(300)
    assert top(page) == seen[-1], "a small move lets nothing go"
    assert "15 known, 5 to see again" in page.locator(".tally").first.inner_text()
    page.reload()
    page.locator(".top-card").wait_for()
    assert "15 known, 5 to see again" in page.locator(".tally").first.inner_text()
    seen = [top(page)]
    for _ in range(SWIPES):
        page.keyboard.press("ArrowRight")
        seen.append(moved(page, seen[-1]))
    assert len(set(seen)) == SWIPES + 1
    page.keyboard.press("z")
    assert moved(page, seen[-1]) == seen[-2]
    page.keyboard.press("a")
    assert page.locator(".top-card details p").is_visible()
    page.get_by_label("Search").fill("entropy")
    page.wait_for_function("document.querySelectorAll('#cards li:not([hidden])').length < 10")


def test_a_card_is_dragged_by_the_mouse(browser: Browser, site: Running) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{site.base}/concepts/")
    page.locator(".top-card h3").wait_for()
    for by, said in ((300, "1 known, 0 to see again"), (-300, "1 known, 1 to see again")):
        before = top(page)
        box = page.locator(".top-card h3").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 5, box["y"] + 5)
        page.mouse.down()
        page.mouse.move(box["x"] + 5 + by, box["y"] + 5, steps=5)
        page.mouse.up()
        moved(page, before)
        assert said in page.locator(".tally").first.inner_text()
    context.close()


def test_the_deck_opens_without_a_network_once_it_was_opened(
    phone: BrowserContext, site: Running
) -> None:
    page = phone.new_page()
    page.goto(f"{site.base}/concepts/")
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.goto(f"{site.base}/concepts/momentum")
    phone.set_offline(True)
    page.goto(f"{site.base}/concepts/")
    page.locator(".top-card math").wait_for()
    first = top(page)
    page.get_by_role("button", name="I know it").click()
    moved(page, first)
    page.goto(f"{site.base}/concepts/momentum")
    page.get_by_role("heading", name="Momentum (heavy ball)").wait_for()
    page.goto(f"{site.base}/concepts/entropy")
    page.locator(".top-card[data-slug=entropy]").wait_for()
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        page.goto(f"{site.base}/subscribe")
    phone.set_offline(False)


@pytest.fixture(scope="module")
def links(browser: Browser, site: Running) -> dict[str, str]:
    """The pages of a reader."""
    context = browser.new_context()
    made = whole_way(context.new_page(), site, "links@example.org")
    before = len(site.smtp.letters)
    page = context.new_page()
    subscribe(page, site, "pending@example.org")
    made["asking"] = site.link("confirm", before + 1)
    context.close()
    return made


def paths(site: Running, links: dict[str, str]) -> list[str]:
    today = utc_now().date()
    fixed = ["/", "/editions/", f"/editions/{today - timedelta(days=1)}", "/concepts/",
             "/concepts/momentum", "/concepts/policy-gradient", "/stories", "/subscribe", "/manage",
             "/help", "/nowhere", "/concepts/?track=optimisation&level=1"]  # fmt: skip
    return [*(site.base + path for path in fixed), *links.values()]


def test_no_page_is_wide_heavy_or_asks_elsewhere(
    browser: Browser, site: Running, links: dict[str, str]
) -> None:
    assert [fault for url in paths(site, links) for fault in page_faults(browser, site, url)] == []


def page_faults(browser: Browser, site: Running, url: str) -> list[str]:
    """What is wrong with a page at the narrowest width, on the first visit."""
    faults: list[str] = []
    answers: list[Response] = []

    def heard(message: ConsoleMessage) -> None:
        if "Content Security" in message.text:
            faults.append(message.text)

    context = browser.new_context(viewport={"width": NARROWEST, "height": 800})
    page = context.new_page()
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - no builtin
    page.on("console", heard)
    page.goto(url, wait_until="networkidle")
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > NARROWEST:
        faults.append(f"{wide} px wide")
    faults += [f"asks {a.url}" for a in answers if not a.url.startswith(site.base)]
    size = sum(
        answer.request.sizes()["responseBodySize"]
        for answer in answers
        if "/images/" not in answer.url and not answer.from_service_worker
    )
    if size > MOST_BYTES:
        faults.append(f"{size} bytes")
    context.close()
    return [f"{url.removeprefix(site.base)[:30]}: {fault}" for fault in faults]


def test_axe_finds_nothing_serious_on_any_page(
    browser: Browser, site: Running, links: dict[str, str]
) -> None:
    source = tools.npm_file("axe-core/axe.min.js").read_text(encoding="utf-8")
    faults: dict[str, None] = {}
    for scheme in SCHEMES:
        for width in WIDTHS:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            for url in paths(site, links):
                page = context.new_page()
                page.goto(url)
                if url.endswith("/concepts/"):
                    page.locator(".top-card").wait_for()
                page.evaluate(source)
                result = page.evaluate("axe.run(document)")
                assert len(result["passes"]) > 10, url
                for violation in result["violations"]:
                    if violation["impact"] in GRAVE:
                        node = violation["nodes"][0]["html"][:120]
                        short = url.removeprefix(site.base)[:30]
                        faults[f"{short} {scheme} {width}: {violation['id']}: {node}"] = None
                page.close()
            context.close()
    assert list(faults) == []
