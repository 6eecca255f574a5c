"""The ledger's commands, run as programs."""

import json
from datetime import UTC, datetime, timedelta

DAY = "2026-03-02"


def test_an_empty_day_adds_up_and_a_strange_one_is_refused(digest):
    done = digest("audit", DAY, "--json")
    assert done.returncode == 0, done.stderr
    books = json.loads(done.stdout)
    assert (books["eligible"], books["balanced"], books["published"]) == (0, True, False)
    assert "There is no published edition of that date" in digest("audit", DAY).stdout
    assert digest("audit", "yesterday").returncode == 2
    assert "No delivery" in digest("deliveries", "--all").stdout


def test_pause_holds_sending_until_resume(digest):
    assert "Held: sending" in digest("pause", "--reason", "a test").stdout
    done = digest("send")
    assert done.returncode != 0
    assert "a test" in done.stderr
    assert "Released: sending" in digest("resume").stdout
    assert "Nothing of that was held" in digest("resume").stdout


def test_retry_and_deliveries_say_what_they_want(digest):
    assert "say which letters" in digest("retry", DAY).stderr
    none = digest("retry", DAY, "--failed")
    assert none.returncode == 8
    assert "there is no edition of 2026-03-02" in none.stderr
    assert "goes without a date" in digest("deliveries", DAY, "--all").stderr
    assert "goes without --state" in digest("deliveries", "--by", "state", "--state", "sent").stderr


def test_a_backup_is_verified_restored_and_held(digest, tmp_path):
    digest("subscribers", "add", "ada@example.org")
    file = str(tmp_path / "kept.backup")
    assert "1 subscribers" in digest("backup", file).stdout
    again = digest("backup", file)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert "can be restored" in digest("restore", file, "--verify").stdout
    assert "sending is held" in digest("restore", file).stderr
    held = digest("send")
    assert held.returncode == 8
    assert "let it go: digest resume --i-am-the-only-instance" in held.stderr
    refused = digest("resume")
    assert refused.returncode == 2
    assert "--i-am-the-only-instance" in refused.stderr
    assert "Released: restored" in digest("resume", "--i-am-the-only-instance").stdout


def test_who_had_themselves_forgotten_stays_forgotten_after_a_restore(digest, tmp_path):
    digest("subscribers", "add", "ada@example.org", "bob@example.org", "cy@example.org")
    file = str(tmp_path / "kept.backup")
    digest("backup", file)
    digest("subscribers", "erase", "ada@example.org", "--yes")
    digest("subscribers", "remove", "bob@example.org")
    done = digest("restore", file)
    assert "Forgotten again, as they had asked for since: 1." in done.stdout, done.stderr
    listed = digest("subscribers", "list").stdout
    assert "ada@" not in listed
    assert listed.count("unsubscribed") == 2  # bob, and the sum


def test_prune_says_what_it_deleted(digest):
    before = (datetime.now(UTC) - timedelta(days=30)).date()  # noqa: TID251 - as the program does
    assert (
        f"Deleted 0 deliveries of 0 editions before {before}"
        in digest("prune", "--days", "30").stdout
    )


def test_a_worker_with_nothing_to_do_leaves_at_once(digest):
    done = digest("serve", "worker", "--once")
    assert done.returncode == 0, done.stderr
