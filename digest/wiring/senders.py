"""What sends letters: the SMTP servers in use, and the paces of servers and recipient domains."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from digest.domain.tokens import message_id
from digest.errors import SettingsError
from digest.ports import Clock, Paced, Store, Transport
from digest.settings import Settings, SmtpSettings

if TYPE_CHECKING:
    from digest.domain.delivery import Delivery, Envelope, Letter
    from digest.wiring import Wiring
    from digest.workflows.deliver import Courier
    from digest.workflows.desk import Seal
    from digest.workflows.paces import SharedPaces


def servers(settings: Settings) -> list[SmtpSettings]:
    """The SMTP servers in use, [smtp] first."""
    more = (settings.smtp2, settings.smtp3)
    return [settings.smtp, *(one for one in more if one.host)]


def transport(settings: Settings, clock: Clock, store: Store | None) -> Transport:
    """A new SMTP transport; it connects when the first letter goes out.

    Its servers' paces are those of all who send, kept in `store`; without one they are its own:
    for a single mail, which must go out where there is no database, too.
    """
    from digest.mail.smtp import SmtpTransport  # noqa: PLC0415 - not before a letter goes out

    used = servers(settings)
    if store is None:
        return SmtpTransport(used, clock)
    shared = paces(store)
    return SmtpTransport(
        used,
        clock,
        [
            shared.of(
                f"server:{one.host}:{one.port}",
                rate=one.letters_per_second or math.inf,
                warm_up=one.warm_up_per_day,
            )
            for one in used
        ],
    )


@cache
def _settle() -> None:
    """Let the garbage collector look at what comes from now on, and less often, once a process.

    A letter makes some fifty objects and no cycle of them; going through all that a process has
    loaded, again and again, was a twelfth of what a letter costs.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _ours_only(wiring: Wiring, seal: Seal) -> Seal:
    """`seal`, for rows that were made with a key of ours; one row of each edition tells.

    A machine that was given no key makes one, which the site does not know: no reader could leave
    by the links of its letters, and no bounce would be known again.
    """
    known: set[date] = set()

    def sealed(letter: Letter, delivery: Delivery) -> Envelope:
        on = delivery.edition
        if on not in known:
            named = delivery.message_id.partition("@")[0]
            ours = (message_id(key, on, delivery.subscriber_id, "") for key in wiring.listing_keys)
            if named not in {name.partition("@")[0] for name in ours}:
                raise SettingsError(
                    f"secret_key: the letters of {on} were queued with another, so nobody could "
                    "leave by links that are signed here",
                    "give all machines the same (DIGEST_SECRET_KEY_FILE, or a copy of secret.key "
                    "in paths.state); a former one belongs into old_secret_keys",
                )
            known.add(on)
        return seal(letter, delivery)

    return sealed


def courier(
    wiring: Wiring, store: Store, transport: Transport, owner: str, stop: Callable[[], bool]
) -> Courier:
    """The workflow that sends, see `Wiring.courier`."""
    from digest.wiring.checks import look_over  # noqa: PLC0415 - it needs this module
    from digest.workflows.deliver import Courier  # noqa: PLC0415

    settings, printer = wiring.settings, wiring.printer
    _settle()
    return Courier(
        store=store,
        printer=printer,
        transport=transport,
        seal=_ours_only(wiring, wiring.seal),
        clock=wiring.clock,
        owner=owner,
        batch=settings.delivery.batch,
        window_h=settings.delivery.window_h,
        stop_refused=settings.delivery.stop_refused,
        stop=stop,
        pace=DomainPaces(settings, store),
        look_over=partial(look_over, wiring, store),
        patience=timedelta(minutes=settings.alerts.unreachable_minutes),
        tell_refused=settings.alerts.bounced_share,
        pulse=wiring.pulse,
    )


def paces(store: Store) -> SharedPaces:
    """The paces that all senders share."""
    from digest.workflows.paces import SharedPaces  # noqa: PLC0415

    return SharedPaces(store.paces)


class DomainPaces:
    """The pace of each recipient domain, by its name."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._shared = paces(store)
        self._made: dict[str, Paced] = {}
        self._wanted: dict[str, float] = {}
        for text in settings.delivery.domain_paces:
            domain, _, letters = text.partition("=")
            self._wanted[domain] = int(letters) / 60

    def __call__(self, domain: str) -> Paced:
        """The pace of a domain."""
        if domain not in self._made:
            rate = self._wanted.get(domain, math.inf)
            self._made[domain] = self._shared.of(f"domain:{domain}", rate=rate, once=True)
        return self._made[domain]
