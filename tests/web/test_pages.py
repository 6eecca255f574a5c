"""What everybody reads: editions, concepts, the ticker, feeds, files."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from digest.domain.edition import EditionStatus
from digest.domain.subscriber import Preferences
from tests.web.conftest import BASE, SLUGS, World

PATHS = (
    "/", "/editions/", "/editions/2026-03-13", "/concepts/", "/concepts/entropy", "/stories",
    "/subscribe", "/manage", "/help",
)  # fmt: skip
ATOM = "{http://www.w3.org/2005/Atom}"


def images(page: str) -> list[str]:
    return re.findall(r'src="(/images/[0-9a-f]{64}\.png)"', page)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_whole_and_needs_nothing_inline_or_from_elsewhere(
    world: World, path: str
) -> None:
    answer = world.client.get(path)
    assert answer.status_code == 200
    page = answer.text
    assert page.count("<h1") == 1
    assert "{{" not in page
    assert "@@" not in page
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", page)
    loaded = re.findall(r"<(?:script|img|link rel=\"(?:stylesheet|icon|manifest)\")[^>]*", page)
    for tag in loaded:
        assert re.search(r'(?:src|href)="/', tag), tag
    assert len(answer.content) < 100_000
    for address in set(re.findall(r'(?:src|href)="(/(?:static|images|og|feeds)/[^"]+)"', page)):
        assert world.client.get(address).status_code == 200, address


def test_an_edition_says_what_its_letter_said_and_has_no_readers_link(world: World) -> None:
    page = world.client.get("/editions/2026-03-14").text
    edition = world.store.editions.get(world.moment[0].date())
    assert edition is not None
    assert edition.subject in page
    for pick in edition.concepts:
        assert f'href="/concepts/{pick.slug}"' in page
    for story in edition.stories:
        assert story.story.url.replace("&", "&amp;") in page
    assert len(images(page)) == 2 * len(edition.concepts)
    for address in images(page):
        png = world.client.get(address)
        assert png.headers["content-type"] == "image/png"
        assert "immutable" in png.headers["cache-control"]
    assert not re.search(r"/(u|p|confirm|undo)/", page)


def test_home_is_todays_edition_and_the_archive_has_all(world: World) -> None:
    assert "Today’s edition" in world.client.get("/").text
    world.pass_time(days=1)
    assert "The newest edition" in world.client.get("/").text
    archive = world.client.get("/editions/").text
    for day in (12, 13, 14):
        assert f'href="/editions/2026-03-{day}"' in archive
    assert world.client.get("/editions/?year=2026").status_code == 200
    for bad in ("/editions/?year=1999", "/editions/?year=x", "/editions/2026-03-15",
                "/editions/2026-3-14", "/editions/nonsense", "/concepts/nowhere",
                "/images/00.png", f"/images/{'0' * 64}.png", "/feeds/editions.exe"):  # fmt: skip
        assert world.client.get(bad).status_code == 404, bad


def test_a_draft_is_nobodys_business(world: World) -> None:
    day = world.moment[0].date() + timedelta(days=1)
    published = world.store.editions.get(world.moment[0].date())
    assert published is not None
    draft = replace(published, date=day, number=99, status=EditionStatus.DRAFT, published_at=None)
    world.store.editions.save(draft, world.store.editions.blocks(published.date))
    for path in (f"/editions/{day}", f"/og/editions/{day}.png"):
        assert world.client.get(path).status_code == 404
    for path in ("/", "/editions/", "/stories", "/feeds/editions.json", "/sitemap.xml"):
        assert day.isoformat() not in world.client.get(path).text


def test_a_card_has_all_its_parts(world: World) -> None:
    page = world.client.get("/concepts/momentum").text
    assert "<math " in page
    assert len(images(page)) == 1
    assert '<svg class="map"' in page
    assert 'href="/concepts/gradient-descent"' in page
    assert "<details" in page
    assert "being computed" not in page
    assert "12 times closer" in page


def test_a_card_without_its_figure_is_still_a_page(make_world, tmp_path) -> None:
    cold = make_world(
        paths={
            "state": tmp_path,
            "cache": tmp_path / "cold",
            "content": make_world().wiring.content,
        }
    )
    page = cold.client.get("/concepts/momentum").text
    assert "being computed" in page
    assert images(page) == []
    assert "<math " in page
    assert "{{" not in page
    assert cold.client.get("/concepts/").status_code == 200
    assert cold.client.get("/og/concepts/momentum.png").status_code == 200


def test_the_deck_is_filtered_by_the_server(world: World) -> None:
    def shown(query: str) -> set[str]:
        page = world.client.get(f"/concepts/{query}").text
        return set(re.findall(r'<li class="card" data-slug="([^"]+)"', page))

    assert shown("") == set(SLUGS)
    assert shown("?track=optimisation") == {"gradient-descent", "momentum"}
    assert shown("?q=MARKOV") == {"markov-chain"}
    assert shown("?q=<script>") == set()
    assert shown("?track=nonsense&level=9") == set(SLUGS)
    cards = world.client.get("/concepts/deck.json").json()
    assert [card["slug"] for card in cards] == [c.slug for c in world.wiring.library.concepts]
    assert all(card["figure"] and "<math" in card["formula"] for card in cards)


def test_the_ticker_tells_outlet_and_why(world: World) -> None:
    page = world.client.get("/stories").text
    edition = world.store.editions.get(world.moment[0].date())
    assert edition is not None
    for pick in edition.stories:
        assert pick.story.url.replace("&", "&amp;") in page
    assert "Why here:" in page
    assert page.count('class="part day"') == 3


def test_feeds_hold_absolute_links_and_parse(world: World) -> None:
    for name in ("editions", "concepts"):
        text = world.client.get(f"/feeds/{name}.atom").text
        root = ET.fromstring(text)  # noqa: S314 - our own
        entries = root.findall(f"{ATOM}entry")
        assert entries
        ids = [entry.findtext(f"{ATOM}id") for entry in entries]
        assert len(set(ids)) == len(ids)
        kept = json.loads(world.client.get(f"/feeds/{name}.json").text)
        assert [item["id"] for item in kept["items"]] == ids
        assert all(str(i).startswith(f"{BASE}/{name}/") for i in ids)
        assert all(item["content_html"] for item in kept["items"])


def test_the_site_map_and_robots_keep_readers_pages_out(world: World) -> None:
    places = re.findall(r"<loc>([^<]+)</loc>", world.client.get("/sitemap.xml").text)
    assert f"{BASE}/concepts/entropy" in places
    assert f"{BASE}/editions/2026-03-12" in places
    for place in places:
        assert world.client.get(place).status_code == 200, place
    robots = world.client.get("/robots.txt").text
    for path in ("u", "p", "confirm", "undo"):
        assert f"Disallow: /{path}/\n" in robots


def test_shared_links_have_a_picture_and_files_are_kept_for_good(world: World) -> None:
    for path in ("/og/editions/2026-03-13.png", "/og/concepts/entropy.png"):
        png = world.client.get(path).content
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (1200, 630)
    page = world.client.get("/concepts/entropy").text
    assert f'content="{BASE}/og/concepts/entropy.png"' in page
    css = re.search(r'href="(/static/[0-9a-f]+/site\.css)"', page)
    assert css
    answer = world.client.get(css[1])
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    again = world.client.get(css[1], headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    old = re.sub(r"static/\w+", "static/0", css[1])
    assert "immutable" not in world.client.get(old).headers["cache-control"]


def test_the_worker_never_keeps_a_readers_page(world: World) -> None:
    script = world.client.get("/worker.js").text
    kept = re.search(r"const KEEP = (\[.*?\]);", script)
    assert kept
    assert all(world.client.get(path).status_code == 200 for path in json.loads(kept[1]))
    handled = set(re.findall(r'path\.startsWith\("([^"]+)"\)', script))
    assert handled == {"/static/", "/images/", "/concepts/"}


def test_no_page_needs_numpy_or_matplotlib(world: World) -> None:
    import subprocess

    code = (
        "import sys, digest.web.app, digest.web.server, digest.rendering.site\n"
        "from digest.figures.poster import poster\n"
        "poster('a', 'b', ['c'])\n"
        "print({'numpy', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_site_below_a_path_links_to_itself(make_world) -> None:
    world = make_world(site={"base_url": f"{BASE}/letters"})
    for prefix in ("", "/letters"):
        page = world.client.get(f"{prefix}/concepts/entropy")
        assert page.status_code == 200
        for link in re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text):
            assert link.startswith("/letters/"), link
    css = re.search(r'href="(/letters/static/[^"]+)"', page.text)
    assert css
    assert world.client.get(css[1]).status_code == 200


def test_a_letters_links_lead_to_pages(world: World) -> None:
    """What the letter links to is here: its online form, cards, preferences, the way out."""
    world.reader()
    now = world.moment[0]
    today = now.date()
    assert world.store.deliveries.enqueue(today, now, 12, None) == 1
    (row,) = world.store.deliveries.claim(today, "me", now, 1)
    assert row.preferences == Preferences(zone="Europe/Berlin", hour=6)
    edition = world.store.editions.get(today)
    assert edition is not None
    made = world.wiring.printer.letter(edition, world.store.editions.blocks(today), row)
    found = set(re.findall(rf'href="({BASE}[^"]+)"', made.html or ""))
    found |= set(re.findall(rf"{BASE}[^\s>]+", " ".join(v for _n, v in made.headers)))
    assert len(found) >= 6
    for link in found:
        assert world.client.get(link).status_code == 200, link
