"""What mail providers report over HTTP, as the events that a bounce by mail gives.

The forms are those of the providers' documentation: Amazon SES (through SNS, or SNS by mail),
Postmark, Mailgun, SendGrid. Pure: bytes and header fields in, events out; nothing is fetched.
Signatures are checked in constant time by `signature` before anything here is believed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from digest.domain.inbound import Bounce, Complaint, Event, Inbound, Reason, Unknown
from digest.errors import UsageError
from digest.mail.bounces import status
from digest.mail.bounces.addresses import in_field

MAX_EVENTS: Final = 2_000
"""Events read of one request; SendGrid sends a batch of up to 1 000."""
_SAID: Final = 400
_NOTICE: Final = re.compile(r'"(?:notificationType|eventType)\\?"\s*:\s*\\?"[A-Z]')


def read(provider: str, body: bytes) -> tuple[Inbound, ...]:
    """The events of a request, one `Inbound` each; what is none of ours (opens, sent) gives none.

    Raises UsageError for an unknown provider, and for a body that is not in its form.
    """
    reader = _READERS.get(provider)
    if reader is None:
        raise UsageError(f"{provider[:40]!r} is no provider that is known here")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise UsageError(f"{provider}: the body is no JSON") from None
    found: list[Inbound] = []
    try:
        for event, message_id in reader(said):
            if len(found) >= MAX_EVENTS:
                break
            found.append(Inbound((event,), message_id=_bare(message_id), raw=body))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise UsageError(f"{provider}: the body is not in the provider's form") from None
    return tuple(found)


def ses_mail(text: str) -> tuple[Event, ...] | None:
    """The events of an SNS notice that came as a mail; None for any other text."""
    if not text.lstrip().startswith("{") or not _NOTICE.search(text):
        return None
    # Mail wraps the line, and a footer follows the object.
    joined = text.lstrip().replace("\n", "")
    try:
        said, _ = json.JSONDecoder().raw_decode(joined)
        events = tuple(event for event, _ in _ses(said))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return (Unknown("a notice of a provider that cannot be read"),)
    return events or (Unknown("a provider's notice of no concern"),)


def _made(address: str, status_code: str, said: str, *, dead: bool | None = None) -> Bounce:
    """A bounce from the server's words; `dead` is the provider's own verdict where it has one."""
    code = status.code_in(status_code) or status.code_in(said)
    reason, hard = status.judge(code, said, "")
    if dead is True and not hard and reason in _OPEN:
        reason, hard = Reason.USER_UNKNOWN, True
    if dead is False:
        hard = False
    line = " ".join(said.split())[:_SAID]
    return Bounce(_address(address), hard, reason, code, line, "failed" if hard else "delayed")


_OPEN: Final = frozenset({Reason.UNDEFINED, Reason.FILTERED, Reason.USER_UNKNOWN})
"""Reasons of ours that a provider's plain word outweighs."""


def _ses(said: Any) -> Iterator[tuple[Event, str]]:  # noqa: ANN401 - JSON
    """docs.aws.amazon.com/ses: "Amazon SNS notification contents for Amazon SES"."""
    if said.get("Type") == "SubscriptionConfirmation":
        yield Unknown(f"to get its notices, open {str(said.get('SubscribeURL'))[:500]}"), ""
        return
    if isinstance(said.get("Message"), str):
        said = json.loads(said["Message"])
    kind = said.get("notificationType") or said.get("eventType")
    message_id = _common(said.get("mail") or {})
    if kind == "Bounce":
        bounce = said["bounce"]
        final = bounce.get("bounceType") == "Permanent"
        sub = bounce.get("bounceSubType", "")
        for each in bounce["bouncedRecipients"]:
            words = str(each.get("diagnosticCode", ""))
            dead = final and sub in {"General", "NoEmail", "Suppressed"}
            yield _made(str(each["emailAddress"]), str(each.get("status", "")),
                        words, dead=dead or (None if final else False)), message_id  # fmt: skip
    elif kind == "Complaint":
        complaint = said["complaint"]
        feedback = str(complaint.get("complaintFeedbackType") or "abuse")
        for each in complaint["complainedRecipients"]:
            yield Complaint(_address(str(each["emailAddress"])), feedback), message_id


def _common(mail: Mapping[str, Any]) -> str:
    return str((mail.get("commonHeaders") or {}).get("messageId") or "")


def _postmark(said: Any) -> Iterator[tuple[Event, str]]:  # noqa: ANN401 - JSON
    """postmarkapp.com/developer/webhooks: bounce and spam complaint."""
    kind = said.get("RecordType")
    if kind == "SpamComplaint" or said.get("Type") == "SpamComplaint":
        yield Complaint(_address(str(said["Email"]))), ""
    elif kind == "Bounce":
        dead = {"HardBounce": True, "BadEmailAddress": True}.get(str(said.get("Type")), False)
        words = f"{said.get('Description', '')} {said.get('Details', '')}"
        yield _made(str(said["Email"]), "", words, dead=dead), ""


def _mailgun(body: Any) -> Iterator[tuple[Event, str]]:  # noqa: ANN401 - JSON
    """documentation.mailgun.com: webhooks, `failed` and `complained`."""
    data = body["event-data"]
    headers = (data.get("message") or {}).get("headers") or {}
    message_id = str(headers.get("message-id") or "")
    if data.get("event") == "complained":
        yield Complaint(_address(str(data["recipient"]))), message_id
    elif data.get("event") == "failed":
        delivery = data.get("delivery-status") or {}
        said = [delivery.get(name) for name in ("code", "message", "description")]
        words = " ".join(str(each) for each in said if each)
        final = data.get("severity") == "permanent"
        dead = final and data.get("reason") in {"bounce", "suppress-bounce"}
        yield _made(str(data["recipient"]), str(delivery.get("enhanced-code") or ""), words,
                    dead=(dead or None) if final else False), message_id  # fmt: skip


def _sendgrid(said: Any) -> Iterator[tuple[Event, str]]:  # noqa: ANN401 - JSON
    """docs.sendgrid.com: the event webhook, `bounce`, `dropped` and `spamreport`."""
    if not isinstance(said, list):
        raise TypeError("a list of events")
    for each in said:
        kind, message_id = each.get("event"), str(each.get("smtp-id") or "")
        if kind == "spamreport":
            yield Complaint(_address(str(each["email"]))), message_id
        elif kind in {"bounce", "deferred"}:
            words = str(each.get("reason") or each.get("response") or "")
            final = kind == "bounce" and each.get("type", "bounce") == "bounce"
            sort = str(each.get("bounce_classification") or "")
            dead = True if sort == "Invalid Address" else None
            yield _made(str(each["email"]), str(each.get("status") or ""), words,
                        dead=dead if final else False), message_id  # fmt: skip


def _address(text: str) -> str:
    found = in_field(text)
    return found[0] if found else ""


def _bare(message_id: str) -> str:
    return message_id.strip().removeprefix("<").removesuffix(">")


_READERS: Final[Mapping[str, Callable[[Any], Iterator[tuple[Event, str]]]]] = {
    "ses": _ses,
    "postmark": _postmark,
    "mailgun": _mailgun,
    "sendgrid": _sendgrid,
}
PROVIDERS: Final = tuple(_READERS)
"""The names by which `read` knows the providers."""
