"""Notices as letters: short mails in answer to a reader's own request.

They hold nothing that was typed into a form, not even the address: a form must not be a way to
make us mail somebody a text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from digest.domain.delivery import Letter
from digest.domain.notice import Notice, NoticeKind
from digest.domain.subscriber import GRACE, Subscriber
from digest.rendering.environment import Templates
from digest.rendering.inline import inline_page
from digest.rendering.letter import Imprint

_SUBJECTS: Final = {
    NoticeKind.CONFIRM: "Please confirm: {title}",
    NoticeKind.REMINDER: "Still waiting for you: {title}",
    NoticeKind.KNOWN: "You are subscribed: {title}",
    NoticeKind.MANAGE: "Your preferences: {title}",
    NoticeKind.GOODBYE: "You have left: {title}",
}


@dataclass(frozen=True, slots=True)
class NoticeLinks:
    """The links of one notice.

    `by_mail` is the address that a mail to unsubscribes the reader; `answer` tells that answering
    the notice confirms.
    """

    confirm: str
    unsubscribe: str
    preferences: str
    undo: str
    by_mail: str = ""
    answer: bool = False


class NoticePrinter:
    """Renders notices; `links` signs those of a reader at the moment the notice was made."""

    def __init__(
        self,
        templates: Templates,
        imprint: Imprint,
        links: Callable[[Subscriber, Notice], NoticeLinks],
    ) -> None:
        self._templates = templates
        self._imprint = imprint
        self._links = links

    def letter(self, notice: Notice, reader: Subscriber) -> Letter:
        """The mail of a notice."""
        imprint, links = self._imprint, self._links(reader, notice)
        subject = _SUBJECTS[notice.kind].format(title=imprint.title)
        values: dict[str, object] = {
            "kind": str(notice.kind),
            "subject": subject,
            "site": imprint,
            "links": links,
            "language": imprint.language,
            "days": GRACE.days,
        }
        page = self._templates.render(
            "email/notice.html.jinja",
            **values,
            head_css=Markup(self._templates.read("email/_head.css")),  # noqa: S704 - a file of ours
        )
        text = self._templates.render("email/notice.txt.jinja", **values)
        leave = links.by_mail or imprint.unsubscribe_address
        return Letter(
            subject=subject,
            html=inline_page(page, self._templates.read("email/_style.css")),
            text=text.strip() + "\n",
            images=(),
            headers=(
                ("List-Id", f"{imprint.title} <{imprint.list_id}>"),
                (
                    "List-Unsubscribe",
                    f"<{links.unsubscribe}>, <mailto:{leave}?subject=unsubscribe>",
                ),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                # RFC 3834: no auto-reply to it is wanted.
                ("Auto-Submitted", "auto-generated"),
            ),
            language=imprint.language,
        )


def help_letter(
    templates: Templates, imprint: Imprint, *, subscribe: str, unsubscribe: str
) -> Letter:
    """The answer to a mail that asks for help; it holds nothing of that mail."""
    text = templates.render(
        "email/help.txt.jinja", site=imprint, subscribe=subscribe, unsubscribe=unsubscribe
    )
    return Letter(
        subject=f"How to get and to leave {imprint.title}",
        html=None,
        text=text.strip() + "\n",
        images=(),
        headers=(("Auto-Submitted", "auto-replied"),),
        language=imprint.language,
    )
