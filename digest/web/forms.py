"""Forms: reading them, telling people from programs, and whence a request came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from digest.domain import tokens
from digest.domain.notice import Via
from digest.errors import UsageError
from digest.web.security import network_of
from digest.web.site import Site
from digest.workflows.reception import Origin

TRAP: Final = "website"
"""A field that no person sees: what fills it in is a program."""
SEAL: Final = "seal"
"""The field that holds when the form was given out, signed."""

_MOST_FIELDS: Final = 64
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; a field that was sent several times keeps all of its values."""

    fields: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """The first value of a field, without blanks around it."""
        return next((value for key, value in self.fields if key == name), default).strip()

    def all(self, name: str) -> list[str]:
        """All values of a field."""
        return [value for key, value in self.fields if key == name]


async def read_form(request: Request) -> Form:
    """The form that a request carries; what is no form has no fields.

    Only the kind that our pages send is read (application/x-www-form-urlencoded).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind != "application/x-www-form-urlencoded":
        return Form(())
    try:
        pairs = parse_qsl(
            body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        return Form(())
    return Form(tuple((name[:_LONGEST], value[:_LONGEST]) for name, value in pairs))


def seal(site: Site, form: str) -> str:
    """A signed mark of the moment at which a form is given out."""
    now = site.now()
    subject = f"{form}:{int(now.timestamp() * 1000)}"
    return tokens.sign(site.wiring.keys, tokens.Purpose.FORM, subject, now)


def is_person(site: Site, form: Form) -> bool:
    """Whether the trap is empty."""
    del site
    return not form.get(TRAP)


def check_seal(site: Site, name: str, form: Form) -> None:
    """Raises UsageError for a form that was not given out by us, too long ago, or just now."""
    now: datetime = site.now()
    try:
        subject = tokens.read(site.wiring.keys, tokens.Purpose.FORM, form.get(SEAL), now)
        given_for, _, at = subject.partition(":")
        waited = now.timestamp() - int(at) / 1000
    except (UsageError, ValueError):
        raise UsageError("This form was open for too long. Please send it once more.") from None
    if given_for != name:
        raise UsageError("This form belongs to another page. Please send it once more.")
    if waited < site.settings.web.min_fill_s:
        raise UsageError("That was very quick. Please send the form once more.")


def origin(request: Request, via: Via = Via.SITE) -> Origin:
    """Whence a request came, as far as the guard could see."""
    host = request.client.host if request.client else ""
    return Origin(via, host, network_of(host) if host else "")
