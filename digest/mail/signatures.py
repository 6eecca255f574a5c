"""Whether a web hook is a provider's: signatures and shared secrets, by their documentation.

Amazon SNS    RSA over chosen fields, with the certificate of the topic's region
SendGrid      ECDSA (P-256, SHA-256) over timestamp and body
Mailgun       HMAC-SHA-256 over timestamp and token
Postmark      signs nothing: a user name and password of our choice, by HTTP Basic

Nothing is fetched, also no certificate: what a message names can be anybody's. Comparisons take
constant time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from digest.errors import SettingsError, UsageError

MAX_AGE: Final = timedelta(hours=24)
"""How old a signed timestamp may be: providers repeat what was not taken for so long."""

_SNS_FIELDS: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is shared with each provider; a provider whose secret is empty is not believed.

    `ses_topic` is the topic's ARN and `ses_certificate` SNS's certificate as PEM, `sendgrid_key`
    the verification key (base64 of DER), `mailgun_key` the signing key, `postmark_login` is
    user:password.
    """

    ses_topic: str = ""
    ses_certificate: bytes = b""
    sendgrid_key: str = ""
    mailgun_key: str = ""
    postmark_login: str = ""


def check(
    provider: str, body: bytes, headers: Mapping[str, str], secrets: Secrets, now: datetime
) -> None:
    """Raise UsageError unless a request is the provider's. `headers` have lower-case names.

    Raises SettingsError where the key or certificate of the settings cannot be read.
    """
    checker = _CHECKERS.get(provider)
    if checker is None:
        raise UsageError(f"{provider[:40]!r} is no provider that is known here")
    if not checker(body, headers, secrets, now):
        raise UsageError(f"{provider}: the signature is missing or wrong")


def _fresh(timestamp: str, now: datetime) -> bool:
    try:
        return abs(now.timestamp() - int(timestamp)) <= MAX_AGE.total_seconds()
    except ValueError:
        return False


def _mailgun(body: bytes, _headers: Mapping[str, str], secrets: Secrets, now: datetime) -> bool:
    signature = _json(body).get("signature")
    if not secrets.mailgun_key or not isinstance(signature, dict):
        return False
    timestamp, token = str(signature.get("timestamp")), str(signature.get("token"))
    wanted = hmac.new(
        secrets.mailgun_key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256
    ).hexdigest()
    given = str(signature.get("signature"))
    return _equal(wanted, given) and _fresh(timestamp, now)


def _sendgrid(body: bytes, headers: Mapping[str, str], secrets: Secrets, now: datetime) -> bool:
    timestamp = headers.get("x-twilio-email-event-webhook-timestamp", "")
    given = _decoded(headers.get("x-twilio-email-event-webhook-signature", ""))
    if not secrets.sendgrid_key or not given or not _fresh(timestamp, now):
        return False
    try:
        key = load_der_public_key(base64.b64decode(secrets.sendgrid_key))
    except (ValueError, TypeError) as fault:
        raise SettingsError(
            "inbound.sendgrid_key: is no public key", "copy the verification key of SendGrid"
        ) from fault
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise SettingsError("inbound.sendgrid_key: is no key for ECDSA")
    try:
        key.verify(given, timestamp.encode() + body, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _postmark(_body: bytes, headers: Mapping[str, str], secrets: Secrets, _now: datetime) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if not secrets.postmark_login or scheme.lower() != "basic":
        return False
    return hmac.compare_digest(_decoded(given), secrets.postmark_login.encode())


def _ses(body: bytes, _headers: Mapping[str, str], secrets: Secrets, now: datetime) -> bool:
    said = _json(body)
    names = _SNS_FIELDS.get(str(said.get("Type")))
    if not secrets.ses_topic or not secrets.ses_certificate or names is None:
        return False
    if not _equal(secrets.ses_topic, str(said.get("TopicArn"))):
        return False
    try:
        at = datetime.fromisoformat(str(said.get("Timestamp")))
        if abs(now - at) > MAX_AGE:
            return False
    except (ValueError, TypeError):
        return False
    try:
        key = x509.load_pem_x509_certificate(secrets.ses_certificate).public_key()
    except ValueError as fault:
        raise SettingsError(
            "inbound.ses_certificate_file: is no certificate",
            "keep the PEM file that SigningCertURL of a notification names",
        ) from fault
    if not isinstance(key, rsa.RSAPublicKey):
        raise SettingsError("inbound.ses_certificate_file: has no RSA key")
    text = "".join(f"{name}\n{said[name]}\n" for name in names if said.get(name) is not None)
    # Version 1 is SHA-1; AWS keeps it as the default of older topics.
    kind = SHA256() if str(said.get("SignatureVersion")) == "2" else SHA1()  # noqa: S303
    try:
        key.verify(
            _decoded(str(said.get("Signature"))),
            text.encode("utf-8", "surrogatepass"),
            padding.PKCS1v15(),
            kind,
        )
    except InvalidSignature:
        return False
    return True


def _json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


_CHECKERS: Final[Mapping[str, Callable[[bytes, Mapping[str, str], Secrets, datetime], bool]]] = {
    "ses": _ses,
    "sendgrid": _sendgrid,
    "mailgun": _mailgun,
    "postmark": _postmark,
}
