"""The operator's side: /admin in Chromium, without scripts, and schemathesis against the API."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from pydantic import SecretStr

from digest.settings import DatabaseSettings
from digest.storage import open_store
from digest.wiring import utc_now
from tests.gates import tools
from tests.gates.browser import GRAVE, SCHEMES
from tests.gates.operator import seed
from tests.gates.test_site import MOST_BYTES, NARROWEST, WIDTHS, free_port, wait_for

pytestmark = pytest.mark.gate

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
SCOPES = (
    "subscribers:read", "subscribers:write", "subscribers:direct", "editions:read",
    "deliveries:read", "stats:read",
)  # fmt: skip
EXAMPLES = 40
"""Of schemathesis, for each operation and phase: some thousand requests in all."""


@dataclass
class Desk:
    """A site whose operator may sign in, with a month of history."""

    base: str
    token: str
    log: Path


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder, port = tmp_path_factory.mktemp("desk"), free_port()
    base = f"http://127.0.0.1:{port}"
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
        "DIGEST_SITE__BASE_URL": base, "DIGEST_WEB__PORT": str(port),
        "DIGEST_WEB__API_REQUESTS_PER_MINUTE": "100000",
        "DIGEST_WEB__REQUESTS_PER_NETWORK_H": "100000",
        "DIGEST_WEB__REQUESTS_PER_MINUTE": "100000",
        "DIGEST_MAIL__FROM_ADDRESS": "letters@example.org",
        "DIGEST_EDITION__CONCEPTS": "2",
        "DIGEST_PATHS__CACHE": str(ROOT / "var/cache"),
    }  # fmt: skip

    def digest(*words: str, given: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "digest", *words], input=given,
            cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    digest("migrate")
    url = f"sqlite:///{folder / 'var/digest.db'}"
    with open_store(DatabaseSettings(url=SecretStr(url))) as store:
        seed(store, utc_now())
    digest("admin", "password", given=f"{PASSWORD}\n")
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    token = digest("token", "add", "gate", *scopes).splitlines()[-1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "digest", "serve", "web"], cwd=folder, env=environ, stderr=log
        )
    try:
        wait_for(base + "/livez", process, folder / "log")
        yield Desk(base, token, folder / "log")
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert "Traceback" not in (folder / "log").read_text()


def sign_in(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.base}/admin")
    page.get_by_label("Password or token").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="What is amiss").wait_for()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    yield context
    context.close()


def test_an_editor_goes_the_whole_way_without_scripts(phone: BrowserContext, desk: Desk) -> None:
    page = phone.new_page()
    page.goto(f"{desk.base}/admin")
    page.get_by_label("Password or token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("That is neither the password nor a token").wait_for()
    sign_in(page, desk)
    (cookie,) = phone.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/admin")
    page.get_by_role("link", name="Yesterday").click()
    page.get_by_text("published", exact=True).wait_for()
    page.get_by_role("link", name="Today").click()
    page.get_by_role("button", name="Build it now").click(timeout=120_000)
    page.get_by_text("The draft is built.").wait_for(timeout=120_000)
    first = page.locator(".picks h3").first.inner_text()
    page.get_by_text("Swap story 1").click()
    other = page.get_by_role("group", name="For which runner-up").first.get_by_role("radio").first
    title = other.locator("xpath=following-sibling::span").inner_text().splitlines()[0]
    other.check()
    page.get_by_label("Why it belongs here").first.fill("Practitioners asked about it")
    page.get_by_role("button", name="Swap", exact=True).first.click()
    page.get_by_text("The story was swapped.").wait_for()
    assert page.locator(".picks h3").first.inner_text() in title
    page.get_by_role("link", name="See the letter").click()
    page.get_by_text("Practitioners asked about it").wait_for()
    assert page.get_by_text(first, exact=True).count() == 0
    page.get_by_role("link", name="← Back").click()
    page.get_by_text("Hold it", exact=True).click()
    page.get_by_label("Why", exact=True).fill("a source takes its report back")
    page.get_by_role("button", name="Hold this edition").click()
    page.get_by_text("a source takes its report back").first.wait_for()
    page.get_by_role("button", name="Let it go").click()
    page.get_by_text("Released.").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{desk.base}/admin")
    page.get_by_label("Password or token").wait_for()


def test_the_pages_are_narrow_light_and_fair_to_all(browser: Browser, desk: Desk) -> None:
    source = tools.npm_file("axe-core/axe.min.js").read_text(encoding="utf-8")
    pictures = ROOT / "var/gates"
    pictures.mkdir(parents=True, exist_ok=True)
    faults: dict[str, None] = {}
    for scheme in SCHEMES:
        for width in (NARROWEST, *WIDTHS):
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page = context.new_page()
            sizes: list[int] = []
            page.on("response", lambda a: sizes.append(  # noqa: B023 - used within the loop
                0 if "/images/" in a.url else a.request.sizes()["responseBodySize"]))  # fmt: skip
            elsewhere: list[str] = []
            page.on("request", lambda r: elsewhere.append(r.url)  # noqa: B023
                    if not r.url.startswith(desk.base) else None)  # fmt: skip
            page.goto(f"{desk.base}/admin/login")
            look(page, source, f"login {scheme} {width}", faults)
            sign_in(page, desk)
            if sum(sizes) > MOST_BYTES:
                faults[f"{sum(sizes)} bytes until the page was there"] = None
            day = page.get_by_role("link", name="Yesterday").get_attribute("href")
            for name, path in (
                ("today", "/admin"), ("yesterday", str(day)),
                ("letter", str(day).replace("/admin", "/admin/letter")),
            ):  # fmt: skip
                page.goto(desk.base + path)
                for summary in page.locator("summary").all():
                    summary.click()
                look(page, source, f"{name} {scheme} {width}", faults)
                if width != NARROWEST:
                    page.screenshot(
                        path=pictures / f"admin-{name}-{width}-{scheme}.png", full_page=True
                    )
            faults |= dict.fromkeys(f"asks {url}" for url in elsewhere)
            context.close()
    assert list(faults) == []


def look(page: Page, source: str, name: str, faults: dict[str, None]) -> None:
    """Note what is wrong with a page as it stands."""
    page.wait_for_load_state("networkidle")
    size = page.viewport_size
    wide = page.evaluate("document.documentElement.scrollWidth")
    if size is not None and wide > size["width"]:
        faults[f"{name}: {wide} px wide"] = None
    page.evaluate(source)
    result = page.evaluate("axe.run(document)")
    assert len(result["passes"]) > 10, name
    for violation in result["violations"]:
        if violation["impact"] in GRAVE:
            node = violation["nodes"][0]["html"][:120]
            faults[f"{name}: {violation['id']}: {node}"] = None


def test_schemathesis_finds_no_lie_and_no_fault_in_the_api(desk: Desk, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    if not program.exists():
        tools.missing("schemathesis", "run make setup")
    done = subprocess.run(
        [program, "--config-file", ROOT / "tests/gates/schemathesis.toml", "--no-color", "run",
         f"{desk.base}/api/v1/openapi.json", "--header", f"Authorization: Bearer {desk.token}",
         "--checks", "all", "--max-examples", str(EXAMPLES)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Tested: 10" in done.stdout, "each operation was tried"
    assert "Traceback" not in desk.log.read_text()
