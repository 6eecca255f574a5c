"""Letters in a folder, and the page that opens in a browser."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
from pathlib import Path

import pytest

from digest.domain.delivery import Accepted, Envelope, Outcome
from digest.errors import OutputError
from digest.mail.outbox import FolderTransport, preview, safe_name, write_preview
from digest.ports import Transport
from digest.workflows.desk import OneLetter
from tests.mail.conftest import PNG, a_letter, an_envelope

DATA_URI = "data:image/png;base64," + base64.b64encode(PNG).decode()


def write(out: Transport, envelope: Envelope) -> Outcome:
    desk = OneLetter(envelope)
    out.run(desk)
    return desk.outcome


def test_letters_are_written_byte_for_byte(tmp_path: Path) -> None:
    out: Transport = FolderTransport(tmp_path / "new" / "out")
    for name in ("ada", "bob"):
        result = write(out, an_envelope(recipient=f"{name}@example.org"))
        assert isinstance(result, Accepted)
        assert result.reply.startswith("250 ")
    out.close()
    files = sorted((tmp_path / "new" / "out").iterdir())
    assert [file.name for file in files] == ["0001-ada@example.org.eml", "0002-bob@example.org.eml"]
    assert files[0].read_bytes() == an_envelope(recipient="ada@example.org").data
    assert files[0].stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("address", ["../../etc/passwd", "a/b@x", "a\x00b@x", "ü@x", "a" * 300])
def test_a_hostile_address_stays_in_the_folder(tmp_path: Path, address: str) -> None:
    write(FolderTransport(tmp_path), Envelope("a@b", address, (b"x\r\n",), "1@x"))
    (file,) = tmp_path.iterdir()
    assert file.name == f"0001-{safe_name(address)}.eml"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    # A file in its way, and a parent that takes no entries even from root.
    taken = tmp_path / "taken"
    taken.write_text("x")
    for folder in (taken, taken / "below", Path("/proc/digest-out")):
        with pytest.raises(OutputError, match=str(folder)) as caught:
            write(FolderTransport(folder), an_envelope())
        assert "--out" in caught.value.hint
        with pytest.raises(OutputError, match=str(folder)):
            write_preview(folder, an_envelope().data)


def test_a_name_that_is_taken_by_a_folder_leaves_no_rest(tmp_path: Path) -> None:
    (tmp_path / "0001-ada@example.org.eml").mkdir()
    with pytest.raises(OutputError):
        write(FolderTransport(tmp_path), an_envelope())
    assert [path.name for path in tmp_path.iterdir()] == ["0001-ada@example.org.eml"]


# --- the preview -------------------------------------------------------------------------------


def test_the_preview_is_the_letter_with_its_images_inside() -> None:
    letter = a_letter()
    page, text = preview(an_envelope(letter).data)
    assert letter.html is not None
    assert page == letter.html.replace("cid:fig.2026-11-03@example.org", DATA_URI)
    assert text == letter.text


def test_references_are_found_however_they_are_written() -> None:
    names = ["fig.2026-11-03%40example.org", "fig.2026-11-03@example.org", "other@example.org"]
    html = (
        f'<meta charset=utf-8><img src="cid:{names[0]}"><img src=CID:{names[1]}>'
        f"<p style=\"background:url('cid:{names[1]}')\"><img src='cid:{names[2]}'>decid:{names[1]}"
    )
    page, _ = preview(an_envelope(a_letter(html=html)).data)
    assert page.count(DATA_URI) == 3
    assert "'cid:other@example.org'" in page
    assert f"decid:{names[1]}" in page


def test_a_letter_without_html_becomes_a_page() -> None:
    page, text = preview(an_envelope(a_letter(html=None, images=(), text="a < b\n")).data)
    assert "<pre>a &lt; b\n</pre>" in page
    assert text == "a < b\n"


def test_a_page_without_a_charset_is_still_read_as_utf8() -> None:
    page, _ = preview(an_envelope(a_letter(html="<p>β</p>", images=())).data)
    assert page == "\ufeff<p>β</p>"


def test_the_files_of_a_preview(tmp_path: Path) -> None:
    letter = an_envelope()
    files = write_preview(tmp_path, letter.data)
    assert sorted(tmp_path.iterdir()) == [files.eml, files.html, files.text]
    assert [path.name for path in (files.eml, files.html, files.text)] == [
        "letter.eml",
        "letter.html",
        "letter.txt",
    ]
    assert files.eml.read_bytes() == letter.data
    assert files.text.read_text("utf-8") == a_letter().text
    sources: list[str | None] = []

    class Images(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "img":
                sources.append(dict(attrs)["src"])

    Images().feed(files.html.read_text("utf-8"))
    assert sources == [DATA_URI]
