"""`digest subscribers import`, run as a program: files as they really come."""

import csv
import io
import json
import zipfile

MAILCHIMP = (
    '"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,'
    "CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,"
    "TAGS\n"
)
ADA = (
    'ada@example.org,Ada,"L, Countess",4,"2020-02-03 04:05:06",198.51.100.7,"2020-02-03 04:06:00",'
    '198.51.100.7,,,1,2,Europe/London,uk,lnd,"2021-01-01 00:00:00",1,e1,"a note\nof ""two"" lines",'
    '"""VIP"",""Blog"""\n'
)
UNSUBSCRIBED = MAILCHIMP.replace("OPTIN_TIME", "UNSUB_TIME,UNSUB_REASON,OPTIN_TIME", 1)


def test_mailchimp_s_zip_is_read_as_it_is_and_twice_is_once(digest, tmp_path):
    with zipfile.ZipFile(tmp_path / "audience.zip", "w") as archive:
        archive.writestr("subscribed_email_audience_export_1a.csv", MAILCHIMP + ADA)
        left = 'bob@example.org,B,,2,"2022-01-01 00:00:00",NORMAL' + "," * 16
        archive.writestr("unsubscribed_email_audience_export_1a.csv", f"{UNSUBSCRIBED}{left}\n")
        archive.writestr("nonsubscribed_email_audience_export_1a.csv", f"{MAILCHIMP}x@example.org")
    dry = digest("subscribers", "import", "audience.zip", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "Nothing is kept. It would be: 1 added, 1 put on the suppression list" in dry.stdout
    assert "Mailchimp's audience export" in dry.stdout
    assert "No subscriber" in digest("subscribers", "list").stdout
    done = digest("subscribers", "import", "audience.zip")
    assert "1 added, 1 put on the suppression list, 1 never subscribed there." in done.stdout
    again = digest("subscribers", "import", "audience.zip")
    assert "0 added, 1 known already, 1 left out" in again.stdout
    shown = json.loads(digest("subscribers", "show", "ada@example.org", "--json").stdout)
    assert shown["preferences"]["zone"] == "Europe/London"
    log = list(csv.DictReader(io.StringIO(digest("subscribers", "consents").stdout)))
    assert [(line["action"], line["at"][:10]) for line in log][:2] == [
        ("asked", "2020-02-03"), ("confirmed", "2020-02-03"),
    ]  # fmt: skip
    assert len(log[0]["ip_hash"]) == 64
    refused = digest("subscribers", "add", "bob@example.org")
    assert "suppression list" in refused.stderr


def test_files_in_any_dress(digest, tmp_path):
    """A byte order mark, UTF-16 with and without one, semicolons, tabs, sep=, Excel's encoding."""
    files = {
        "bom.csv": "\ufeffEmail;Zone\r\na@example.org;Europe/Berlin\r\n".encode(),
        "utf16.csv": "email\tname\nb@example.org\tJosé\n".encode("utf-16"),
        "utf16le.csv": "email,name\nc@example.org,x\n".encode("utf-16-le"),
        "sep.csv": b"sep=;\r\naddress;name\r\nd@example.org;x\r\n",
        "excel.csv": "email,name\ne@example.org,José\njosé@example.org,f\n".encode("cp1252"),
        "one.csv": b"address\n\ng@example.org\n",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = digest("subscribers", "import", *files, "--refused", "refused.csv")
    assert done.returncode == 1
    assert "6 added, 1 bad lines left out" in done.stdout, done.stdout + done.stderr
    assert "excel.csv:3: 'josé@example.org': not in UTF-8" in done.stderr
    assert "utf16.csv: columns of our own, UTF-16, tabs" in done.stdout
    (row,) = csv.DictReader(io.StringIO((tmp_path / "refused.csv").read_text()))
    assert (row["file"], row["line"]) == ("excel.csv", "3")


def test_bad_lines_are_named_by_the_line_they_begin_at(digest, tmp_path):
    (tmp_path / "listmonk.csv").write_text(
        "uuid,email,name,attributes,status,created_at,updated_at\n"
        'u1,a@example.org,"A\nB\nC","{""city"": ""X""}",enabled,'
        "2024-03-14 09:12:31.5 +0530 IST,2024-03-14 09:12:31.5 +0530 IST\n"
        "u2,no address,,{},enabled,,\n"
        "u3,a@example.org,,{},blocklisted,,\n"
        "u4,b@example.org,,{},strange,,\n"
        "u5,c@example.org,one,comma,{},enabled,2024-03-14,2024-03-14\n"
        "u6,d@example.org,,{},enabled,14/03/2024,\n"
    )
    done = digest("subscribers", "import", "listmonk.csv")
    assert done.returncode == 1
    for words in (
        "listmonk.csv:5: no address: not an address",
        "listmonk.csv:7: status 'strange' is none of",
        "listmonk.csv:8: has 8 fields, the first line names 7 columns",
        "listmonk.csv:9: created_at '14/03/2024' is no time",
        "listmonk.csv:2: a@example.org: stands in line 6 already, as suppressed",
    ):
        assert words in done.stderr, done.stderr
    assert "0 added, 1 put on the suppression list" in done.stdout


def test_a_list_of_those_who_left(digest, tmp_path):
    (tmp_path / "left.csv").write_text("email\na@example.org\n")
    done = digest("subscribers", "import", "left.csv", "--left")
    assert "0 added, 1 put on the suppression list." in done.stdout
    assert "suppression list" in digest("subscribers", "add", "a@example.org").stderr


def test_what_is_not_understood_is_refused_before_anything_is_kept(digest, tmp_path):
    (tmp_path / "good.csv").write_text("email\na@example.org\n")
    (tmp_path / "strange.csv").write_text("email,unsubscribed_on\nb@example.org,\n")
    (tmp_path / "empty.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    for name, words in (
        ("strange.csv", "strange.csv:1: the column `unsubscribed_on` may say who has left"),
        ("empty.zip", "empty.zip: there is no CSV file in it"),
        ("missing.csv", "missing.csv: cannot be read"),
    ):
        done = digest("subscribers", "import", "good.csv", name)
        assert done.returncode == 2
        assert words in done.stderr, done.stderr
    wrong = digest("subscribers", "import", "good.csv", "--format", "ghost")
    assert "no column is named `created_at`, as in Ghost's members" in wrong.stderr
    assert "No subscriber" in digest("subscribers", "list").stdout
