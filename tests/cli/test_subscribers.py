"""`digest subscribers`, run as a program."""

import csv
import io
import json


def test_import_keeps_good_rows_and_names_the_lines_of_bad_ones(digest, tmp_path):
    (tmp_path / "readers.csv").write_text(
        "\ufeffEmail,Zone,Hour\nada@example.org,Europe/Berlin,6\n"
        "no address,,\nbob@example.org,Mars,7\n"
    )
    done = digest("subscribers", "import", "readers.csv")
    assert done.returncode == 1
    assert "readers.csv:3: " in done.stderr
    assert "readers.csv:4: zone 'Mars' is no IANA time zone" in done.stderr
    assert "1 added" in done.stdout
    shown = json.loads(digest("subscribers", "show", "ada@example.org", "--json").stdout)
    assert shown["preferences"]["zone"] == "Europe/Berlin"


def test_import_reads_standard_input_and_refuses_what_is_no_csv(digest, tmp_path):
    done = digest("subscribers", "import", "-", stdin="address\nada@example.org\n")
    assert "1 added" in done.stdout, done.stderr
    nameless = digest("subscribers", "import", "-", stdin="ada@example.org\n")
    assert nameless.returncode == 2
    assert "no column is named `address` or `email`" in nameless.stderr
    (tmp_path / "binary.csv").write_bytes(b"address\n\xff\xfe\x00")
    assert digest("subscribers", "import", "binary.csv").returncode == 2
    missing = digest("subscribers", "import", "missing.csv")
    assert missing.returncode == 2
    assert "missing.csv: cannot be read" in missing.stderr


def test_a_life_of_a_subscriber(digest):
    assert "added" in digest("subscribers", "add", "ada@example.org", "--days", "weekdays").stdout
    assert "known already" in digest("subscribers", "add", "ADA@example.org").stdout
    assert "paused until" in digest("subscribers", "pause", "ada@example.org").stdout
    assert "active" in digest("subscribers", "pause", "ada@example.org", "--days", "0").stdout
    rows = list(csv.DictReader(io.StringIO(digest("subscribers", "export").stdout)))
    assert [(row["address"], row["days"]) for row in rows] == [("ada@example.org", "weekdays")]
    assert "unsubscribed" in digest("subscribers", "remove", "ada@example.org").stdout
    assert "erased" in digest("subscribers", "erase", "ada@example.org", "--yes").stdout
    gone = digest("subscribers", "show", "ada@example.org")
    assert gone.returncode == 2
    assert "is no subscriber" in gone.stderr
    refused = digest("subscribers", "add", "ada@example.org")
    assert refused.returncode == 2
    assert "suppression list" in refused.stderr


def test_lists_of_nothing_say_what_to_do(digest):
    assert "digest subscribers add" in digest("subscribers", "list").stdout
    assert "digest edition build" in digest("edition", "list").stdout
    assert "digest stories fetch" in digest("stories", "list").stdout
