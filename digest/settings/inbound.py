"""The settings of mail that comes in."""

from __future__ import annotations

from pydantic import Field, SecretStr

from digest.settings.kinds import Line, ListId, OptionalPath
from digest.settings.section import Section


class InboundSettings(Section):
    """Mail that comes in: bounces, complaints, subscribing and leaving by mail."""

    domain: ListId = Field(
        "",
        max_length=180,
        description="Domain of the mailboxes bounces, subscribe, unsubscribe, confirm and help, "
        "such as in.digest.example.org; its mail must come to `digest serve receiver` or `digest "
        "receive`. Empty: no mail comes in, and bounces go to mail.bounce_address.",
    )
    lmtp_host: Line = Field(
        "127.0.0.1", min_length=1, description="Address on which the receiver listens for LMTP."
    )
    lmtp_port: int = Field(8024, ge=0, le=65535, description="Port of LMTP; 0 takes a free one.")
    lmtp_socket: OptionalPath = Field(
        None, description="Unix socket to listen on in place of the port; empty: none."
    )
    maildir: OptionalPath = Field(
        None, description="Maildir that the receiver watches besides; empty: none."
    )
    max_message_kb: int = Field(
        2048, ge=64, le=102_400, description="Largest message that is taken, kilobytes."
    )
    mailgun_key: SecretStr = Field(
        SecretStr(""), description="Mailgun's signing key for web hooks; empty: none are taken."
    )
    sendgrid_key: Line = Field(
        "", description="SendGrid's verification key for web hooks; empty: none are taken."
    )
    postmark_login: SecretStr = Field(
        SecretStr(""),
        description="user:password that Postmark's web hooks bring; empty: none are taken.",
    )
    ses_topic: Line = Field(
        "", description="ARN of the SNS topic of Amazon SES's notices; empty: none are taken."
    )
    ses_certificate_file: OptionalPath = Field(
        None, description="PEM file of SNS's certificate, the one that SigningCertURL names."
    )
    keep_days: int = Field(
        90,
        ge=1,
        le=3650,
        description="How long reports are kept as they came, days; their log stays.",
    )
