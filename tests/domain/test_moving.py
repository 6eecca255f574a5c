"""How lists of other programs are told apart and read."""

from datetime import UTC, datetime

import pytest

from digest.domain.moving import FORMATS, moment, recognise
from digest.domain.subscriber import Status
from digest.errors import UsageError

MAILCHIMP = (
    "email address,first name,last name,member_rating,optin_time,optin_ip,confirm_time,confirm_ip,"
    "latitude,longitude,gmtoff,dstoff,timezone,cc,region,last_changed,leid,euid,notes,tags"
)
HEADERS = {
    "listmonk": "uuid,email,name,attributes,status,created_at,updated_at",
    "mailchimp": MAILCHIMP,
    "ghost": "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,"
    "created_at,deleted_at,labels,tiers",
    "substack": "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at",
    "digest": "name,e-mail,zone",
}


def read(header: str, line: str, file: str = "list.csv"):
    columns = header.split(",")
    row = dict(zip(columns, line.split(","), strict=True))
    return recognise(columns).read(row, file)


@pytest.mark.parametrize("name", HEADERS)
def test_the_first_line_tells_the_format(name):
    assert recognise(HEADERS[name].split(",")).name == name


def test_every_format_is_tried_here():
    assert {known.name for known in FORMATS} == set(HEADERS)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2020-02-03 04:05:06", datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("2020-02-03", datetime(2020, 2, 3, tzinfo=UTC)),
        ("2018-12-25T20:43:22.178Z", datetime(2018, 12, 25, 20, 43, 22, 178000, tzinfo=UTC)),
        # As Go prints a time: with a name of the zone, with none, without a fraction.
        (
            "2024-03-14 09:12:31.123456789 +0530 IST",
            datetime(2024, 3, 14, 3, 42, 31, 123456, tzinfo=UTC),
        ),
        ("2024-03-14 09:12:31 -0300 -03", datetime(2024, 3, 14, 12, 12, 31, tzinfo=UTC)),
        ("2024-03-14 09:12:31 +0000 +0000", datetime(2024, 3, 14, 9, 12, 31, tzinfo=UTC)),
        ("", None),
    ],
)
def test_times(text, wanted):
    assert moment({"at": text}, "at") == wanted


@pytest.mark.parametrize("text", ["3/14/2015 14:40", "2020-02-31 00:00:00", "soon", "0000-01-01"])
def test_a_time_that_a_spreadsheet_has_mangled_is_refused(text):
    with pytest.raises(UsageError, match="is no time such as"):
        moment({"at": text}, "at")


def test_mailchimp_keeps_who_agreed_when_and_where():
    line = (
        "ada@example.org,Ada,L,4,2020-02-03 04:05:06,198.51.100.7,2020-02-03 04:06:00,"
        "203.0.113.9,,,1,2,Europe/Berlin,de,be,2021-01-01 00:00:00,1,e1,,vip"
    )
    one = read(MAILCHIMP, line, "subscribed_email_audience_export_1a2b.csv")
    assert (one.status, one.wants) == (Status.ACTIVE, {"zone": "Europe/Berlin"})
    assert one.asked_at == datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (one.asked_ip, one.confirmed_ip) == ("198.51.100.7", "203.0.113.9")


def test_mailchimp_s_sections_are_told_by_column_or_by_name():
    blank = "ada@example.org" + "," * (MAILCHIMP.count(","))
    assert read(MAILCHIMP, blank).status is Status.ACTIVE
    assert read(MAILCHIMP, blank, "unsubscribed_x.csv").status is Status.UNSUBSCRIBED
    assert read(MAILCHIMP, blank, "cleaned_x.csv").status is Status.SUPPRESSED
    assert read(MAILCHIMP, blank, "nonsubscribed_x.csv") is None
    left = read(f"{MAILCHIMP},unsub_time", f"{blank},2022-01-01 00:00:00", "renamed.csv")
    assert (left.status, left.left_at.year) == (Status.UNSUBSCRIBED, 2022)
    cleaned = read(f"{MAILCHIMP},clean_time", f"{blank},2022-01-01 00:00:00", "renamed.csv")
    assert (cleaned.status, cleaned.reason) == (Status.SUPPRESSED, "cleaned")
    with pytest.raises(UsageError, match="says whether they are subscribed"):
        read(f"{MAILCHIMP},unsub_time", f"{blank},", "renamed.csv")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("enabled", Status.ACTIVE),
        ("blocklisted", Status.SUPPRESSED),
        ("disabled", Status.UNSUBSCRIBED),
    ],
)
def test_listmonk(word, status):
    line = f"u,ada@example.org,Ada,{{}},{word},2024-03-14 09:12:31 +0000 UTC,2025-01-01 00:00:00"
    one = read(HEADERS["listmonk"], line)
    assert (one.status, one.asked_at.year) == (status, 2024)
    assert (one.left_at is not None) == one.gone


def test_ghost_and_substack():
    ghost = "1,ada@example.org,Ada,,{},false,,2018-12-25T20:43:22.178Z,,,"
    assert read(HEADERS["ghost"], ghost.format("true")).status is Status.ACTIVE
    assert read(HEADERS["ghost"], ghost.format("false")).gone
    with pytest.raises(UsageError, match="neither true nor false"):
        read(HEADERS["ghost"], ghost.format(""))
    substack = "ada@example.org,true,,yearly,{},2025-06-01T00:00:00.000Z,"
    assert not read(HEADERS["substack"], substack.format("false")).gone
    assert read(HEADERS["substack"], substack.format("true")).gone


@pytest.mark.parametrize(
    "column", ["unsubscribed_at", "Opt-Out", "bounced", "subscriber_type", "email_deleted"]
)
def test_a_file_that_may_say_who_left_in_unknown_words_is_refused(column):
    with pytest.raises(UsageError, match="may say who has left"):
        recognise(["email", column.lower()])
    assert recognise(["email", column.lower(), "status"]).name == "digest"
