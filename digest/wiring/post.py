"""The parts of mail that comes in, and what our own mails say of it (return path, ways out)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from digest.domain.delivery import Delivery, Envelope
from digest.domain.mailbox import Box, Mailboxes, Sort
from digest.domain.notice import Notice, NoticeKind
from digest.domain.subscriber import Subscriber
from digest.errors import DigestError, SettingsError
from digest.ports import Store

if TYPE_CHECKING:
    from digest.settings import MailSettings
    from digest.wiring import Wiring
    from digest.workflows.listen import Listener

log = logging.getLogger("digest.post")

PROVIDERS: Final = ("ses", "sendgrid", "mailgun", "postmark")
"""Those whose web hooks are understood."""


def boxes_of(wiring: Wiring) -> Mailboxes | None:
    """The mailboxes for mail that comes in; None where inbound.domain is not set."""
    domain = wiring.settings.inbound.domain
    return Mailboxes(domain, wiring.keys) if domain else None


def required_boxes(wiring: Wiring) -> Mailboxes:
    """The same. Raises SettingsError where no mail comes in."""
    boxes = boxes_of(wiring)
    if boxes is None:
        raise SettingsError(
            "inbound.domain: is not set, so no mail can come in",
            "set it to a domain whose mail comes to this program, such as in.digest.example.org",
        )
    return boxes


def return_path(wiring: Wiring, delivery: Delivery) -> str:
    """Where bounces of a letter go, which say which it was (VERP), the same for every attempt;
    empty where no mail comes in.
    """
    boxes = boxes_of(wiring)
    if boxes is None:
        return ""
    at = delivery.date_header
    return boxes.address(Box.BOUNCES, delivery.id, at, Sort.DELIVERY)


def returning_notice(
    wiring: Wiring, envelope: Envelope, notice: Notice, reader: Subscriber
) -> Envelope:
    """The same for a notice: its bounces say whose it was."""
    boxes = boxes_of(wiring)
    if boxes is None:
        return envelope
    return replace(envelope, sender=boxes.address(Box.BOUNCES, reader.id, notice.created_at))


def mail_of(wiring: Wiring, notice: Notice, reader: Subscriber) -> MailSettings:
    """The settings of a notice's header: an answer to a question confirms."""
    boxes, mail = boxes_of(wiring), wiring.settings.mail
    if boxes is None or not asks(notice.kind):
        return mail
    answer = boxes.address(Box.CONFIRM, reader.id, notice.created_at)
    return mail.model_copy(update={"reply_to": answer})


def asks(kind: NoticeKind) -> bool:
    """Whether a notice asks to be answered."""
    return kind in {NoticeKind.CONFIRM, NoticeKind.REMINDER}


def leave_by_mail(wiring: Wiring, subscriber_id: int) -> str:
    """The address that a reader's mail to unsubscribes them; empty where no mail comes in."""
    boxes = boxes_of(wiring)
    return boxes.address(Box.UNSUBSCRIBE, subscriber_id) if boxes else ""


def listener(wiring: Wiring, store: Store, boxes: Mailboxes | None = None) -> Listener:
    """The workflow that hears what comes in; raises SettingsError where no mail can.

    `boxes` are others than those of the settings.
    """
    from digest.mail.commands import read  # noqa: PLC0415
    from digest.workflows.listen import Listener  # noqa: PLC0415

    boxes = boxes or required_boxes(wiring)
    mail = wiring.settings.mail
    named = {mail.from_address, mail.reply_to, mail.bounce_address}
    ours = {each.lower() for each in named if each}
    ours |= {boxes.address(box).lower() for box in Box}
    return Listener(
        store=store,
        reception=wiring.reception(store),
        boxes=boxes,
        read=partial(read, boxes=boxes, ours=ours),
        help_mail=partial(_help, wiring, boxes),
        hash_of=wiring.keyed_hash,
        defaults=wiring.default_preferences,
        stop_complaints=wiring.settings.delivery.stop_complaints,
    )


def hooked(
    wiring: Wiring, store: Store, provider: str, body: bytes, headers: Mapping[str, str]
) -> tuple[str, ...]:
    """What followed from a provider's web hook; `headers` have lower-case names.

    Raises UsageError when its signature is wrong or its body cannot be read, SettingsError where
    the settings of the provider do not hold.
    """
    from digest.mail import webhooks  # noqa: PLC0415
    from digest.mail.signatures import Secrets, check  # noqa: PLC0415

    settings, now = wiring.settings.inbound, wiring.clock()
    certificate = b""
    if settings.ses_certificate_file is not None:
        try:
            certificate = settings.ses_certificate_file.read_bytes()
        except OSError as error:
            raise SettingsError(
                f"inbound.ses_certificate_file: {settings.ses_certificate_file}: {error.strerror}",
                "name a file that this user may read",
            ) from error
    secrets = Secrets(
        ses_topic=settings.ses_topic,
        ses_certificate=certificate,
        sendgrid_key=settings.sendgrid_key,
        mailgun_key=settings.mailgun_key.get_secret_value(),
        postmark_login=settings.postmark_login.get_secret_value(),
    )
    check(provider, body, headers, secrets, now)
    # Web hooks come also where no mail does: then no address is a mailbox.
    heard = listener(wiring, store, boxes_of(wiring) or Mailboxes("", wiring.keys))
    done: list[str] = []
    for inbound in webhooks.read(provider, body):
        done += heard.take(replace(inbound, signed=provider), now)
    return tuple(done)


def _help(wiring: Wiring, boxes: Mailboxes, address: str) -> None:
    """Mail how things are done. A fault is told in the log: nobody may be made to wait for it."""
    from digest.mail.message import envelope  # noqa: PLC0415
    from digest.rendering.notice import help_letter  # noqa: PLC0415
    from digest.workflows.desk import OneLetter  # noqa: PLC0415

    now: datetime = wiring.clock()
    tag = wiring.keyed_hash("help-id", f"{address}/{format_datetime(now)}")[:32]
    try:
        sealed = envelope(
            help_letter(
                wiring.templates,
                wiring.imprint,
                subscribe=boxes.address(Box.SUBSCRIBE),
                unsubscribe=boxes.address(Box.UNSUBSCRIBE),
            ),
            recipient=address,
            message_id=f"help.{tag}@{wiring.domain}",
            date=now,
            mail=wiring.settings.mail,
        )
        # RFC 3834, 3.3: an answer of a program has the null return path.
        desk = OneLetter(replace(sealed, sender=""))
        transport = wiring.transport()
        try:
            transport.run(desk)
        finally:
            transport.close()
        log.info("help: %s", desk.outcome)
    except DigestError as error:
        log.warning("help could not be sent: %s", error)
