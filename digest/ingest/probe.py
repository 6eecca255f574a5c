"""Does the site answer from outside as a mail provider asks it? One POST, by httpx."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from digest.domain.checkup import Finding, State

_TIMEOUT_S = 10.0
_SKEW_S = 30.0
_BUSY = frozenset({408, 425, 429})


def one_click(url: str, now: datetime, *, ca_file: str | None = None) -> list[Finding]:
    """Unsubscribe at `url` with one click (RFC 8058), as a reader whom nobody is.

    The second finding compares the clocks of both ends.
    """
    name = f"one-click {url.partition('/u/')[0]}/u/..."
    try:
        verify: bool | str = ca_file or True
        with httpx.Client(timeout=_TIMEOUT_S, verify=verify, follow_redirects=False) as client:
            answer = client.post(url, data={"List-Unsubscribe": "One-Click"})
    except httpx.HTTPError as error:
        return [
            Finding(
                name,
                State.FAIL,
                f"cannot be reached: {error}",
                "start the site (digest serve web) behind site.base_url; without it nobody can "
                "leave by the button in their mail program",
            )
        ]
    found = [_judge(name, url, answer)]
    said = answer.headers.get("date")
    if said:
        skew = abs((parsedate_to_datetime(said).astimezone(UTC) - now).total_seconds())
        state = State.OK if skew <= _SKEW_S else State.FAIL
        hint = "" if state is State.OK else "keep both machines' clocks by NTP (timedatectl)"
        found.append(Finding("clock", state, f"differs from the site's by {skew:.0f} s", hint))
    return found


def _judge(name: str, url: str, answer: httpx.Response) -> Finding:
    if answer.is_redirect:
        return Finding(
            name,
            State.FAIL,
            f"redirects ({answer.status_code}): mail providers do not follow (RFC 8058, 3.1)",
            "set site.base_url to the address where the site itself answers",
            certain=True,
        )
    if answer.status_code == httpx.codes.GONE:
        return Finding(
            name,
            State.FAIL,
            "answers 410: the site does not know our signature, so nobody could leave",
            "give the site and the senders the same secret_key",
            certain=True,
        )
    if not answer.is_success:
        return Finding(
            name,
            State.FAIL,
            f"answers {answer.status_code}",
            "is it this site that answers there? See its log, and the proxy's",
            certain=answer.is_client_error and answer.status_code not in _BUSY,
        )
    if not url.startswith("https://"):
        return Finding(
            name,
            State.WARN,
            "answers, but not by https: mail providers then show no button to leave",
            "put the site behind https and set site.base_url to it",
        )
    return Finding(name, State.OK, f"answers {answer.status_code} by https")
