"""`digest send`, run as a program."""

import json
import sqlite3
import time
from email import message_from_bytes, policy
from pathlib import Path

import pytest

DAY = ("--date", "2026-03-14")


def through(smtp) -> dict[str, str]:
    return {"DIGEST_SMTP__HOST": smtp.host, "DIGEST_SMTP__PORT": str(smtp.settings().port)}


def this_hour() -> str:
    """An hour that has come and whose window is not over, whenever the tests run."""
    return str(time.gmtime().tm_hour)


def files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    }  # fmt: skip


def test_a_dry_run_on_an_empty_folder_shows_ten_picks_and_leaves_letters_only(digest, tmp_path):
    done = digest("send", "--dry-run", *DAY)
    assert done.returncode == 0, done.stderr
    assert "5 concepts:" in done.stdout
    assert "5 stories:" in done.stdout
    assert done.stdout.count("From the shelf:") == 5
    assert "nothing was sent, nothing was changed" in done.stdout
    out = tmp_path / "var" / "out" / "2026-03-14"
    assert files(tmp_path) - {"var/secret.key"} == {
        f"var/out/2026-03-14/{name}"
        for name in (
            "0001-reader@localhost.localdomain.eml",
            "letter.eml",
            "letter.html",
            "letter.txt",
        )
    }
    letter = message_from_bytes((out / "letter.eml").read_bytes(), policy=policy.default)
    assert letter["Subject"]
    page = (out / "letter.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 10
    assert "cid:" not in page


def test_a_dry_run_changes_no_database(digest, tmp_path):
    digest("subscribers", "add", "ada@example.org", "bob@example.net", "--hour", this_hour())
    before = sqlite3.connect(tmp_path / "var" / "digest.db").iterdump()
    kept = list(before)
    done = digest("send", "--dry-run", "--json")
    report = json.loads(done.stdout)
    assert report["outcomes"] == {"sent": 2}
    assert report["domains"] == {"example.net": 1, "example.org": 1}
    assert list(sqlite3.connect(tmp_path / "var" / "digest.db").iterdump()) == kept


def test_the_same_day_gives_the_same_letter(digest, tmp_path):
    letters = []
    for _ in range(2):
        digest("send", "--dry-run", *DAY)
        letter = tmp_path / "var" / "out" / "2026-03-14" / "letter.html"
        letters.append(letter.read_bytes())
    assert letters[0] == letters[1]


def test_send_goes_to_all_once_and_reports_who_was_refused(digest, smtp):
    smtp.answer("RCPT", "550 5.1.1 no such user", to="bob@example.net")
    digest(
        "subscribers",
        "add",
        "ada@example.org",
        "bob@example.net",
        "cy@example.org",
        "--hour",
        this_hour(),
    )
    done = digest("send", **through(smtp))
    assert done.returncode == 1
    assert "bob@example.net: refused: 550 5.1.1 no such user" in done.stderr
    assert "1 refused, 2 sent" in done.stdout
    assert {letter.recipients for letter in smtp.letters} == {
        ("ada@example.org",),
        ("cy@example.org",),
    }
    again = digest("send", **through(smtp))
    assert again.returncode == 0
    assert "Nobody is due" in again.stdout
    assert len(smtp.letters) == 2


def test_who_is_put_off_is_told_with_the_time_of_the_next_try(digest, smtp):
    smtp.answer("RCPT", "452 4.2.2 mailbox full", to="ada@example.org")
    digest("subscribers", "add", "ada@example.org", "--hour", this_hour())
    for _ in range(2):
        done = digest("send", **through(smtp))
        assert "Letters wait, the first until " in done.stdout, done.stderr
    assert "Nobody is due" in done.stdout
    listed = digest("deliveries").stdout
    (row,) = json.loads(digest("deliveries", "--json").stdout)
    assert f"{row['next_at'][5:10]} {row['next_at'][11:16]}" in listed


@pytest.mark.parametrize(
    ("on", "said"),
    [("2999-01-01", "begun nowhere yet"), ("2020-01-01", "its time is over for everybody")],
)
def test_a_slip_of_the_year_publishes_nothing(digest, on, said):
    done = digest("send", "--date", on)
    assert done.returncode == 8
    assert f"edition {on}: " in done.stderr
    assert said in done.stderr
    assert "there is no edition" in digest("edition", "show", on).stderr


def test_what_is_published_by_hand_is_not_of_another_year(digest):
    done = digest("edition", "build", "--publish", "--date", "2999-01-01")
    assert done.returncode == 8
    assert "edition 2999-01-01: is more than 60 days ahead" in done.stderr


def test_an_edition_that_its_first_readers_refuse_is_held_and_the_exit_code_says_so(digest, smtp):
    smtp.answer("RCPT", "550 5.7.1 no bulk mail")
    readers = [f"r{number}@example.org" for number in range(30)]
    digest("subscribers", "add", *readers, "--hour", this_hour())
    done = digest("send", **through(smtp))
    assert done.returncode == 8
    assert "20 of the first 20 letters were refused: 550 5.7.1 no bulk mail" in done.stderr
    assert "go on with: digest resume 20" in done.stderr


def test_a_dry_run_at_home_asks_nobody_and_alarms_nobody(digest):
    done = digest("send", "--dry-run", *DAY, DIGEST_PREFLIGHT__CHECKS="all")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "Preflight: 1 check, nothing to mend." in done.stdout
    assert "Not looked at: links, SMTP server, DNS: site.base_url is http://localho" in done.stdout
    quiet = digest("send", "--dry-run", "--no-fetch", *DAY, DIGEST_PREFLIGHT__CHECKS="all")
    assert "Not looked at" not in quiet.stdout


def test_a_test_letter_goes_to_one_and_is_not_kept(digest, smtp, tmp_path):
    done = digest("send", "--to", "me@example.org", *DAY, **through(smtp))
    assert done.returncode == 0, done.stderr
    assert [letter.recipients for letter in smtp.letters] == [("me@example.org",)]
    assert not (tmp_path / "var" / "digest.db").exists()


def test_a_published_edition_is_explained(digest, smtp):
    digest("edition", "build", "--publish", *DAY)
    shown = digest("edition", "show", "2026-03-14")
    assert "published" in shown.stdout
    told = digest("explain", "2026-03-14")
    assert "score" in told.stdout
    assert json.loads(digest("explain", "2026-03-14", "--json").stdout)["number"] == 1
    assert "2026-03-14" in digest("edition", "list").stdout
    again = digest("edition", "build", "--again", *DAY)
    assert "is published and stays as it is" in again.stderr


@pytest.mark.parametrize(
    ("words", "environ", "code", "said"),
    [
        (("send", "--to", "nobody"), {}, 2, "nobody: not an address"),
        (("send", "--out", "x"), {}, 2, "--out: goes with --dry-run only"),
        (("send", "--date", "soon"), {}, 2, "'soon' does not match"),
        (("send", "--to", "a@example.org"), {"DIGEST_SMTP__PORT": "1"}, 6, "localhost:1"),
        (("send", "--dry-run"), {"DIGEST_PATHS__OUT": "/proc/no"}, 7, "/proc/no"),
        (("send", "--dry-run"), {"DIGEST_PATHS__CACHE": "/proc/no"}, 7, "/proc/no"),
        (("send",), {"DIGEST_DATABASE__URL": "sqlite:////proc/no/x.db"}, 5, "/proc/no"),
        (
            ("send",),
            {"DIGEST_DATABASE__URL": "postgresql://u:hunter2@127.0.0.1:1/x"},
            5,
            "127.0.0.1:1/x",
        ),
        (("send",), {"DIGEST_SMPT__PORT": "25"}, 3, "did you mean DIGEST_SMTP__PORT"),
        (("send",), {"DIGEST_PATHS__CONTENT": "/nowhere"}, 4, "/nowhere"),
        (("send",), {"DIGEST_SECRET_KEY": "short"}, 3, "secret_key"),
        (("edition", "show", "2020-01-01"), {}, 8, "there is no edition of 2020-01-01"),
        (("explain", "2020-01-01"), {}, 8, "digest edition build --date 2020-01-01"),
    ],
)
def test_bad_input_is_one_clear_line_with_the_next_step(digest, words, environ, code, said):
    done = digest(*words, **environ)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "hunter2" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 4


def test_a_database_of_a_newer_version_is_refused(digest, tmp_path):
    digest("migrate")
    database = sqlite3.connect(tmp_path / "var" / "digest.db")
    database.execute("UPDATE digest_revision SET version_num = '9999'")
    database.commit()
    database.close()
    done = digest("send")
    assert done.returncode == 5
    assert "newer" in done.stderr
    assert "9999" in done.stderr


def test_a_broken_card_is_left_out_and_named(digest, own_content):
    card = own_content / "concepts" / "entropy" / "card.md"
    card.write_text(card.read_text().replace("level: 1", "level: one"))
    momentum = own_content / "concepts" / "momentum" / "card.md"
    momentum.write_text(momentum.read_text().replace("[gradient-descent]", "[nothing]"))
    done = digest("send", "--dry-run", *DAY, DIGEST_PATHS__CONTENT=str(own_content))
    assert done.returncode == 1
    assert "entropy/card.md:4: level: 'one' is not 1, 2 or 3" in done.stderr
    assert "momentum/card.md: requires: there is no concept 'nothing'" in done.stderr
    assert "3 concepts:" in done.stdout
