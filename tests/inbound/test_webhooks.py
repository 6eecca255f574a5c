"""Web hooks of providers, in the forms of their documentation; nothing counts unsigned."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.domain.delivery import Accepted
from digest.domain.edition import Edition, EditionStatus
from digest.domain.inbound import Bounce, Complaint
from digest.domain.subscriber import Status
from digest.errors import UsageError
from digest.mail.signatures import Secrets, check
from digest.mail.webhooks import PROVIDERS, read
from digest.settings import Settings
from digest.wiring import Wiring
from digest.wiring import post as wiring_post
from tests.inbound.conftest import NOW

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
STAMP = str(int(NOW.timestamp()))
ADA = "ada@example.org"


def ses(kind="Bounce", **bounce):
    inner = {
        "notificationType": kind,
        "bounce": {
            "bounceType": "Permanent", "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": ADA, "status": "5.1.1",
                                   "diagnosticCode": "smtp; 550 5.1.1 user unknown"}], **bounce,
        },
        "complaint": {"complainedRecipients": [{"emailAddress": ADA}],
                      "complaintFeedbackType": "abuse"},
        "mail": {"commonHeaders": {"messageId": "<20261123.x@digest.example.org>"}},
    }  # fmt: skip
    return {
        "Type": "Notification", "MessageId": "1", "TopicArn": TOPIC, "Message": json.dumps(inner),
        "Timestamp": NOW.isoformat().replace("+00:00", "Z"), "SignatureVersion": "2",
    }  # fmt: skip


def mailgun(event="failed", **data):
    return {
        "event-data": {
            "event": event, "severity": "permanent", "reason": "bounce", "recipient": ADA,
            "delivery-status": {"code": 550, "message": "5.1.1 no such user"},
            "message": {"headers": {"message-id": "20261123.x@digest.example.org"}}, **data,
        }
    }  # fmt: skip


POSTMARK = {
    "RecordType": "Bounce", "Type": "HardBounce", "Email": ADA,
    "Description": "The server was unable to deliver your message (ex: unknown user).",
    "Details": "smtp;550 5.1.1 user unknown",
}  # fmt: skip
SENDGRID = {
    "event": "bounce", "type": "bounce", "email": ADA, "status": "5.1.1",
    "reason": "550 5.1.1 The email account that you tried to reach does not exist.",
    "smtp-id": "<20261123.x@digest.example.org>", "bounce_classification": "Invalid Address",
}  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "body", "hard"),
    [
        ("ses", ses(), True),
        ("ses", ses(bounceType="Transient", bounceSubType="MailboxFull"), False),
        ("mailgun", mailgun(), True),
        ("mailgun", mailgun(severity="temporary"), False),
        (
            "mailgun",
            mailgun(**{"delivery-status": {"code": 552, "message": "mailbox full"}}),
            False,
        ),
        ("postmark", POSTMARK, True),
        ("postmark", POSTMARK | {"Type": "SoftBounce"}, False),
        ("sendgrid", [SENDGRID], True),
        ("sendgrid", [SENDGRID | {"type": "blocked"}], False),
    ],
)
def test_bounces(provider, body, hard):
    (inbound,) = read(provider, json.dumps(body).encode())
    (bounce,) = inbound.events
    assert isinstance(bounce, Bounce)
    assert (bounce.address, bounce.hard) == (ADA, hard)
    assert inbound.message_id == ("" if provider == "postmark" else "20261123.x@digest.example.org")


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("ses", ses("Complaint")),
        ("mailgun", mailgun("complained")),
        ("postmark", {"RecordType": "SpamComplaint", "Email": ADA}),
        ("sendgrid", [{"event": "spamreport", "email": ADA}]),
    ],
)
def test_complaints(provider, body):
    (inbound,) = read(provider, json.dumps(body).encode())
    assert inbound.events == (Complaint(ADA),)


@pytest.mark.parametrize(
    ("provider", "body"),
    [("ses", ses("Delivery")), ("mailgun", mailgun("delivered")), ("sendgrid", [{"event": "open"}]),
     ("postmark", {"RecordType": "Open"})],
)  # fmt: skip
def test_the_rest_is_let_be(provider, body):
    assert read(provider, json.dumps(body).encode()) == ()


# --- signatures --------------------------------------------------------------------------------

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    made = made.public_key(RSA.public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    made = made.not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    return made.sign(RSA, SHA256()).public_bytes(Encoding.PEM)


SECRETS = Secrets(
    ses_topic=TOPIC,
    ses_certificate=certificate(),
    sendgrid_key=base64.b64encode(
        EC.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode(),
    mailgun_key="mailgun-key",
    postmark_login="hook:secret",
)


def signed(provider: str) -> tuple[bytes, dict[str, str]]:
    """A request as its provider signs it."""
    if provider == "ses":
        said = ses()
        names = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")
        text = "".join(f"{name}\n{said[name]}\n" for name in names)
        made = RSA.sign(text.encode(), padding.PKCS1v15(), SHA256())
        return json.dumps(said | {"Signature": base64.b64encode(made).decode()}).encode(), {}
    if provider == "mailgun":
        made = hmac.new(b"mailgun-key", f"{STAMP}tok".encode(), hashlib.sha256).hexdigest()
        signature = {"timestamp": STAMP, "token": "tok", "signature": made}
        return json.dumps(mailgun() | {"signature": signature}).encode(), {}
    if provider == "sendgrid":
        body = json.dumps([SENDGRID]).encode()
        made = EC.sign(STAMP.encode() + body, ec.ECDSA(SHA256()))
        return body, {
            "x-twilio-email-event-webhook-timestamp": STAMP,
            "x-twilio-email-event-webhook-signature": base64.b64encode(made).decode(),
        }
    login = base64.b64encode(b"hook:secret").decode()
    return json.dumps(POSTMARK).encode(), {"authorization": f"Basic {login}"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_signature_holds_for_its_request_only(provider):
    body, headers = signed(provider)
    check(provider, body, headers, SECRETS, NOW)
    with pytest.raises(UsageError, match="missing or wrong"):
        check(provider, body, headers, Secrets(), NOW)
    with pytest.raises(UsageError):
        check(provider, body, {}, Secrets(mailgun_key="other", ses_topic=TOPIC), NOW)
    if provider != "postmark":
        with pytest.raises(UsageError):
            check(provider, body, headers, SECRETS, NOW + timedelta(days=2))
    if provider in {"ses", "sendgrid"}:
        with pytest.raises(UsageError):
            check(provider, body.replace(b"ada@", b"eve@"), headers, SECRETS, NOW)


@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("provider", PROVIDERS)
@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.one_of(st.none(), st.text(max_size=8), st.integers()),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3), st.dictionaries(
                    st.sampled_from(["event-data", "Message", "Type", "signature", "bounce",
                                     "RecordType", "event", "email", "Email", "recipient"]),
                    inner, max_size=5)),
            max_leaves=12,
        ).map(lambda said: json.dumps(said).encode()),
    )
)  # fmt: skip
def test_anything_else_is_refused_in_words(provider, body):
    with pytest.raises(UsageError):
        check(provider, body, {"authorization": "Basic ?"}, SECRETS, NOW)
    with contextlib.suppress(UsageError):
        read(provider, body)


def test_a_signed_bounce_gives_the_address_up(house):
    house.reader()
    values = house.wiring.settings.model_dump()
    values["inbound"]["mailgun_key"] = "mailgun-key"
    values["inbound"]["domain"] = ""
    wiring = Wiring(Settings.model_validate(values), lambda: NOW)
    body, headers = signed("mailgun")
    with pytest.raises(UsageError):
        wiring_post.hooked(wiring, house.store, "mailgun", body.replace(b"tok", b"kot"), headers)
    assert house.again().status is Status.ACTIVE
    done = wiring_post.hooked(wiring, house.store, "mailgun", body, headers)
    assert done == ("bounce (hard, user unknown): suppressed: the address is dead",)
    assert house.again().status is Status.SUPPRESSED
    # Providers repeat themselves.
    assert wiring_post.hooked(wiring, house.store, "mailgun", body, headers) == ("heard before",)


def test_complaints_that_name_no_letter_stop_the_edition_that_is_going_out(house):
    store, on = house.store, NOW.date()
    people = [f"reader{number}@example.org" for number in range(8)]
    for address in people:
        house.reader(address)
    store.editions.save(Edition(on, 1, EditionStatus.DRAFT, NOW, "S", "", (), ()), [])
    store.editions.publish(on, NOW)
    store.deliveries.enqueue(on, NOW, 12, None)
    rows = store.deliveries.claim(on, "me", NOW, 5)
    store.deliveries.exchange("me", NOW, [], rows)
    store.deliveries.exchange("me", NOW, [(row, Accepted("250")) for row in rows], [])
    for number, row in enumerate(rows[:3]):
        assert store.ledger.holds() == [], number
        said = json.dumps({"RecordType": "SpamComplaint", "Email": row.address}).encode()
        (inbound,) = read("postmark", said)
        heard = house.wiring.listener(store)
        assert "unsubscribed" in heard.take(replace(inbound, signed="postmark"), NOW)[0]
    (hold,) = store.ledger.holds()
    assert (hold.name, hold.cause) == (on.isoformat(), "complaints")
    assert store.deliveries.claim(on, "me", NOW, 9) == []
